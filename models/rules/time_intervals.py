"""Time intervals, as Alertmanager reads them: when a route is muted, or active.

    weekdays: ['monday:friday']    days_of_month: ['1:5', '-3:-1']    months: ['january:march', '12']
    years: ['2026:2028']           times: [{start_time: '09:00', end_time: '17:00'}]
    location: Europe/Berlin

An instant is inside when it is inside each of the kinds that are given. Ranges take in both ends, except that an
end time does not belong to it (24:00 ends the day). It goes by the clock on the wall of its location.
"""

import calendar
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import ClassVar

from models.rules.field_error import FieldError, under
from models.rules.verdicts import Verdict
from models.rules.wall_clock import require_aware, zone_of

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = tuple(name.lower() for name in (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
))  # fmt: skip
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_SHORTEST_MONTH = 28
_LEAP_YEAR = 2024  # its months are as long as they ever are

Range = tuple[int, int]
Ranges = tuple[Range, ...]


@dataclass(frozen=True)
class Spans:
    """A time interval in numbers: minutes of the day with exclusive end, Sunday is 0; None is not asked.

    A negative day counts from the end of the month.
    """

    minutes: Ranges | None = None
    weekdays: Ranges | None = None
    days: Ranges | None = None
    months: Ranges | None = None
    years: Ranges | None = None

    def hold(self, wall: datetime) -> bool:
        """Whether the clock on the wall shows a time that is inside."""
        minute = wall.hour * 60 + wall.minute
        return (
            (self.minutes is None or any(first <= minute < end for first, end in self.minutes))
            and _among(self.weekdays, wall.isoweekday() % 7)
            and _among(_from_first(self.days, calendar.monthrange(wall.year, wall.month)[1]), wall.day)
            and _among(self.months, wall.month)
            and _among(self.years, wall.year)
        )

    @property
    def is_never(self) -> bool:
        """Whether no instant is inside: an empty list, a 13th month, or a day that its months never have."""
        if () in (self.minutes, self.weekdays, self.days, self.months, self.years):
            return True
        lengths = [calendar.monthrange(_LEAP_YEAR, month)[1] for month in range(1, 13) if _among(self.months, month)]
        return not any(
            _among(_from_first(self.days, length), day) for length in lengths for day in range(1, length + 1)
        )


@dataclass(frozen=True)
class TimeRange:
    """A part of a day; the end does not belong to it."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    start_time: str
    end_time: str

    def __post_init__(self) -> None:
        for key in ("start_time", "end_time"):
            if not _CLOCK.fullmatch(getattr(self, key)):
                raise FieldError(key, f'"{getattr(self, key)}" is not a time; write it as 09:00, at most 24:00')
        if self.minutes[0] >= self.minutes[1]:
            raise FieldError("end_time", "the end time must be after the start time; past midnight, give two")

    @property
    def minutes(self) -> Range:
        """The minutes of the day."""
        return _minute(self.start_time), _minute(self.end_time)


@dataclass(frozen=True)
class TimeInterval:
    """A time interval as it stands in a file. A kind that is left out is not asked; an empty list is never inside."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    times: tuple[TimeRange, ...] | None = None
    weekdays: tuple[str, ...] | None = None
    days_of_month: tuple[str | int, ...] | None = None
    months: tuple[str | int, ...] | None = None
    years: tuple[str | int, ...] | None = None
    location: str | None = None

    def __post_init__(self) -> None:
        with under("location"):
            zone_of(self.location)
        _ = self.spans

    @cached_property
    def spans(self) -> Spans:
        """The interval in numbers. Raises FieldError."""
        return Spans(
            minutes=None if self.times is None else tuple(one.minutes for one in self.times),
            weekdays=_ranges("weekdays", self.weekdays, _weekdays),
            days=_ranges("days_of_month", self.days_of_month, _days),
            months=_ranges("months", self.months, _months),
            years=_ranges("years", self.years, _years),
        )

    def contains(self, instant: datetime, zone: tzinfo = UTC) -> bool:
        """Whether the instant is inside; without a location it goes by the clock of `zone`."""
        place = zone if self.location is None else zone_of(self.location)
        return self.spans.hold(require_aware(instant, "the instant").astimezone(place))


Intervals = Mapping[str, Sequence[TimeInterval]]


def may_tell(mute: Iterable[str], active: Sequence[str], intervals: Intervals, now: datetime) -> Verdict:
    """Whether a route with these mute and active time intervals tells anybody now, by their names.

    Raises ValueError for a name that there is not.
    """
    muting = next((name for name in mute if _holds(name, intervals, now)), None)
    if muting is not None:
        return Verdict(False, f"muted by the time interval {muting}")
    if active and not any(_holds(name, intervals, now) for name in active):
        return Verdict(False, f"outside of the active time intervals {', '.join(active)}")
    return Verdict(True, "within its time")


def _holds(name: str, intervals: Intervals, now: datetime) -> bool:
    if name not in intervals:
        raise ValueError(f'there is no time interval "{name}"; known: {", ".join(sorted(intervals)) or "none"}')
    return any(interval.contains(now) for interval in intervals[name])


def _among(ranges: Ranges | None, number: int) -> bool:
    return ranges is None or any(first <= number <= last for first, last in ranges)


def _from_first(days: Ranges | None, length: int) -> Ranges | None:
    """The days of a month of this length, with negative ones counted from its end."""
    return days and tuple(
        (first if first > 0 else length + 1 + first, last if last > 0 else length + 1 + last) for first, last in days
    )


def _ranges(key: str, texts: Iterable[str | int] | None, read: Callable[[str], Range]) -> Ranges | None:
    if texts is None:
        return None
    with under(key):
        return tuple(read(str(text).lower()) for text in texts)


def _ends(text: str, read: Callable[[str], int]) -> Range:
    first, colon, last = text.partition(":")
    return read(first), read(last if colon else first)


def _weekdays(text: str) -> Range:
    first, last = _ends(text, lambda word: _named(word, WEEKDAYS, "a weekday"))
    if first > last:
        raise ValueError(f'"{text}" ends before it starts; the week begins on sunday')
    return first, last


def _months(text: str) -> Range:
    first, last = _ends(
        text, lambda word: _number(word) if _NUMBER.fullmatch(word) else _named(word, MONTHS, "a month") + 1
    )
    if first > last:
        raise ValueError(f'"{text}" ends before it starts; give two ranges around the end of the year')
    return first, last


def _years(text: str) -> Range:
    first, last = _ends(text, _number)
    if first > last:
        raise ValueError(f'"{text}" ends before it starts')
    return first, last


def _days(text: str) -> Range:
    first, last = _ends(text, _number)
    for day in (first, last):
        if not 1 <= abs(day) <= 31:
            raise ValueError(f'"{day}" is not a day of the month: 1 to 31, or -1 to -31 from its end')
    if first < 0 < last:
        raise ValueError(f'"{text}": a range that starts from the end of the month must end there too')
    if _in_shortest(first) > _in_shortest(last):
        raise ValueError(f'"{text}" always ends before it starts')
    return first, last


def _in_shortest(day: int) -> int:
    return day if day > 0 else _SHORTEST_MONTH + day


def _named(word: str, names: Sequence[str], what: str) -> int:
    if word not in names:
        raise ValueError(f'"{word}" is not {what}; allowed: {", ".join(names)}')
    return names.index(word)


def _number(word: str) -> int:
    if not _NUMBER.fullmatch(word):
        raise ValueError(f'"{word}" is not a whole number')
    return int(word)


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
