"""The house: rooms small enough to know, names that shadow nothing, every public thing said in words."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("flows", "tasks", "models", "desk", "deployments")
MOST_LINES = 300
MOST_FUNCTION_LINES = 45
"""40 of the style card, and its docstring."""
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "versions" not in path.parts]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_module_is_small_enough_to_know(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [f"{f.name} has {f.end_lineno - f.lineno + 1} lines" for f in _functions(path) if f.end_lineno]
    assert [text for text in long if int(text.split()[-2]) > MOST_FUNCTION_LINES] == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_every_public_thing_is_said_in_words(path: Path) -> None:
    tree = ast.parse(path.read_text())
    things = [node for node in tree.body if isinstance(node, Function | ast.ClassDef)]
    silent = [thing.name for thing in things if not thing.name.startswith("_") and not ast.get_docstring(thing)]
    # A table's docstring is its name; its columns carry the words.
    silent = [name for name in silent if "records" not in path.parts]
    if path.read_text().strip():
        assert ast.get_docstring(tree), "the module says what it is for"
    assert silent == []


def test_no_flow_file_shadows_a_library() -> None:
    taken = set(sys.stdlib_module_names) | set(packages_distributions())
    names = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    assert names & taken == set()


def test_flow_files_define_flows_only() -> None:
    for path in (ROOT / "flows").glob("*.py"):
        classes = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        assert classes == [], f"{path.name}: a class here would exist twice when the flow is loaded by file"


def test_a_flow_takes_one_order_and_is_thin() -> None:
    for path in (ROOT / "flows").glob("[a-z]*.py"):
        (flow,) = list(_functions(path))
        assert flow.name == path.stem, "the file, the flow and its entrypoint share one name"
        assert [argument.arg for argument in flow.args.args] == ["order"]
        assert (flow.end_lineno or 0) - flow.lineno < 30
        branches = [node for node in ast.walk(flow) if isinstance(node, ast.If | ast.Try | ast.While)]
        assert branches == [], f"{path.name}: decisions belong in a rule"


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [_name(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_rooms_come_from_this_checkout() -> None:
    for room in ROOMS:
        module = __import__(room)
        assert Path(module.__file__ or "").is_relative_to(ROOT), f"another distribution brings its own {room!r}"
