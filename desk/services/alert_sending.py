"""A condition that a person tells from the command line: it goes the way of every sender's, through the inbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from desk.services.errors import Misuse
from models.database import Database
from models.queries import heartbeats, inbox, journal
from models.queries.book import read_book
from models.queries.inbox import Delivery
from models.rules.field_error import FieldError
from models.rules.incoming import Incoming, capped
from models.rules.incoming_bytes import to_bytes
from models.vocabulary import EventFormat, EventStatus, Severity

SOURCE = "command-line"
"""What rules know these events by, unless they say where they come from."""


@dataclass(frozen=True)
class Condition:
    """What is told of something that fires, or has ended."""

    name: str
    status: EventStatus
    severity: Severity
    source: str = ""
    text: str = ""
    key: str = ""
    """The same for the same condition; empty: the labels tell."""
    labels: Mapping[str, str] | None = None
    facts: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Taken:
    """What was put into the inbox."""

    request: int
    name: str
    status: EventStatus
    severity: Severity
    is_awake: bool
    """Whether the part `events`, which works the inbox off, gave a sign of life lately."""


def send_condition(database: Database, told: Condition, person: str, now: datetime) -> Taken:
    """Put it into the inbox. Raises Misuse for what cannot be kept, NotFound when no site was ever applied."""
    event = Incoming(
        format=EventFormat.WATCHBILL.value,
        name=told.name,
        status=told.status,
        severity=told.severity,
        source=told.source,
        key=told.key,
        text=told.text,
        labels=dict(told.labels or {}),
        facts=dict(told.facts or {}),
        via="command line",
    )
    try:
        kept = capped(event)
    except FieldError as error:
        raise Misuse(str(error)) from None
    with database.write() as session:
        read_book(session)
        delivery = Delivery(SOURCE, EventFormat.WATCHBILL, 1, to_bytes([kept]), now)
        # Without a key every request is a new one, and has a number.
        (number,) = filter(None, inbox.put(session, [delivery]))
        facts = {"name": kept.name, "status": kept.status.value, "severity": kept.severity.value}
        journal.append(session, journal.Fact("events:inbox:send", f"inbox/{number}", person, facts=facts, at=now))
        is_awake = not any(part.is_silent for part in heartbeats.judge(session, now) if part.name == "events")
    return Taken(number, kept.name, kept.status, kept.severity, is_awake)
