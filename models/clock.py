"""The only place that asks what time it is. Rules never do: they are given `now`."""

from datetime import UTC, datetime


def now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)
