"""What every kind of vector file has in common: strict shapes, and a case with its verdict."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class VectorError(Exception):
    """The file has a kind, a set or a field that this runner does not know: an error, never a pass."""


@dataclass(frozen=True)
class Case:
    """One case that was run: which, and what was wrong with it (None: it passed)."""

    name: str
    fault: str | None


def fields(value: Any, where: str, needed: Collection[str], allowed: Collection[str] = ()) -> Mapping[str, Any]:
    """The object, when it has exactly the fields that are needed, and of others only those allowed."""
    if not isinstance(value, dict):
        raise VectorError(f"{where}: an object is expected")
    unknown = set(value) - set(needed) - set(allowed)
    missing = set(needed) - set(value)
    if unknown:
        raise VectorError(f"{where}: unknown field {', '.join(sorted(unknown))}")
    if missing:
        raise VectorError(f"{where}: field {', '.join(sorted(missing))} is missing")
    return value


def rows(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Each element of a list that is not empty, with its place."""
    if not isinstance(value, list) or not value:
        raise VectorError(f"{where}: a list with at least one case is expected")
    for number, element in enumerate(value):
        yield f"{where}[{number}]", element
