"""The files of the rooms, each read and parsed once for all the rules of the house."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("flows", "tasks", "models", "desk", "deployments")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def name_of(path: Path) -> str:
    """A path as a person of this checkout says it."""
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    """What is written in a file."""
    return path.read_text(encoding="utf-8")


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Every node of a file, the module itself first."""
    return list(ast.walk(ast.parse(text_of(path))))


def tree_of(path: Path) -> ast.Module:
    """A file, parsed."""
    module = nodes_of(path)[0]
    assert isinstance(module, ast.Module)
    return module
