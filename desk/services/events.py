"""Events: sent, with what each job makes of it; and what was received."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.services.errors import Misuse
from desk.services.small_words import hint
from models.database import Database
from models.queries import desk_runs, events
from models.queries.book import read_book
from models.queries.slots import WAITING
from models.records import Event, Slot
from models.rules.events import NewEvent, event_problems
from models.site.jobs import EventWait

MOST_SHOWN = 500


@dataclass(frozen=True)
class Released:
    """A slot that an event released."""

    job: str
    due_at: datetime


@dataclass(frozen=True)
class EventLine:
    """One event, and the slots that it released."""

    event: int
    name: str
    source: str | None
    text: str | None
    facts: dict[str, object]
    key: str | None
    received_at: datetime
    sent_by: str
    released: tuple[Released, ...]


@dataclass(frozen=True)
class Waiter:
    """A job that waits for events of a name, and the run for which this one counts."""

    job: str
    due_at: datetime | None
    """None: it counts for no run that is planned so far."""
    next_due_at: datetime | None = None
    """The run that this one came too early for."""
    next_opens_at: datetime | None = None
    """From when on events count for that run."""


@dataclass(frozen=True)
class Sent:
    """What became of an event that was sent."""

    timezone: str
    is_new: bool
    """False: the same name and key were received before, and nothing was changed."""
    event: EventLine
    jobs: tuple[Waiter, ...]
    """The jobs that wait for events of this name; none: no job of the site does."""
    hint: str


@dataclass(frozen=True)
class EventList:
    """Received events, newest first."""

    timezone: str
    since: datetime
    events: tuple[EventLine, ...]
    is_cut: bool
    """There are more than are listed."""


def send(database: Database, new: NewEvent, person: str, now: datetime) -> Sent:
    """Record an event. Raises Misuse for one that cannot be, NotFound when no site was ever applied."""
    problems = list(event_problems(new))
    if problems:
        raise Misuse("; ".join(problems))
    with database.read() as session:
        book = read_book(session)
    with database.write() as session:
        event, is_new = events.receive(session, new, person, now)
        waits = [(name, job.wait_for_event) for name, job in sorted(book.jobs.items()) if job.wait_for_event]
        jobs = [_waiter(session, job, wait, event) for job, wait in waits if wait.name == new.name]
        near = "" if jobs else hint(new.name, {wait.name for _, wait in waits})
        return Sent(book.timezone, is_new, _lines(session, [event])[0], tuple(jobs), near)


def _waiter(session: Session, job: str, wait: EventWait, event: Event) -> Waiter:
    """The slot of a job that the event released, or the one that it will when its time has come."""
    done = select(Slot.due_at).where(Slot.job == job, Slot.event_id == event.id)
    if (due := session.scalar(done)) is not None:
        return Waiter(job, due)
    taken: set[int] = set()
    for slot in session.scalars(select(Slot).where(Slot.job == job, Slot.state.in_(WAITING)).order_by(Slot.due_at)):
        span = events.span_for(session, slot, wait)
        if span.opens > event.received_at:
            return Waiter(job, None, slot.due_at, span.opens)
        first = events.first_for(session, slot, wait.name, span, taken)
        if first is not None and first.id == event.id:
            return Waiter(job, slot.due_at)
        taken |= {first.id} if first is not None else set()
    return Waiter(job, None)


def list_events(database: Database, name: str | None, since: datetime) -> EventList:
    """The newest events that were received since then, of one name or all."""
    with database.read() as session:
        found = events.recent(session, name, since, MOST_SHOWN + 1)
        zone = desk_runs.site_zone(session)
        return EventList(zone, since, tuple(_lines(session, found[:MOST_SHOWN])), len(found) > MOST_SHOWN)


def _lines(session: Session, found: list[Event]) -> list[EventLine]:
    slots = events.released(session, [event.id for event in found])
    return [
        EventLine(
            event=event.id,
            name=event.name,
            source=event.source,
            text=event.text,
            facts=dict(event.facts),
            key=event.key,
            received_at=event.received_at,
            sent_by=event.sent_by,
            released=tuple(Released(slot.job, slot.due_at) for slot in slots.get(event.id, ())),
        )
        for event in found
    ]
