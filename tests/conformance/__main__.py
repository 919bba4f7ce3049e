"""Runs vector files: `python -m tests.conformance FILE...`."""

import sys

from tests.conformance.runner import main

sys.exit(main(sys.argv[1:]))
