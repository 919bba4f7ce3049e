"""When a job is due: cron, interval, recurrence rule or nth working day, as UTC instants.

cronsim matches cron fields on plain wall time; the daylight saving rule is ours and one for all kinds (wall_clock):
a job at a set time runs once a day, in a gap at the first valid moment after; a cron line whose minute or hour
begins with a star, an hourly rule and an interval go by elapsed time. Checked against Debian's semantics in
tests/vectors/cron.json.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from models.rules.calendars import Calendar, add_working_days, nth_working_day
from models.rules.durations import Duration
from models.rules.field_error import FieldError, under
from models.rules.recurrence import check_rule, elapsed_of, wall_times
from models.rules.wall_clock import instants_of, require_aware, to_instant, wall_time, zone_of

# A Monday, so that `every: 7d` without an anchor means Mondays at midnight on the wall.
EPOCH = datetime(2001, 1, 1)  # noqa: DTZ001 - wall time in the schedule's own zone
_KINDS = ("cron", "every", "rrule", "business_day")
_MOST_WORKING_DAYS = 23
_LONGEST_OFFSET = 31
_CRON_HINT = 'write five fields: minute hour day month weekday, such as "30 2 * * mon-fri"'


@dataclass(frozen=True)
class Schedule:
    """When a job is due: exactly one of cron, every, rrule and business_day. No zone given means the site's.

    `offset_days` and `offset_working_days` move each day of a cron line at a set time, a daily or longer rule or a
    working day ("two days after the second Tuesday").
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    cron: str | None = None
    every: Duration | None = None
    rrule: str | None = None
    business_day: int | None = None
    timezone: str | None = None
    anchor: datetime | None = None
    start: datetime | None = None
    at: time | None = None
    calendar: str | None = None
    offset_days: int = 0
    offset_working_days: int = 0

    def __post_init__(self) -> None:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"a schedule has exactly one of {', '.join(_KINDS)}; given: {', '.join(given) or 'none'}")
        with under("timezone"):
            zone_of(self.timezone)
        _check_fields(self, given[0])
        with under(given[0]):
            _check_kind(self)
        _check_offset(self)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the schedule's wall clock."""
        return zone_of(self.timezone)

    @property
    def is_elapsed(self) -> bool:
        """Whether it goes by elapsed time rather than by set times of the day."""
        if self.cron is not None:
            minute, hour = self.cron.split()[:2]
            return minute.startswith("*") or hour.startswith("*")
        return self.every is not None or (self.rrule is not None and self._arithmetic() is not None)

    def _arithmetic(self) -> tuple[datetime, timedelta, datetime | None] | None:
        if self.every is not None:
            anchor = self.anchor or EPOCH
            return anchor if anchor.tzinfo else to_instant(anchor, self.zone), self.every, None
        found = elapsed_of(self.rrule or "", self.start or EPOCH, self.zone)
        return (found.anchor, found.step, found.last) if found else None


def due_times(
    schedule: Schedule, after: datetime, until: datetime, calendars: Mapping[str, Calendar] | None = None
) -> Iterator[datetime]:
    """Each due instant in UTC, strictly after `after`, up to and including `until`, ascending, none twice."""
    for instant, _ in due_with_walls(schedule, after, until, calendars or {}):
        yield instant


def due_with_walls(
    schedule: Schedule, after: datetime, until: datetime, calendars: Mapping[str, Calendar]
) -> Iterator[tuple[datetime, datetime]]:
    """The due times, each with the wall time that the schedule names; in a gap the two differ."""
    last, end = require_aware(after, "the start"), require_aware(until, "the end")
    if schedule.is_elapsed:
        pairs = ((instant, wall_time(instant, schedule.zone)) for instant in _elapsed(schedule, last))
    else:
        walls = _offset(_walls(schedule, last, end, calendars), schedule, calendars)
        pairs = ((to_instant(wall, schedule.zone), wall) for wall in walls)
    for instant, wall in pairs:
        if instant > end:
            return
        if instant > last:
            last = instant
            yield instant, wall


def _elapsed(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Due instants of a schedule that goes by elapsed time, from somewhat before `after` on, ascending."""
    if schedule.cron is None:
        yield from _stepped(schedule, after)
        return
    first = wall_time(after, schedule.zone) - _margin(schedule, after, schedule.zone)
    yield from _each_showing(CronSim(schedule.cron, first), schedule.zone)


def _walls(
    schedule: Schedule, after: datetime, until: datetime, calendars: Mapping[str, Calendar]
) -> Iterator[datetime]:
    """Wall times of a schedule at set times, from somewhat before `after` on, ascending; offsets not yet added."""
    zone = schedule.zone
    first = wall_time(after, zone) - _margin(schedule, after, zone)
    if schedule.cron is not None:
        return CronSim(schedule.cron, first)
    if schedule.rrule is not None:
        return wall_times(schedule.rrule, schedule.start or EPOCH, first, zone)
    return _business_days(schedule, first, wall_time(until, zone), _calendar(schedule, calendars))


def _stepped(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    elapsed = schedule._arithmetic()
    if elapsed is None:
        return
    anchor, step, last = elapsed
    count = (after - anchor) // step + 1
    if schedule.rrule is not None:
        count = max(0, count)  # a rule begins at its start; an interval has no beginning
    instant = anchor + count * step
    while last is None or instant <= last:
        yield require_aware(instant, "the anchor")
        instant += step


def _margin(schedule: Schedule, after: datetime, zone: ZoneInfo) -> timedelta:
    """How far before `after` to begin: past a clock change nearby, and past the longest move of a day."""
    days = abs(schedule.offset_days)
    if schedule.offset_working_days:
        days += 31 + 14 * abs(schedule.offset_working_days)
    around = {(after + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in (-25, -1, 0, 1, 25)}
    return timedelta(days=days, hours=26 if len(around) > 1 else 0, seconds=1)


def _each_showing(walls: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """Every instant at which the clock shows one of the wall times, the second pass of an overlap after the first."""
    again: deque[datetime] = deque()
    for wall in walls:
        instants = instants_of(wall, zone)
        while again and instants and again[0] < instants[0]:
            yield again.popleft()
        yield from instants[:1]
        again.extend(instants[1:])
    yield from again


def _business_days(schedule: Schedule, first: datetime, last: datetime, calendar: Calendar) -> Iterator[datetime]:
    month = date(first.year, first.month, 1) - timedelta(days=1)
    stop = last.date() + timedelta(days=abs(schedule.offset_days) + 31)
    while month <= stop:
        day = nth_working_day(calendar, month.year, month.month, schedule.business_day or 0)
        if day is not None:
            yield datetime.combine(day, schedule.at or time(0))
        month = (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _offset(walls: Iterator[datetime], schedule: Schedule, calendars: Mapping[str, Calendar]) -> Iterator[datetime]:
    for wall in walls:
        day: date | None = wall.date() + timedelta(days=schedule.offset_days)
        if schedule.offset_working_days and day is not None:
            day = add_working_days(_calendar(schedule, calendars), day, schedule.offset_working_days)
        if day is not None:
            yield datetime.combine(day, wall.time())


def _calendar(schedule: Schedule, calendars: Mapping[str, Calendar]) -> Calendar:
    found = calendars.get(schedule.calendar or "")
    if found is None:
        known = ", ".join(sorted(calendars)) or "none"
        raise ValueError(f'there is no calendar "{schedule.calendar}"; known: {known}')
    return found


def _check_fields(schedule: Schedule, kind: str) -> None:
    """Refuses a field that belongs to another kind of schedule."""
    owners = {
        "anchor": ("every",),
        "start": ("rrule",),
        "at": ("business_day",),
        "calendar": _KINDS if schedule.offset_working_days else ("business_day",),
    }
    for name, kinds in owners.items():
        if getattr(schedule, name) is not None and kind not in kinds:
            raise FieldError(name, f"`{name}` goes with {' or '.join(kinds)}, not with {kind}")


def _check_kind(schedule: Schedule) -> None:
    if schedule.cron is not None:
        _check_cron(schedule.cron)
    elif schedule.every is not None:
        if schedule.every < timedelta(seconds=1):
            raise ValueError("`every` is at least 1s")
    elif schedule.rrule is not None:
        if schedule.start is not None and schedule.start.tzinfo is not None:
            raise FieldError("start", "`start` is local wall time in the schedule's time zone: leave the offset out")
        check_rule(schedule.rrule, schedule.start or EPOCH, schedule.zone)
    else:
        _check_business_day(schedule)


def _check_cron(line: str) -> None:
    if line.strip().startswith("@"):
        raise ValueError(f'"{line}" is a nickname that cannot be used here; {_CRON_HINT}')
    if len(line.split()) != 5:
        raise ValueError(f'"{line}" has {len(line.split())} fields; {_CRON_HINT}')
    try:
        next(CronSim(line, EPOCH))
    except CronSimError as error:
        raise ValueError(f'"{line}" is not a cron line ({str(error).lower()}); {_CRON_HINT}') from None
    except StopIteration:
        raise ValueError(f'"{line}" would never be due') from None


def _check_business_day(schedule: Schedule) -> None:
    most = _MOST_WORKING_DAYS
    if not 1 <= abs(schedule.business_day or 0) <= most:
        raise ValueError(f"business_day is 1 to {most}, or -1 to -{most} from the end of the month")
    if schedule.at is None or schedule.at.tzinfo is not None:
        raise ValueError("business_day needs `at`: a wall time such as 06:30, without an offset")
    if schedule.calendar is None:
        raise ValueError("business_day needs `calendar`: the one whose working days count")


def _check_offset(schedule: Schedule) -> None:
    key = "offset_working_days" if schedule.offset_working_days else "offset_days"
    if not getattr(schedule, key):
        return
    if schedule.is_elapsed:
        raise FieldError(key, "an offset in days needs a schedule at set times of the day")
    if schedule.offset_working_days and schedule.calendar is None:
        raise FieldError(key, "offset_working_days needs `calendar`: the one whose working days count")
    if max(abs(schedule.offset_days), abs(schedule.offset_working_days)) > _LONGEST_OFFSET:
        raise FieldError(key, f"an offset is at most {_LONGEST_OFFSET} days")
