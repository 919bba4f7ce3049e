"""Every test can be collected: a name that a test takes from another file is still there."""

from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in ("tests", "bench")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "__main__.py"
)


def test_every_test_module_can_be_imported_and_says_what_it_is_for() -> None:
    silent = [name for name in MODULES if not (import_module(name).__doc__ or name.endswith("__init__"))]
    assert silent == []
