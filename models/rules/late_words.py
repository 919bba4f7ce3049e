"""What is said of a message that comes later than it should."""

from datetime import datetime, timedelta

from models.rules.durations import format_duration

LATE = timedelta(minutes=2)
"""What is done later than this was missed."""


def late_words(due_at: datetime | None, now: datetime) -> str:
    """The end of a sentence about something that should have been looked at before; empty when it is in time.

    What another priority or other terms put into the past is not late: it was looked at as soon as it was so.
    """
    if due_at is None or now - due_at <= LATE:
        return ""
    return f"; noticed {format_duration(now - due_at)} late: nobody looked in between"
