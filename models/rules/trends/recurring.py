"""What comes again: the groups of incidents that were met in week after week."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

WEEK_SECONDS = 7 * 86_400
LEAST_WEEKS = 3
"""What was met in fewer weeks may have been one bad day."""
Pattern = TypeVar("Pattern", bound=Hashable)


@dataclass(frozen=True)
class Again(Generic[Pattern]):
    """One pattern: how often it was met, in how many different weeks, and when last."""

    pattern: Pattern
    times: int
    weeks: int
    last_at: datetime


def recurring(
    met: Iterable[tuple[Pattern, datetime]], until: datetime, least_weeks: int = LEAST_WEEKS
) -> tuple[Again[Pattern], ...]:
    """The patterns that were met in at least so many different weeks, counted back from `until`; the most often first.

    Equally often: the one met last first, then by pattern.
    """
    times: dict[Pattern, list[datetime]] = defaultdict(list)
    for pattern, at in met:
        times[pattern].append(at)
    found = []
    for pattern, instants in times.items():
        weeks = len({(until - at).total_seconds() // WEEK_SECONDS for at in instants})
        if weeks >= least_weeks:
            found.append(Again(pattern, len(instants), weeks, max(instants)))
    return tuple(sorted(found, key=lambda one: (-one.times, -one.last_at.timestamp(), str(one.pattern))))
