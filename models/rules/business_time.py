"""Business time: how much open time lies between two instants, and when an amount of it is used up.

One rule holds everywhere: local wall-clock intervals, counted in elapsed UTC time. A due instant belongs to open
time, so one exactly on a closing time is the next opening (source: biz and Business::Hours, the calendars behind
Zammad and RT). Going back, an instant exactly on an opening time stays there.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from models.rules.calendars import Calendar, add_working_days, open_intervals, working_day
from models.rules.wall_clock import require_aware, stamp, to_instant, wall_time
from models.rules.windows import Interval

LONGEST = timedelta(days=36_600)
"""Nothing is counted over more than a hundred years."""
MOST_DAYS = 3660
"""Working days that a due date may lie ahead."""

_NOTHING, _DAY = timedelta(0), timedelta(days=1)
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2900, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=120)
_KEPT_RULERS = 64


class Ruler:
    """The open intervals between two midnights in UTC, joined, and how much open time lies before each of them."""

    __slots__ = ("before", "calendar", "ends", "since", "starts", "total", "until")

    def __init__(self, calendar: Calendar, since: datetime, until: datetime, intervals: Iterable[Interval]) -> None:
        self.calendar, self.since, self.until = calendar, since, until
        self.starts: list[datetime] = []
        self.ends: list[datetime] = []
        self.before: list[timedelta] = []
        self.total = _NOTHING
        for start, end in intervals:
            if self.ends and start <= self.ends[-1]:
                self.total += end - self.ends[-1]
                self.ends[-1] = end
                continue
            self.starts.append(start)
            self.ends.append(end)
            self.before.append(self.total)
            self.total += end - start

    def mark(self, at: datetime) -> timedelta:
        """The open time between the ruler's beginning and an instant on it."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return _NOTHING
        end = self.ends[index]
        return self.before[index] + ((at if at < end else end) - self.starts[index])

    def instant(self, mark: timedelta) -> datetime:
        """The open instant before which this much is open, which is less than all."""
        index = bisect_right(self.before, mark) - 1
        return self.starts[index] + (mark - self.before[index])

    def due(self, start: datetime, mark: timedelta, length: timedelta) -> datetime:
        """`due` of a start whose mark is known; where the ruler ends before that, it is looked for on a longer one."""
        ruler, wanted = self, mark + _amount(length)
        while ruler.total <= wanted and ruler.until < min(start + LONGEST, _LAST):
            # As much again, and at least what would be enough were the calendar always open.
            further = ruler.until + max(_STEP, wanted - ruler.total, ruler.until - start)
            ruler = _ruler(self.calendar, start, min(further, start + LONGEST))
            wanted = ruler.mark(start) + length
        found = ruler.instant(wanted) if ruler.total > wanted else None
        if found is None or found - start > LONGEST:
            raise ValueError(_never_open(self.calendar, length, f"after {stamp(start)}"))
        return found


# By the calendar's id, which stays its own as long as its ruler keeps it: rulers of years are made once.
_rulers: dict[int, Ruler] = {}


def ruler_of(calendar: Calendar, start: datetime, end: datetime) -> Ruler:
    """A ruler on which both instants lie, for several questions about them. Raises ValueError as `elapsed`."""
    start, end = _known(start, "the start"), _known(end, "the end")
    if end - start > LONGEST:
        raise ValueError(
            f"from {stamp(start)} to {stamp(end)} are more than 100 years: nothing is counted over so many"
        )
    return _ruler(calendar, start, end)


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The open time from one instant to another; none when the end is not after the start.

    Raises ValueError for an instant without a zone, one that is no time of a service, and over a hundred years.
    """
    start, end = _known(start, "the start"), _known(end, "the end")
    if end <= start:
        return _NOTHING
    ruler = ruler_of(calendar, start, end)
    return ruler.mark(end) - ruler.mark(start)


def due(calendar: Calendar, start: datetime, length: timedelta) -> datetime:
    """When this much open time has passed since the start. Of no length: the start, or the next opening.

    Raises ValueError for a negative length, for a calendar that is not open for so long, and as `elapsed`.
    """
    start = _known(start, "the start")
    ruler = _ruler(calendar, start, start)
    return ruler.due(start, ruler.mark(start), length)


def before(calendar: Calendar, end: datetime, length: timedelta) -> datetime:
    """The instant from which this much open time passes until the end. Of no length: the end, or the last closing.

    Raises ValueError as `due`.
    """
    end, length = _known(end, "the end"), _amount(length)
    ruler = _ruler(calendar, end, end)
    while not _reaches_back(ruler, end, length) and ruler.since > max(end - LONGEST, _FIRST):
        ruler = _ruler(calendar, max(ruler.since - max(_STEP, end - ruler.since), end - LONGEST), end)
    wanted = ruler.mark(end) - length
    index = min(bisect_right(ruler.before, wanted), bisect_left(ruler.starts, end)) - 1
    reached = _reaches_back(ruler, end, length)
    found = min(ruler.starts[index] + (wanted - ruler.before[index]), ruler.ends[index]) if reached else None
    if found is None or end - found > LONGEST:
        raise ValueError(_never_open(calendar, length, f"before {stamp(end)}"))
    return found


def due_in_days(calendar: Calendar, start: datetime, days: int, *, end_of_day: bool = False) -> datetime:
    """The same time by the clock on the wall, this many working days later (earlier, when negative).

    With `end_of_day` it is the end of that day's hours. Source of the rule: GLPI. Raises ValueError when no working
    day is in sight, and for an instant as `elapsed`.
    """
    wall = wall_time(_known(start, "the start"), calendar.zone)
    day = wall.date()
    if days or (end_of_day and not working_day(calendar, day)):
        day = _working_day_after(calendar, day, days or 1)
    if not end_of_day:
        return to_instant(datetime.combine(day, wall.time()), calendar.zone)
    midnight = datetime.combine(day, datetime.min.time())
    return to_instant(midnight + max(end for _, end in calendar.spans_on(day)), calendar.zone)


def _working_day_after(calendar: Calendar, day: date, days: int) -> date:
    try:
        found = add_working_days(calendar, day, days) if abs(days) <= MOST_DAYS else None
    except OverflowError:
        found = None
    if found is None:
        raise ValueError(f"{_named(calendar)} has no {abs(days)} working days in sight of {day}")
    return found


def counted(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Interval]:
    """The working behind an answer: the open intervals between two instants. Raises ValueError as `elapsed`."""
    elapsed(calendar, start, end)
    return open_intervals(calendar, start, end) if start < end else iter(())


def in_hours(length: timedelta) -> str:
    """An amount of open time as people say it, `36h30m`: in hours, since a day of it has as many as the calendar."""
    if length < _NOTHING:
        return f"-{in_hours(-length)}"
    seconds = round(length.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def _known(instant: datetime, what: str) -> datetime:
    at = instant if instant.tzinfo is UTC else require_aware(instant, what)
    if _FIRST <= at < _LAST:
        return at
    raise ValueError(f"{what} is no time of a service: {at.isoformat()}; it lies between 1900 and 2900")


def _amount(length: timedelta) -> timedelta:
    if length < _NOTHING:
        raise ValueError(f"an amount of business time cannot be negative: {in_hours(length)}")
    if length > LONGEST:
        raise ValueError(f"{in_hours(length)} of business time are more than 100 years")
    return length


def _reaches_back(ruler: Ruler, end: datetime, length: timedelta) -> bool:
    return bool(ruler.starts) and ruler.starts[0] < end and ruler.mark(end) >= length


def _never_open(calendar: Calendar, length: timedelta, where: str) -> str:
    amount = f" for {in_hours(length)}" if length else ""
    return f"{_named(calendar)} is not open{amount} in the hundred years {where}"


def _named(calendar: Calendar) -> str:
    return f"the calendar {calendar.name}" if calendar.name else "the calendar"


def _ruler(calendar: Calendar, first: datetime, last: datetime) -> Ruler:
    """A ruler with both instants on it; the calendar's own, made longer when it is too short."""
    known = _rulers.get(id(calendar))
    if known is not None and known.since <= first and last < known.until:
        return known
    since, until = max(_midnight(first) - _DAY, _FIRST), min(_midnight(min(last, _LAST - _DAY)) + _STEP, _LAST)
    if known is not None and max(until, known.until) - min(since, known.since) <= 2 * LONGEST:
        ruler = _longer(known, min(since, known.since), max(until, known.until))
    else:
        ruler = Ruler(calendar, since, until, open_intervals(calendar, since, until))
    if len(_rulers) >= _KEPT_RULERS:
        _rulers.clear()
    _rulers[id(calendar)] = ruler
    return ruler


def _longer(known: Ruler, since: datetime, until: datetime) -> Ruler:
    """The same ruler with what is missing at its two ends."""
    intervals = chain(
        open_intervals(known.calendar, since, known.since),
        zip(known.starts, known.ends, strict=True),
        open_intervals(known.calendar, known.until, until),
    )
    return Ruler(known.calendar, since, until, intervals)


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.date(), datetime.min.time(), UTC)
