"""What all tickets have: notes and links."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.queries import journal
from models.queries.states import Because
from models.records import Ticket, TicketLink, WorkNote
from models.rules.incidents import fitting_text
from models.vocabulary import LinkVerb, TicketKind

MOST_AT_ONCE = 500
"""So many keys of one query: both databases take them."""
Thing = TypeVar("Thing")
SEEN_FROM_THERE = {
    LinkVerb.PARENT_OF: "part of",
    LinkVerb.DUPLICATE_OF: "original of",
    LinkVerb.CAUSED_BY: "cause of",
    LinkVerb.RELATED_TO: "related to",
}
"""A link as the thing at its other end has it."""


def subject_of(ticket: Ticket) -> str:
    """The ticket as the journal and the links name it: `incident/12`."""
    return f"{ticket.kind.value}/{ticket.id}"


def add_note(session: Session, note: WorkNote) -> WorkNote:
    """Write on a ticket; its text is cut to what is kept."""
    note.text = fitting_text(note.text)
    session.add(note)
    session.flush()
    ticket = session.get_one(Ticket, note.ticket_id)
    facts = {"note": note.id, "public": note.is_public, "audience": note.audience}
    tag = f"{ticket.kind.value}s:{ticket.kind.value}:note"
    journal.append(session, journal.Fact(tag, subject_of(ticket), note.person, facts=facts, at=note.at))
    return note


def notes_of(session: Session, ticket_id: int, *, public_only: bool = False) -> list[WorkNote]:
    """The notes of a ticket, oldest first."""
    query = select(WorkNote).where(WorkNote.ticket_id == ticket_id).order_by(WorkNote.id)
    return list(session.scalars(query.where(WorkNote.is_public) if public_only else query))


def add_link(session: Session, link: TicketLink) -> bool:
    """Link a ticket with another thing. Returns False when that is so already."""
    return bool(add_links(session, [link]))


def add_links(session: Session, links: Sequence[TicketLink], reason: str | None = None) -> list[TicketLink]:
    """The same for many at once, and why. Gives the links that are new."""
    wanted = {(link.ticket_id, link.verb, link.target): link for link in links}
    for batch in batches(links):
        known = select(TicketLink.ticket_id, TicketLink.verb, TicketLink.target).where(
            TicketLink.ticket_id.in_([link.ticket_id for link in batch]),
            TicketLink.target.in_({link.target for link in batch}),
        )
        for key in session.execute(known).tuples():
            wanted.pop(key, None)
    session.add_all(wanted.values())
    session.flush()
    for link in wanted.values():
        _tell(session, "link", link, Because(link.linked_by, reason, at=link.linked_at))
    return list(wanted.values())


def remove_link(session: Session, link: TicketLink, person: str, now: datetime) -> None:
    """Undo a link; the journal keeps that there was one."""
    remove_links(session, [link], Because(person), now)


def remove_links(session: Session, links: Sequence[TicketLink], because: Because, now: datetime) -> None:
    """The same for many at once, and why."""
    for batch in batches(links):
        session.execute(delete(TicketLink).where(TicketLink.id.in_([link.id for link in batch])))
    for link in links:
        _tell(session, "unlink", link, replace(because, at=now))


def links_of(session: Session, ticket_id: int, verb: LinkVerb | None = None) -> list[TicketLink]:
    """How a ticket stands to other things, in the order in which that was said."""
    query = select(TicketLink).where(TicketLink.ticket_id == ticket_id).order_by(TicketLink.id)
    return list(session.scalars(query if verb is None else query.where(TicketLink.verb == verb)))


def links_to(session: Session, target: str, verb: LinkVerb | None = None) -> list[TicketLink]:
    """How tickets stand to one thing (`incident/12`, `run/7`), in the order in which that was said."""
    query = select(TicketLink).where(TicketLink.target == target).order_by(TicketLink.id)
    return list(session.scalars(query if verb is None else query.where(TicketLink.verb == verb)))


def batches(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    """Many things, as few at a time as one query takes."""
    for start in range(0, len(things), MOST_AT_ONCE):
        yield things[start : start + MOST_AT_ONCE]


def _tell(session: Session, act: str, link: TicketLink, because: Because) -> None:
    """In the journal of the ticket, and of the other one when it is a ticket, too."""
    ticket = session.get_one(Ticket, link.ticket_id)
    ends = [(ticket.kind.value, subject_of(ticket), link.verb.value, link.target)]
    kind = link.target.partition("/")[0]
    if kind in set(TicketKind):
        ends.append((kind, link.target, SEEN_FROM_THERE[link.verb], subject_of(ticket)))
    for kind, subject, verb, target in ends:
        fact = journal.Fact(
            tag=f"{kind}s:{kind}:{act}",
            subject=subject,
            actor=because.actor,
            reason=because.reason,
            facts={"verb": verb, "target": target},
            at=because.at,
        )
        journal.append(session, fact)
