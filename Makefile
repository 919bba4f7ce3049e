# Watchbill: `make help` lists what there is.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Nothing that Watchbill starts phones home.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
# Each of the many processes of a night would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo check types house test bench lock clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## create .venv from the lock file (quick when nothing changed)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Watchbill needs Python 3.11 or newer: set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements.lock
	@# pip would do it on one processor.
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## one night of routine jobs on this machine, with real parts
	@$(BIN)/python -m tests.servers
	@$(BIN)/watchbill demo

check: install ## format, lint, types, import law, house tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target types house

types: install
	$(BIN)/mypy

house: install
	$(BIN)/pytest -q tests/house

test: install ## every test; drills run where their servers are installed
	@$(BIN)/python -m tests.servers
	$(BIN)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder

bench: install ## figures side by side with peers, in bench/results
	$(BIN)/python -m bench

lock: ## resolve requirements.lock anew (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

clean: ## remove .venv and the state of this checkout
	rm -rf $(VENV) var
