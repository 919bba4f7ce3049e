"""What time a report is of: the last hours, or a month in the site's zone."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.queries.daily_operations.reading import read_site
from models.queries.daily_operations.standing import Period
from models.rules.trends.time_windows import month_named
from models.rules.wall_clock import zone_of


def period_of(session: Session, hours: int, month: str | None, now: datetime) -> Period:
    """The last hours, or the month that is named; one that is not over ends now.

    Raises ValueError for what is no month, and for one that has not begun.
    """
    if month is None:
        return Period(now - timedelta(hours=hours), now)
    window = month_named(month, now, zone_of(read_site(session).zone))
    return Period(window.since, window.until)
