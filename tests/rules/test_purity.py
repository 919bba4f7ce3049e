"""What makes a rule a rule: values that do not change, and no clock of its own."""

import ast
import dataclasses
import importlib
from pathlib import Path

import pytest

import models.rules

ROOM = Path(models.rules.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(ROOM).with_suffix("").parts) for path in ROOM.rglob("*.py") if path.stem != "__init__"
)
CLOCKS = {"now", "utcnow", "today", "time", "monotonic"}


@pytest.mark.parametrize("name", MODULES)
def test_every_value_of_a_rule_is_frozen(name):
    module = importlib.import_module(f"models.rules.{name}")
    kinds = [
        kind
        for name, kind in vars(module).items()
        # What works for a rule and is never seen outside of it may change.
        if dataclasses.is_dataclass(kind) and isinstance(kind, type) and not name.startswith("_")
    ]
    assert all(kind.__dataclass_params__.frozen for kind in kinds if kind.__module__ == module.__name__)


@pytest.mark.parametrize("name", MODULES)
def test_no_rule_reads_the_clock(name):
    source = ast.parse(ROOM.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8"))
    asked = [
        node.func.attr
        for node in ast.walk(source)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and not isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("datetime", "date", "time", "clock")
    ]
    assert not set(asked) & CLOCKS
