"""The house: rooms small enough to know, names that shadow nothing, every public thing said in words."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.house.sources import ROOMS, ROOT, SOURCES, name_of, nodes_of, text_of, tree_of

MOST_LINES = 300
MOST_FUNCTION_LINES = 45
"""40 of the style card, and its docstring."""
WRITTEN = [path for path in SOURCES if "versions" not in path.parts]
"""Without the migrations, which a program writes."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(path: Path) -> Iterator[Function]:
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_module_is_small_enough_to_know() -> None:
    lines = {name_of(path): len(text_of(path).splitlines()) for path in WRITTEN}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_a_function_fits_on_a_screen() -> None:
    lines = {
        f"{name_of(path)}, {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in WRITTEN
        for function in _functions(path)
    }
    assert {name: count for name, count in lines.items() if count > MOST_FUNCTION_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [name_of(path) for path in WRITTEN if text_of(path).strip() and not ast.get_docstring(tree_of(path))] == []


def test_every_public_thing_is_said_in_words() -> None:
    silent = [
        f"{name_of(path)}, {thing.name}"
        for path in WRITTEN
        # A table's docstring is its name; its columns carry the words.
        if "records" not in path.parts
        for thing in tree_of(path).body
        if isinstance(thing, Function | ast.ClassDef) and not thing.name.startswith("_")
        if not ast.get_docstring(thing)
    ]
    assert silent == []


def test_no_flow_file_shadows_a_library() -> None:
    taken = set(sys.stdlib_module_names) | set(packages_distributions())
    names = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    assert names & taken == set()


def test_flow_files_define_flows_only() -> None:
    for path in (ROOT / "flows").glob("*.py"):
        classes = [node.name for node in tree_of(path).body if isinstance(node, ast.ClassDef)]
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
    assert [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_rooms_come_from_this_checkout() -> None:
    for room in ROOMS:
        module = __import__(room)
        assert Path(module.__file__ or "").is_relative_to(ROOT), f"another distribution brings its own {room!r}"
