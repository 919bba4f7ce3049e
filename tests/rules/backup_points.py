"""Short ways to write restore points in the tables of these tests."""

from datetime import datetime, timedelta

from models.rules.restore_points import Point
from models.vocabulary import PointState
from tests.rules.moments import utc

NOW = utc("2026-11-21 06:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

_STATES = {
    "t": PointState.TAKEN,
    "l": PointState.LISTED,
    "r": PointState.READ_CHECKED,
    "P": PointState.PROVEN,
    "b": PointState.BAD,
    "x": PointState.EXPIRED,
}


def daily(states: str, newest: datetime = NOW - HOUR, plan: str = "shop") -> tuple[Point, ...]:
    """One point a day, newest first, by the first letter of its state (P is proven); named p0, p1, ..."""
    return tuple(
        Point(f"p{number}", plan, newest - number * DAY, _STATES[letter]) for number, letter in enumerate(states)
    )


def keys(points) -> str:
    """`p0 p3`: the names of points, or of what is said about them."""
    return " ".join(getattr(item, "point", item).key for item in points)
