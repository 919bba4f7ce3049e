"""What is said of a message that comes later than it should."""

from datetime import datetime, timedelta

from models.rules.durations import format_duration

LATE = timedelta(minutes=2)
"""What is found later than this was missed."""


def late_words(at: datetime, now: datetime) -> str:
    """The end of a sentence that tells of something at an instant; empty when it is told in time."""
    return f"; noticed {format_duration(now - at)} late: nobody looked in between" if now - at > LATE else ""
