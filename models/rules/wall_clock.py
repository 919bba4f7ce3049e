"""From the clock on the wall to one UTC instant, and back.

The house rule for daylight saving time (decision of the design, as Debian cron does it): a wall time that does
not exist stands for the first valid moment after it; one that exists twice stands for the first of the two.
The mapping never goes backwards: a later wall time never gives an earlier instant.
"""

import difflib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# Names that mean another zone on another machine, or no zone at all.
_NOT_PLACES = {"localtime", "posixrules", "Factory"}
_STAMP = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\dZ\b", re.ASCII)


@lru_cache(maxsize=512)
def zone_of(name: str | None) -> ZoneInfo:
    """The time zone with this name; None is UTC. Raises ValueError for a name that is none."""
    try:
        if name not in _NOT_PLACES:
            return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        pass  # not found, no key at all, or a folder of zones: one sentence for all
    near = difflib.get_close_matches(str(name), available_timezones(), 1, 0.7)
    hint = f'; did you mean "{near[0]}"?' if near else "; use a name such as Europe/Berlin or UTC"
    raise ValueError(f'"{name}" is not a time zone{hint}')


def require_aware(instant: datetime, what: str) -> datetime:
    """The instant in UTC. Raises ValueError when it carries no time zone."""
    if instant.tzinfo is None:
        raise ValueError(f"{what} has no time zone: {instant.isoformat()}")
    return instant.astimezone(UTC)


def wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows at this instant (naive)."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def to_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The one UTC instant that a wall time stands for."""
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_time(instant, zone) == wall:
        return instant
    return _end_of_gap(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone)


def stamp(instant: datetime) -> str:
    """An instant in the text of a rule, `2026-11-21T05:52Z`: whoever shows the text says it in the reader's zone."""
    return f"{require_aware(instant, 'an instant in a text'):%Y-%m-%dT%H:%MZ}"


def with_times(text: str, say: Callable[[datetime], str]) -> str:
    """The text with each stamp in it said as people say times; what only looks like a stamp stays."""

    def said(match: re.Match[str]) -> str:
        try:
            return say(datetime.fromisoformat(match[0]))
        except (ValueError, OverflowError):
            return match[0]

    return _STAMP.sub(said, text)


def in_zone(text: str, zone: str) -> str:
    """The text with each stamp in it as `2026-11-21 06:52 CET`: for a message that is read on its own."""
    return with_times(text, lambda instant: f"{instant.astimezone(zone_of(zone)):%Y-%m-%d %H:%M %Z}")


def instants_of(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Each UTC instant at which the clock shows this wall time: none in a gap, two in an overlap."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_time(first, zone) != wall:
        return ()
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return (first,) if second == first else (first, second)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the zone's offset changes between two instants on either side of it."""
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        same = (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset
        low, high = (middle, high) if same else (low, middle)
    return (before + timedelta(seconds=high)).replace(microsecond=0)
