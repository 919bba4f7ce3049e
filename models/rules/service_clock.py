"""The service clock: how long an incident has taken of what was promised, as a pure function of its facts (law 7).

Nothing is stored that the facts do not say. What holds now holds from the opening: another priority, target or
calendar is a new target counted from the start, with every hold subtracted that stops the clock under the new terms.
What happens after a stopwatch has stopped does not move it. A hold and the time after a solution are as closed hours:
not counted, and an instant that falls on their beginning is the one at which time counts again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from models.rules.business_time import elapsed, ruler_of
from models.rules.calendars import Calendar
from models.rules.clock_course import Course, Gap, Stop, Terms
from models.rules.clock_facts import Fact
from models.rules.clock_promises import Agreement, Measure, Promise, Target
from models.rules.wall_clock import require_aware
from models.rules.windows import Interval

_NOTHING = timedelta(0)


class ClockState(StrEnum):
    """How a stopwatch stands."""

    RUNNING = "running"
    HELD = "held"
    MET = "met"  # stopped in time
    BREACHED = "breached"  # its time is used up, whether it still runs or not
    STOPPED = "stopped"  # the incident was closed without what it waited for
    NO_TARGET = "no target"  # nothing is promised for this priority


class Reading(NamedTuple):
    """One stopwatch at one instant."""

    agreement: Agreement
    measure: Measure
    state: ClockState
    started_at: datetime
    stopped_at: datetime | None
    is_held: bool
    """Whether it is held, or was when it stopped; a breached clock can be held, too."""
    target: Target | None
    due_at: datetime | None
    """When its time is used up, or was when it stopped; unknown while it is held."""
    warn_at: datetime | None
    """When three quarters of it are; unknown while it is held."""
    breached_at: datetime | None
    """Since when it has been breached: its due instant, or the later change that put that into the past."""
    due_if_resumed_at: datetime | None
    """While it is held: when it would be due if it went on now."""
    business_elapsed: timedelta
    """Counted time in the calendar's open hours."""
    actual_elapsed: timedelta
    """Counted time around the clock."""
    remaining: timedelta | None
    """Open time that is left; negative after a breach."""
    promise: str = ""
    """What the site calls the promise."""

    @property
    def next_at(self) -> datetime | None:
        """The due instant that still waits: none for a stopwatch that is held or has stopped."""
        return self.due_at if self.stopped_at is None else None


@dataclass(frozen=True, slots=True)
class IncidentClock:
    """Every stopwatch of an incident, and how often it was reopened."""

    readings: tuple[Reading, ...]
    reopened: int

    def reading(self, agreement: Agreement, measure: Measure) -> Reading | None:
        """One stopwatch; None when nothing of the kind is promised."""
        found = (one for one in self.readings if (one.agreement, one.measure) == (agreement, measure))
        return next(found, None)

    @property
    def next_due_at(self) -> datetime | None:
        """The earliest due instant that still waits: what lists are sorted by."""
        return min((one.next_at for one in self.readings if one.next_at is not None), default=None)


def read_clock(facts: Iterable[Fact], promises: Sequence[Promise], now: datetime) -> IncidentClock:
    """Every stopwatch at an instant, from the facts in the journal's order; those after the instant do not count.

    Raises ValueError when the first fact is not the opening, and what business time refuses.
    """
    at = now if now.tzinfo is UTC else require_aware(now, "now")
    course = Course(facts, tuple(promises), at)
    return IncidentClock(tuple(_read(watch, at) for watch in stopwatches(course)), course.reopened)


class Stopwatch(NamedTuple):
    """What one stopwatch is read from."""

    promise: Promise
    measure: Measure
    terms: list[Terms]
    """All that held, the last of which hold now, or did when it stopped."""
    stop: Stop | None
    gaps: tuple[Gap, ...]

    def end(self, now: datetime) -> datetime:
        """Up to when it counts."""
        return self.stop.at if self.stop else now

    def run(self, now: datetime) -> "Run":
        """The stretches in which it counts."""
        return Run.of(self.promise, self.terms[0].at, self.gaps, self.end(now))


def stopwatches(course: Course) -> Iterator[Stopwatch]:
    """Every stopwatch of an incident; none before it was opened."""
    if course.started is None:
        return
    for measure, stop in ((Measure.OWN, course.owned or course.ended), (Measure.RESOLVE, course.ended)):
        terms = course.terms[: stop.terms] if stop else course.terms
        for promise in terms[-1].promises:
            if promise.targets(measure):
                yield Stopwatch(promise, measure, terms, stop, stop.gaps if stop else course.gaps())


def _read(watch: Stopwatch, now: datetime) -> Reading:
    promise, measure, terms, stop, gaps = watch
    started, run = terms[0].at, watch.run(now)
    target = promise.targets(measure).get(terms[-1].priority or "")
    due_at = warn_at = resumed_at = breached_at = remaining = None
    if target is not None:
        day_due = target.day_due(promise.calendar, started)
        length = target.length(promise.calendar, started, day_due)
        remaining = length - run.used
        due_at, warn_at = run.due(length, day_due), run.reach(length * 3 / 4)
        if run.is_held and stop is None and due_at is None:
            resumed_at = run.resumed(now).due(length, day_due)
        if due_at is not None and (stop.at > due_at if stop else now >= due_at):
            breached_at = _breached_since(due_at, terms, (promise.agreement, measure), gaps)
    return Reading(
        agreement=promise.agreement,
        measure=measure,
        state=_state(target, stop, is_breached=breached_at is not None, is_held=run.is_held),
        started_at=started,
        stopped_at=stop.at if stop else None,
        is_held=run.is_held,
        target=target,
        due_at=due_at,
        warn_at=warn_at,
        breached_at=breached_at,
        due_if_resumed_at=resumed_at,
        business_elapsed=run.used,
        actual_elapsed=run.actual,
        remaining=remaining,
        promise=promise.name,
    )


def _state(target: Target | None, stop: Stop | None, *, is_breached: bool, is_held: bool) -> ClockState:
    if target is None:
        return ClockState.NO_TARGET
    if is_breached:
        return ClockState.BREACHED
    if stop is not None:
        return ClockState.MET if stop.is_met else ClockState.STOPPED
    return ClockState.HELD if is_held else ClockState.RUNNING


class Run:
    """The stretches in which a stopwatch counts, under one calendar, and the open time of each."""

    __slots__ = ("_counted", "_ruler", "actual", "calendar", "is_held", "stretches", "used")

    def __init__(self, calendar: Calendar, stretches: list[Interval], *, is_held: bool) -> None:
        self.calendar = calendar
        self.stretches = stretches
        self.is_held = is_held
        self._ruler = ruler = ruler_of(calendar, stretches[0][0], stretches[-1][1])
        self.used = self.actual = _NOTHING
        # Of each stretch the mark of its beginning, and the open time in it.
        self._counted: list[tuple[timedelta, timedelta]] = []
        for begin, end in stretches:
            mark = ruler.mark(begin)
            spent = ruler.mark(end) - mark
            self._counted.append((mark, spent))
            self.used += spent
            self.actual += end - begin

    @classmethod
    def of(cls, promise: Promise, started: datetime, gaps: Iterable[Gap], end: datetime) -> "Run":
        """From the start to an end, less the gaps that stop the clock; the last stretch goes on unless it is held."""
        stretches, cursor = [], started
        for gap in gaps:
            if gap.begin > end:
                break
            if gap.reason is None or gap.reason in promise.stops_for:
                stretches.append((cursor, gap.begin))
                if gap.end is None or gap.end > end:
                    return cls(promise.calendar, stretches, is_held=True)
                cursor = gap.end
        stretches.append((cursor, end))
        return cls(promise.calendar, stretches, is_held=False)

    def resumed(self, at: datetime) -> "Run":
        """As if a held clock went on at an instant."""
        return Run(self.calendar, [*self.stretches, (at, at)], is_held=False)

    def reach(self, length: timedelta) -> datetime | None:
        """When this much has been counted, if nothing more is held; None when it is held before."""
        left = length
        for mark, spent in self._counted:
            if left < spent:
                return self._ruler.instant(mark + left)
            left -= spent
        # What is left begins where the last stretch begins, which may reach past its end.
        return None if self.is_held else self._ruler.due(self.stretches[-1][0], mark, left + spent)

    def due(self, length: timedelta, day_due: datetime | None) -> datetime | None:
        """When the target is due. Working days keep their clock time until a hold has cost open time."""
        found = self.reach(length)
        if found is None or day_due is None or self._lost_before(day_due):
            return found
        return day_due

    def _lost_before(self, instant: datetime) -> bool:
        for (_, begin), (end, _) in zip(self.stretches, self.stretches[1:], strict=False):
            if elapsed(self.calendar, begin, min(end, instant)):
                return True
        return False


def _breached_since(
    due_at: datetime, terms: list[Terms], which: tuple[Agreement, Measure], gaps: Sequence[Gap]
) -> datetime:
    """When the breach that lasts began: not before the due time, perhaps under terms whose change did not cure it."""
    index = len(terms) - 1
    since = max(due_at, terms[index].at)
    while index and since == terms[index].at:
        index -= 1
        earlier = _due_under(terms[index], which, gaps, (terms[0].at, since))
        if earlier is None or earlier > since:
            break
        since = max(earlier, terms[index].at)
    return max(due_at, since)


def _due_under(terms: Terms, which: tuple[Agreement, Measure], gaps: Sequence[Gap], span: Interval) -> datetime | None:
    agreement, measure = which
    promise = next((one for one in terms.promises if one.agreement is agreement), None)
    target = promise.targets(measure).get(terms.priority or "") if promise else None
    if promise is None or target is None:
        return None
    day_due = target.day_due(promise.calendar, span[0])
    length = target.length(promise.calendar, span[0], day_due)
    return Run.of(promise, span[0], gaps, span[1]).due(length, day_due)
