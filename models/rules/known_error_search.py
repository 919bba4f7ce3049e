"""The surest of the known errors that recognise an incident, without trying all that are filed where it looks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.rules.known_error_filing import ANY, Pieces
from models.rules.known_error_matching import Recognised, Recognition, Seen, recognise

MOST_SURE = 100
MOST_TRIED = 500
_AT_ONCE = 50


class Filed(NamedTuple):
    """A known error as it is filed: a plain tuple, since there may be ten thousand of them."""

    known_error: int
    key: str
    score: int
    """How surely it fits at most."""
    pieces: str


@dataclass(frozen=True)
class Found:
    """Known errors that recognise an incident."""

    recognised: Mapping[int, Recognised]
    """With the MOST_SURE surest of all that were tried; of equally sure ones the lowest numbers."""
    untried: int = 0
    """How many might fit besides, and were too many to be tried."""


def search(filed: Iterable[Filed], seen: Seen, read: Callable[[Sequence[int]], Mapping[int, Recognition]]) -> Found:
    """Try those that may fit; `read` tells what each of some asks for.

    First those that were looked up by something, then those that could not be; of each kind the surest first, until
    none of the rest can be among the surest, or MOST_TRIED were tried.
    """
    have = Pieces(seen).have
    looked_up: set[tuple[int, int]] = set()
    others: set[tuple[int, int]] = set()
    for number, key, score, pieces in filed:
        if not pieces or have(pieces):
            (others if key == ANY else looked_up).add((-score, number))
    found: dict[int, Recognised] = {}
    tried = untried = 0
    for some in (looked_up, others):
        rest = sorted(some)
        while rest and tried < MOST_TRIED and not _is_sure(found, rest[0]):
            numbers = [number for _, number in rest[:_AT_ONCE]]
            wanted = read(numbers)
            for number in numbers:
                recognised = recognise(wanted[number], seen)
                if recognised is not None:
                    found[number] = recognised
            tried += len(numbers)
            rest = rest[_AT_ONCE:]
        if rest and not _is_sure(found, rest[0]):
            untried += len(rest)
    return Found(found, untried)


def _is_sure(found: Mapping[int, Recognised], following: tuple[int, int]) -> bool:
    """Whether none that follows can be among the surest any more."""
    surest = sorted((-one.score, number) for number, one in found.items())
    return len(surest) >= MOST_SURE and surest[MOST_SURE - 1] < following
