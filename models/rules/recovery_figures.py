"""RPO and RTO as measured, against their targets. Without data there is no figure, and nothing is met."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from models.rules.figure_words import age_text
from models.rules.restore_points import Drill, Point
from models.rules.wall_clock import require_aware
from models.vocabulary import Outcome


@dataclass(frozen=True)
class Figure:
    """One measured span against its target; `met` is None when there is nothing to compare."""

    measured: timedelta | None
    target: timedelta | None
    n: int
    """How many points or drills stand behind it."""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without data or without a target."""
        if self.measured is None or self.target is None:
            return None
        return self.measured <= self.target

    def __str__(self) -> str:
        if self.measured is None:
            return "no data"
        if self.target is None:
            return f"{age_text(self.measured)}, no target"
        return f"{age_text(self.measured)} of {age_text(self.target)}, {'met' if self.met else 'missed'}"


@dataclass(frozen=True)
class RpoPeriod:
    """How an RPO was kept over a period."""

    n: int
    """Points that count in the period, the last one before it included."""
    part_met: float | None
    """The part of the period in which the newest point was younger than the RPO, 0 to 1; None without data."""
    longest_gap: timedelta | None
    """The longest time without a new point within the period."""


def rpo_of(point: Point | None, target: timedelta | None, now: datetime) -> Figure:
    """The age of a point, which is what would be lost now."""
    if point is None:
        return Figure(None, target, 0)
    return Figure(max(timedelta(0), require_aware(now, "now") - point.taken_at), target, 1)


def rpo_of_drill(drill: Drill, target: timedelta | None) -> Figure:
    """The age that the point had when its drill began."""
    return Figure(drill.point_age, target, 1)


def rto_of(drills: Iterable[Drill], target: timedelta | None) -> Figure:
    """The longest of the restores that passed: the target must hold on a bad day too."""
    passed = [drill.duration for drill in drills if drill.outcome is Outcome.OK]
    return Figure(max(passed, default=None), target, len(passed))


def rpo_over(points: Iterable[Point], target: timedelta, since: datetime, until: datetime) -> RpoPeriod:
    """How the RPO was kept from one instant to another, by the points that the caller lets count."""
    times = sorted(point.taken_at for point in points if point.taken_at < until)
    before = [taken for taken in times if taken < since][-1:]
    inside = [taken for taken in times if taken >= since]
    if (not before and not inside) or until <= since:
        return RpoPeriod(0, None, None)
    covered = _union([(taken, taken + target) for taken in (*before, *inside)], since, until)
    marks = [since, *inside, until]
    gaps = [later - earlier for earlier, later in pairwise(marks)]
    if before:
        gaps[0] = marks[1] - before[0]
    return RpoPeriod(len(before) + len(inside), covered / (until - since), max(gaps))


def _union(spans: Sequence[tuple[datetime, datetime]], since: datetime, until: datetime) -> timedelta:
    """How much of a period is covered by spans that are sorted by their beginning."""
    total, reached = timedelta(0), since
    for start, end in spans:
        begin, stop = max(start, reached), min(end, until)
        if stop > begin:
            total += stop - begin
            reached = stop
    return total
