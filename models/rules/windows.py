"""Windows of a calendar: one-off (a freeze, a move) and recurring (a weekly maintenance window)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from models.rules.durations import Duration, format_duration
from models.rules.field_error import FieldError, under
from models.rules.hours import WEEKDAYS, weekdays_of
from models.rules.recurrence import check_rule, elapsed_of, wall_times
from models.rules.wall_clock import to_instant

# Half open: the start belongs to it, the end does not.
Interval = tuple[datetime, datetime]

LONGEST_RECURRING = timedelta(days=31)
_KINDS = (
    "give `starts` and `ends` (one-off), or `day`, `at` and `lasts` (weekly), or `rrule`, `at` and `lasts` (recurring)"
)


@dataclass(frozen=True)
class Window:
    """A stretch of wall-clock time in the calendar's zone: once, each week, or by a recurrence rule.

    `lasts` is measured on the clock on the wall: Friday 18:00 and 60h ends on Monday at 06:00, whatever
    daylight saving time does in between. `first` is the first day from which a rule counts.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    starts: datetime | None = None
    ends: datetime | None = None
    day: str | None = None
    rrule: str | None = None
    first: date = date(2001, 1, 1)
    at: time | None = None
    lasts: Duration | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        once = self.starts is not None and self.ends is not None
        recurring = self.at is not None and self.lasts is not None
        kinds = [once, self.day is not None and recurring, self.rrule is not None and recurring]
        stray = once and (self.at is not None or self.lasts is not None)
        if sum(kinds) != 1 or stray or (not once and (self.starts or self.ends)):
            raise ValueError(f"a window is of one kind: {_KINDS}")
        if once:
            self._refuse_backwards()
            return
        if self.lasts is None or not timedelta(0) < self.lasts <= LONGEST_RECURRING:
            raise FieldError(
                "lasts", f"a recurring window lasts more than 0s and at most {format_duration(LONGEST_RECURRING)}"
            )
        if self.day is not None:
            with under("day"):
                weekdays_of(self.day)
        elif self._is_elapsed():
            raise FieldError("rrule", "a window recurs daily, weekly, monthly or yearly, not by the hour")

    def _refuse_backwards(self) -> None:
        if self.starts is None or self.ends is None or (self.starts.tzinfo is None) != (self.ends.tzinfo is None):
            raise FieldError(
                "ends", "`starts` and `ends` of a window are both local wall times, or both carry an offset"
            )
        if self.ends <= self.starts:
            raise FieldError("ends", "the window ends before it starts")

    def _is_elapsed(self) -> bool:
        with under("rrule"):
            check_rule(self.rrule or "", self._rule_start(), ZoneInfo("UTC"))
            return elapsed_of(self.rrule or "", self._rule_start(), ZoneInfo("UTC")) is not None

    def _rule_start(self) -> datetime:
        return datetime.combine(self.first, self.at or time(0))

    def overlapping(self, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Interval]:
        """The UTC intervals of this window that touch [since, until), in order."""
        if self.starts is not None and self.ends is not None:
            found = iter([(_instant(self.starts, zone), _instant(self.ends, zone))])
        else:
            found = self._recurring(since, until, zone)
        for start, end in found:
            if start < until and end > since and start < end:
                yield start, end

    def _recurring(self, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Interval]:
        lasts = self.lasts or timedelta(0)
        first = since.astimezone(zone).replace(tzinfo=None) - lasts - timedelta(days=1)
        last = until.astimezone(zone).replace(tzinfo=None) + timedelta(days=1)
        for start in self._starts_from(first):
            if start > last:
                return
            yield to_instant(start, zone), to_instant(start + lasts, zone)

    def _starts_from(self, first: datetime) -> Iterator[datetime]:
        if self.rrule is not None:
            yield from wall_times(self.rrule, self._rule_start(), first, ZoneInfo("UTC"))
            return
        weekdays, day = set(weekdays_of(self.day or "")), first.date()
        while day < date.max:
            if day.weekday() in weekdays:
                yield datetime.combine(day, self.at or time(0))
            day += timedelta(days=1)

    def describe(self) -> str:
        """The reason in the file, or else when the window is."""
        if self.reason:
            return self.reason
        if self.starts is not None and self.ends is not None:
            return f"window from {self.starts:%Y-%m-%d %H:%M} to {self.ends:%Y-%m-%d %H:%M}"
        when = ", ".join(WEEKDAYS[day] for day in weekdays_of(self.day)) if self.day else self.rrule
        return f"window {when} at {self.at:%H:%M} for {format_duration(self.lasts or timedelta(0))}"


def _instant(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else to_instant(moment, zone)
