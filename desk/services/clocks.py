"""Business time of the site's calendars: when something is due, how much has elapsed, and the working behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desk.services.errors import Misuse
from models.rules import business_time
from models.rules.calendars import Calendar
from models.rules.durations import parse_duration
from models.rules.wall_clock import to_instant, zone_of
from models.site.loading import load_site
from models.site.references import Kind
from models.site.site import Site


@dataclass(frozen=True)
class Stretch:
    """One open stretch that was counted, and the open time up to its end."""

    since: datetime
    until: datetime
    counted: timedelta
    total: timedelta


@dataclass(frozen=True)
class DueTime:
    """When an amount of open time is used up."""

    calendar: str
    timezone: str
    start: datetime
    length: timedelta
    due: datetime
    working: tuple[Stretch, ...]


@dataclass(frozen=True)
class ElapsedTime:
    """How much open time lies between two instants."""

    calendar: str
    timezone: str
    start: datetime
    end: datetime
    elapsed: timedelta
    working: tuple[Stretch, ...]


def due_time(folder: Path, name: str, start: str, length: str) -> DueTime:
    """When so much open time of a calendar has passed since a time. Raises SiteError, NotFound and Misuse."""
    site = load_site(folder)
    calendar, since = _calendar(site, name), _instant("--start", start, site.timezone)
    try:
        amount = parse_duration(length)
    except (ValueError, OverflowError) as error:
        raise Misuse(f"--for: {error}") from None
    try:
        found = business_time.due(calendar, since, amount)
        return DueTime(name, site.timezone, since, amount, found, tuple(_working(calendar, since, found)))
    except ValueError as error:
        raise Misuse(str(error)) from None


def elapsed_time(folder: Path, name: str, start: str, end: str) -> ElapsedTime:
    """How much open time of a calendar lies between two times; none when the end is not after the start.

    Raises SiteError, NotFound and Misuse.
    """
    site = load_site(folder)
    calendar = _calendar(site, name)
    since, until = _instant("--start", start, site.timezone), _instant("--end", end, site.timezone)
    try:
        found = business_time.elapsed(calendar, since, until)
        return ElapsedTime(name, site.timezone, since, until, found, tuple(_working(calendar, since, until)))
    except ValueError as error:
        raise Misuse(str(error)) from None


def _calendar(site: Site, name: str) -> Calendar:
    site.entry(Kind.CALENDAR, name)
    return site.calendars[name]


def _instant(option: str, text: str, zone: str) -> datetime:
    """A time in the site's zone when it names no own one, as the instant in UTC. Raises Misuse for what is none."""
    try:
        wall = datetime.fromisoformat(text.strip())
        return wall.astimezone(UTC) if wall.tzinfo else to_instant(wall, zone_of(zone))
    except (ValueError, OverflowError):
        raise Misuse(f"{option} {text!r} is not a time: write '2026-11-22 06:00', or 2026-11-22T05:00:00Z") from None


def _working(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Stretch]:
    total = timedelta(0)
    for since, until in business_time.counted(calendar, start, end):
        total += until - since
        yield Stretch(since, until, until - since, total)
