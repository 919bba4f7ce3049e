"""When a step is reminded of, escalated and over: a function of its beginning, its calendar and now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules import business_time
from models.rules.approvals.schemes import Step
from models.rules.calendars import Calendar

MOST_REMINDERS = 10
"""Who has not answered so many does not answer the next."""


@dataclass(frozen=True)
class Waited:
    """Since when a step is open, and what was done about that."""

    since: datetime
    reminders: int = 0
    is_escalated: bool = False


@dataclass(frozen=True)
class Due:
    """What is due now, and when something is next."""

    reminders: int
    """How many there should have been by now; told in one."""
    remind: bool = False
    escalate: bool = False
    expire: bool = False
    next_at: datetime | None = None


def due(step: Step, calendar: Calendar, waited: Waited, now: datetime, *, nobody_may: bool = False) -> Due:
    """What to do about a step that waits. Where nobody may decide, it is escalated at once.

    Raises ValueError for a calendar that is not open for so long.
    """

    def at(length: timedelta) -> datetime:
        return business_time.due(calendar, waited.since, length)

    ends_at = at(step.expires_after) if step.expires_after is not None else None
    if ends_at is not None and ends_at <= now:
        return Due(waited.reminders, expire=True)
    coming = [ends_at]
    escalate = False
    if step.escalate_to and not waited.is_escalated:
        escalates_at = at(step.escalate_after) if step.escalate_after is not None else None
        escalate = nobody_may or (escalates_at is not None and escalates_at <= now)
        coming.append(None if escalate else escalates_at)
    reminders = waited.reminders
    while step.remind_after is not None and reminders < MOST_REMINDERS:
        next_at = at(step.remind_after * (reminders + 1))
        if next_at > now:
            coming.append(next_at)
            break
        reminders += 1
    return Due(
        reminders=reminders,
        remind=reminders > waited.reminders and not escalate,
        escalate=escalate,
        next_at=min((one for one in coming if one is not None), default=None),
    )


def expires_at(step: Step, calendar: Calendar, since: datetime) -> datetime | None:
    """When a step that opened then is over; None: never by itself. Raises ValueError as `due`."""
    return business_time.due(calendar, since, step.expires_after) if step.expires_after is not None else None
