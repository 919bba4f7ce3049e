"""What all tickets have: notes and links."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.queries import journal
from models.records import Ticket, TicketLink, WorkNote
from models.rules.incidents import fitting_text
from models.vocabulary import LinkVerb, TicketKind

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
    query = select(TicketLink.id).where(
        TicketLink.ticket_id == link.ticket_id, TicketLink.verb == link.verb, TicketLink.target == link.target
    )
    if session.scalar(query) is not None:
        return False
    session.add(link)
    session.flush()
    _tell(session, "link", link, link.linked_by, link.linked_at)
    return True


def remove_link(session: Session, link: TicketLink, person: str, now: datetime) -> None:
    """Undo a link; the journal keeps that there was one."""
    session.execute(delete(TicketLink).where(TicketLink.id == link.id))
    _tell(session, "unlink", link, person, now)


def links_of(session: Session, ticket_id: int, verb: LinkVerb | None = None) -> list[TicketLink]:
    """How a ticket stands to other things, in the order in which that was said."""
    query = select(TicketLink).where(TicketLink.ticket_id == ticket_id).order_by(TicketLink.id)
    return list(session.scalars(query if verb is None else query.where(TicketLink.verb == verb)))


def links_to(session: Session, target: str, verb: LinkVerb | None = None) -> list[TicketLink]:
    """How tickets stand to one thing (`incident/12`, `run/7`), in the order in which that was said."""
    query = select(TicketLink).where(TicketLink.target == target).order_by(TicketLink.id)
    return list(session.scalars(query if verb is None else query.where(TicketLink.verb == verb)))


def _tell(session: Session, act: str, link: TicketLink, person: str, at: datetime) -> None:
    """In the journal of the ticket, and of the other one when it is a ticket, too."""
    ticket = session.get_one(Ticket, link.ticket_id)
    tag, subject = f"{ticket.kind.value}s:{ticket.kind.value}:{act}", subject_of(ticket)
    facts = {"verb": link.verb.value, "target": link.target}
    journal.append(session, journal.Fact(tag, subject, person, facts=facts, at=at))
    kind = link.target.partition("/")[0]
    if kind in set(TicketKind):
        seen = {"verb": SEEN_FROM_THERE[link.verb], "target": subject}
        journal.append(session, journal.Fact(f"{kind}s:{kind}:{act}", link.target, person, facts=seen, at=at))
