"""The reply clock: how long a caller waits for words. It runs while the caller wrote last.

A second message of the caller does not move it, an answer of the desk ends it, the worst exchange is kept. With
`keep_in_loop` the desk owes the next words that long after its own last ones (sources: Zammad's update time, RT's
Response and KeepInLoop). Holds do not stop it; the end of the incident does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules.business_time import due, elapsed
from models.rules.calendars import Calendar


@dataclass(frozen=True, slots=True)
class Message:
    """Somebody wrote. An owner who is the caller, too, writes for the desk."""

    at: datetime
    from_desk: bool


@dataclass(frozen=True, slots=True)
class ReplyPromise:
    """How fast a caller is answered, in open time; and how long at most the desk is silent after its own words."""

    calendar: Calendar
    answer: timedelta
    keep_in_loop: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ReplyReading:
    """How the exchange stands."""

    due_at: datetime | None
    """When the desk must have written; None when nobody waits."""
    worst: timedelta | None
    """The longest that a caller waited for an answer, in open time; None before the first answer."""


def read_replies(messages: Iterable[Message], promise: ReplyPromise, ended_at: datetime | None = None) -> ReplyReading:
    """How the exchange stands after these messages, in their order; nothing is due once the incident has ended.

    Raises ValueError as business time does.
    """
    waiting: datetime | None = None
    answered: datetime | None = None
    worst: timedelta | None = None
    for message in messages:
        if not message.from_desk:
            waiting = waiting or message.at
            continue
        if waiting is not None:
            took = elapsed(promise.calendar, waiting, message.at)
            worst = took if worst is None else max(worst, took)
        waiting, answered = None, message.at
    due_at = None
    if ended_at is None and waiting is not None:
        due_at = due(promise.calendar, waiting, promise.answer)
    elif ended_at is None and answered is not None and promise.keep_in_loop is not None:
        due_at = due(promise.calendar, answered, promise.keep_in_loop)
    return ReplyReading(due_at, worst)
