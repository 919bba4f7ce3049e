"""Short ways to write moments in the tables of these tests."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def utc(text: str) -> datetime:
    """`2026-03-29 02:30` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    """A moment by the clock on the wall, the first of two when it exists twice."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wall(text: str) -> datetime:
    """A wall time that belongs to no zone yet."""
    return datetime.fromisoformat(text)
