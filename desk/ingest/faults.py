"""Where in a JSON document the first thing stands that the fast reader lets pass.

This is slow: it is only asked when there may be one.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from desk.ingest.errors import BadInput, pointer

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_SURELY_SMALL, _SURELY_HUGE = 18, 21
"""Characters of an integer. It is not made a number before: that takes time that grows with its square."""
_NUMBERS = (int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class _Fault:
    """Stands in the document in place of what cannot be taken."""

    problem: str
    mend: str
    path: tuple[str | int, ...] = ()


_HUGE = _Fault("is an integer of more than 64 bits", "send it as a text")
_NUL = _Fault("holds a NUL", "leave it out")


def first_fault(text: bytes) -> BadInput | None:
    """What is wrong with a document that orjson reads and that is not nested deep; None: nothing."""
    fault = _fault_in(json.loads(text.decode(), object_pairs_hook=_object, parse_int=_integer))
    return BadInput(400, pointer(*fault.path), fault.problem, fault.mend) if fault else None


def _object(pairs: list[tuple[str, object]]) -> object:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            return _Fault("stands there twice", "send each member once", (name,))
        found[name] = value
    return found


def _integer(digits: str) -> object:
    if len(digits) <= _SURELY_SMALL or (len(digits) < _SURELY_HUGE and _SMALLEST <= int(digits) <= _LARGEST):
        return int(digits)
    return _HUGE


def _fault_in(value: object) -> _Fault | None:
    """The first fault in a part of the document, with the way from there; it recurses as deep as the document is."""
    if isinstance(value, _Fault):
        return value
    if isinstance(value, str):
        return _NUL if "\0" in value else None
    members: Iterable[tuple[str | int, object]]
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        return None
    for name, member in members:
        if type(member) in _NUMBERS and type(name) is int:
            continue
        fault = _fault_in(name) or _fault_in(member)
        if fault:
            return replace(fault, path=(name, *fault.path))
    return None
