"""What two replays of the same events make differently."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Begun(Protocol):
    """An alert or an incident of a replay: known again by the event that began it."""

    @property
    def first(self) -> int:
        """The number of that event."""


Thing = TypeVar("Thing", bound=Begun)


@dataclass(frozen=True, slots=True)
class Differing(Generic[Thing]):
    """One that only one of two replays has, or that is another in the second."""

    before: Thing | None
    after: Thing | None


def differences(before: Iterable[Thing], after: Iterable[Thing]) -> tuple[Differing[Thing], ...]:
    """What differs, in the order of the events that began it. Several that one event began are paired in order."""
    ours, theirs = _by_first(before), _by_first(after)
    return tuple(
        found for first in sorted({*ours, *theirs}) for found in _pairs(ours.get(first, ()), theirs.get(first, ()))
    )


def _pairs(ours: Sequence[Thing], theirs: Sequence[Thing]) -> Iterator[Differing[Thing]]:
    for place in range(max(len(ours), len(theirs))):
        one = ours[place] if place < len(ours) else None
        other = theirs[place] if place < len(theirs) else None
        if one != other:
            yield Differing(one, other)


def _by_first(things: Iterable[Thing]) -> dict[int, list[Thing]]:
    found: dict[int, list[Thing]] = {}
    for thing in things:
        found.setdefault(thing.first, []).append(thing)
    return found
