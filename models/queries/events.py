"""Events: received once, found by name and time, and the one that releases a slot."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import journal
from models.records import Event, Slot
from models.rules.events import EventSpan, NewEvent, event_problems, span_of
from models.site.jobs import EventWait


def receive(session: Session, new: NewEvent, person: str, now: datetime) -> tuple[Event, bool]:
    """Record an event, with its line in the journal. Gives the one that is there when name and key are known already.

    The second value says whether it is new. Raises Refused with everything that is wrong with it.
    """
    problems = list(event_problems(new))
    if problems:
        raise Refused("; ".join(problems))
    known = _known(session, new)
    if known is not None:
        return known, False
    event = Event(
        name=new.name,
        source=new.source,
        text=new.text,
        facts=dict(new.facts),
        received_at=now,
        sent_by=person,
        key=new.key,
    )
    try:
        with session.begin_nested():
            session.add(event)
    except IntegrityError:
        # On PostgreSQL somebody else may send the same at this very moment.
        known = _known(session, new)
        if known is None:
            raise
        return known, False
    facts = {"name": event.name, "source": event.source, "key": event.key}
    journal.append(session, journal.Fact("events:event:receive", f"event/{event.id}", person, facts=facts))
    return event, True


def _known(session: Session, new: NewEvent) -> Event | None:
    if new.key is None:
        return None
    return session.scalars(select(Event).where(Event.name == new.name, Event.key == new.key)).one_or_none()


def recent(session: Session, name: str | None, since: datetime, most: int) -> list[Event]:
    """The newest events, newest first; of one name, or all."""
    query = select(Event).where(Event.received_at >= since).order_by(Event.received_at.desc(), Event.id.desc())
    if name is not None:
        query = query.where(Event.name == name)
    return list(session.scalars(query.limit(most)))


def released(session: Session, events: Iterable[int]) -> dict[int, list[Slot]]:
    """The slots that each of these events released."""
    found: dict[int, list[Slot]] = {}
    for slot in session.scalars(select(Slot).where(Slot.event_id.in_(list(events))).order_by(Slot.due_at, Slot.job)):
        found.setdefault(slot.event_id or 0, []).append(slot)
    return found


def span_for(session: Session, slot: Slot, wait: EventWait) -> EventSpan:
    """When the event of this slot may come."""
    previous = select(func.max(Slot.due_at)).where(Slot.job == slot.job, Slot.due_at < slot.due_at)
    return span_of(slot.due_at, session.scalar(previous), wait.within, wait.up_to)


def first_for(session: Session, slot: Slot, name: str, span: EventSpan, taken: Collection[int]) -> Event | None:
    """The oldest event that counts for a slot and released none of its job; `taken` ones are promised to others."""
    used = select(Slot.id).where(Slot.event_id == Event.id, Slot.job == slot.job)
    query = select(Event).where(
        Event.name == name,
        Event.received_at >= span.opens,
        Event.received_at <= span.closes,
        Event.id.not_in(list(taken)),
        ~used.exists(),
    )
    return session.scalars(query.order_by(Event.received_at, Event.id).limit(1)).first()
