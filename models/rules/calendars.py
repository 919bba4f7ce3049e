"""One calendar for jobs, service hours, on-call, approvals, silences and reports.

A calendar is a set of instants: weekday hours (not on holidays, changed by own days), plus its windows, less its
closures. Used as an allowed calendar it says when work may start; used as a blackout it says when it may not.
Intervals are local wall-clock intervals, counted in elapsed UTC time; the end does not belong to them. Hours past
midnight belong to the day on which they start.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import ClassVar
from zoneinfo import ZoneInfo

from models.rules.field_error import under
from models.rules.holiday_names import check_region, holiday_name
from models.rules.hours import (
    WHOLE_DAY,
    OwnDay,
    Span,
    parse_own_date,
    parse_own_day,
    parse_week,
)
from models.rules.wall_clock import require_aware, to_instant, zone_of
from models.rules.windows import Interval, Window

HORIZON_DAYS = 400
_CACHED_DAYS = 5000
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """When something is open. The site fills `name` from the key and `timezone` from its own when absent."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str = ""
    title: str = ""
    timezone: str | None = None
    always: bool = False
    hours: dict[str, tuple[str, ...]] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()
    dates: dict[date | str, str] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    closures: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        if self.always and self.hours:
            raise ValueError("a calendar has `hours` or is open `always`, not both")
        if not (self.always or self.hours or self.windows or self.dates):
            raise ValueError("the calendar is never open: give it `hours`, `always: true`, `windows` or `dates`")
        with under("timezone"):
            zone_of(self.timezone)
        with under("holidays"):
            for region in self.holidays:
                check_region(region)
        with under("hours"):
            _ = self._week
        with under("dates"):
            _ = self._own_days

    @cached_property
    def zone(self) -> ZoneInfo:
        """The calendar's time zone."""
        return zone_of(self.timezone)

    @cached_property
    def _week(self) -> tuple[tuple[Span, ...], ...]:
        return (WHOLE_DAY,) * 7 if self.always else parse_week(self.hours)

    @cached_property
    def _own_days(self) -> dict[date | tuple[int, int], OwnDay]:
        return {parse_own_date(key): parse_own_day(text) for key, text in self.dates.items()}

    @cached_property
    def _spans(self) -> dict[date, tuple[Span, ...]]:
        return {}

    @cached_property
    def _cache(self) -> dict[int, tuple[Interval, ...]]:
        return {}

    def own_day(self, day: date) -> OwnDay | None:
        """What the file says about this one date, or about this day of each year."""
        return self._own_days.get(day) or self._own_days.get((day.month, day.day))

    def holiday(self, day: date) -> str | None:
        """The name of the public holiday on this date, if its regions have one."""
        return next((name for region in self.holidays if (name := holiday_name(region, day))), None)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The hours that start on this date, after own days and holidays; kept for the next question."""
        found = self._spans.get(day)
        if found is None:
            if len(self._spans) >= _CACHED_DAYS:
                self._spans.clear()
            found = self._spans[day] = self._find_spans(day)
        return found

    def _find_spans(self, day: date) -> tuple[Span, ...]:
        own = self.own_day(day)
        if own is not None and not own.usual:
            return own.spans
        if own is None and self.holiday(day):
            return ()
        return self._week[day.weekday()]

    def intervals_of(self, ordinal: int) -> tuple[Interval, ...]:
        """The open intervals inside one UTC day (proleptic ordinal), joined, in order; kept for the next question."""
        found = self._cache.get(ordinal)
        if found is None:
            if len(self._cache) >= _CACHED_DAYS:
                self._cache.clear()
            start = datetime.combine(date.fromordinal(ordinal), datetime.min.time(), UTC)
            found = self._cache[ordinal] = self._intervals_between(start, start + _DAY)
        return found

    def _intervals_between(self, since: datetime, until: datetime) -> tuple[Interval, ...]:
        opened = [*self._hours_between(since, until), *_touching(self.windows, since, until, self.zone)]
        closed = _join(_touching(self.closures, since, until, self.zone))
        clipped = ((max(start, since), min(end, until)) for start, end in opened)
        return tuple(_without(_join(clipped), closed))

    def _hours_between(self, since: datetime, until: datetime) -> Iterator[Interval]:
        day = since.astimezone(self.zone).date() - 2 * _DAY
        last = until.astimezone(self.zone).date()
        while day <= last:
            midnight = datetime.combine(day, datetime.min.time())
            for opens, closes in self.spans_on(day):
                start, end = to_instant(midnight + opens, self.zone), to_instant(midnight + closes, self.zone)
                if start < until and end > since and start < end:
                    yield start, end
            day += _DAY


def is_open(calendar: Calendar, instant: datetime) -> bool:
    """Whether the instant belongs to the calendar; an end does not."""
    at = require_aware(instant, "the instant")
    return any(start <= at < end for start, end in calendar.intervals_of(at.toordinal()))


def open_intervals(calendar: Calendar, since: datetime, until: datetime) -> Iterator[Interval]:
    """The open intervals inside [since, until), joined over midnight, in order."""
    since, until = require_aware(since, "the start"), require_aware(until, "the end")
    held: Interval | None = None
    for ordinal in range(since.toordinal(), until.toordinal() + 1):
        for start, end in calendar.intervals_of(ordinal):
            start, end = max(start, since), min(end, until)  # noqa: PLW2901 - clipped to what was asked
            if start >= end:
                continue
            if held is not None and start <= held[1]:
                held = held[0], end
                continue
            if held is not None:
                yield held
            held = start, end
    if held is not None:
        yield held


def open_until(calendar: Calendar, instant: datetime) -> datetime | None:
    """When the open stretch around the instant ends; the instant itself when closed, None when no end is in sight."""
    at = require_aware(instant, "the instant")
    horizon = at + HORIZON_DAYS * _DAY
    first = next(open_intervals(calendar, at, horizon), None)
    if first is None or first[0] > at:
        return at
    return first[1] if first[1] < horizon else None


def closed_until(calendar: Calendar, instant: datetime) -> datetime | None:
    """When the calendar opens next; the instant itself when open, None when no opening is in sight."""
    at = require_aware(instant, "the instant")
    for ordinal in range(at.toordinal(), at.toordinal() + HORIZON_DAYS):
        for start, end in calendar.intervals_of(ordinal):
            if end > at:
                return max(start, at)
    return None


def working_day(calendar: Calendar, day: date) -> bool:
    """Whether the calendar has hours that start on this date; windows do not make a working day."""
    return bool(calendar.spans_on(day))


def next_working_day(calendar: Calendar, day: date) -> date | None:
    """The first working day after this date; None when there is none in sight."""
    return add_working_days(calendar, day, 1)


def add_working_days(calendar: Calendar, day: date, count: int) -> date | None:
    """The date `count` working days after this one (before it, when negative); None when that is out of sight."""
    step = _DAY if count > 0 else -_DAY
    left, idle = abs(count), 0
    while left:
        day += step
        idle = 0 if working_day(calendar, day) else idle + 1
        left -= not idle
        if idle > HORIZON_DAYS:
            return None
    return day


def nth_working_day(calendar: Calendar, year: int, month: int, number: int) -> date | None:
    """The nth working day of a month, counted from its end when negative; None when the month has fewer."""
    day = date(year, month, 1)
    days = []
    while day.month == month:
        if working_day(calendar, day):
            days.append(day)
        day += _DAY
    if number == 0 or abs(number) > len(days):
        return None
    return days[number - 1 if number > 0 else number]


def why(calendar: Calendar, instant: datetime) -> str:
    """What makes the calendar open or closed at this instant, in a few words."""
    at = require_aware(instant, "the instant")
    opened = is_open(calendar, at)
    for window in calendar.windows if opened else calendar.closures:
        if any(window.overlapping(at, at + timedelta(microseconds=1), calendar.zone)):
            return window.describe()
    day = at.astimezone(calendar.zone).date()
    own = calendar.own_day(day)
    if own is not None:
        return own.reason
    if opened:
        return calendar.title or "within its hours"
    return calendar.holiday(day) or "outside its hours"


def _touching(windows: Iterable[Window], since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Interval]:
    for window in windows:
        yield from window.overlapping(since, until, zone)


def _join(intervals: Iterable[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _without(opened: Iterable[Interval], closed: list[Interval]) -> Iterator[Interval]:
    """What is left of the open intervals after the closed ones are cut out; both are joined and in order."""
    for start, end in opened:
        inside = [(a, b) for a, b in closed if a < end and b > start]
        edges = [(start, start), *inside, (end, end)]
        for (_, left), (right, _) in pairwise(edges):
            if left < right:
                yield left, right
