"""The months of a report: the one that is asked for, and those before it to compare with."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models.rules.wall_clock import to_instant, wall_time

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
LAST, THIS = "last month", "this month"
SATURDAY = 5


@dataclass(frozen=True)
class TimeWindow:
    """From `since` up to, not including, `until`."""

    since: datetime
    until: datetime
    name: str
    """`Nov 2026`, or the day on which it began."""
    is_whole: bool = True
    """It is not cut off by the present."""


def month_named(text: str, now: datetime, zone: ZoneInfo) -> TimeWindow:
    """`2026-11`, `last month` or `this month`, which ends now, in a zone. Raises ValueError for anything else."""
    year, month = _asked(text, now.astimezone(zone))
    since = _first(year, month, zone)
    if since >= now:
        raise ValueError(f"{text} has not begun: there is nothing to tell yet")
    return _month(since, now, zone)


def windows_before(since: datetime, until: datetime, zone: ZoneInfo, number: int) -> tuple[TimeWindow, ...]:
    """The window itself, last, and as many before it as make `number`: months for a month, else spans of its length."""
    local = since.astimezone(zone)
    if since == _first(local.year, local.month, zone) and until <= _first(local.year, local.month + 1, zone):
        whole = until == _first(local.year, local.month + 1, zone)
        months = [_first(local.year, local.month - back, zone) for back in range(number - 1, 0, -1)]
        earlier = [_month(first, since, zone) for first in months]
        return (*earlier, TimeWindow(since, until, f"{local:%b %Y}", whole))
    length = until - since
    starts = [since - back * length for back in range(number - 1, -1, -1)]
    return tuple(TimeWindow(start, start + length, f"{start.astimezone(zone):%-d %b}") for start in starts)


def _asked(text: str, now: datetime) -> tuple[int, int]:
    if text == THIS:
        return now.year, now.month
    if text == LAST:
        return now.year, now.month - 1
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1970 <= int(found[1]) <= 9000:
        raise ValueError(f"{text!r} is no month: write 2026-11, {LAST!r} or {THIS!r}")
    return int(found[1]), int(found[2])


def _first(year: int, month: int, zone: ZoneInfo) -> datetime:
    """The beginning of a month; month 0 is the December before, month 13 the January after."""
    year, index = divmod(year * 12 + month - 1, 12)
    return to_instant(datetime(year, index + 1, 1), zone)  # noqa: DTZ001 - a time on the wall


def _month(since: datetime, now: datetime, zone: ZoneInfo) -> TimeWindow:
    local = since.astimezone(zone)
    end = _first(local.year, local.month + 1, zone)
    return TimeWindow(since, min(end, now), f"{local:%b %Y}", end <= now)


def working_days_after(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day so many working days (Monday to Friday) later, in a zone."""
    wall = wall_time(instant, zone)
    while days > 0:
        wall += timedelta(days=1)
        days -= wall.weekday() < SATURDAY
    return to_instant(wall, zone)
