"""How content callers are: asked once for each ticket, answered by whoever has the link."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import journal, tickets
from models.records import Survey, Ticket
from models.rules.incidents import fitting_text

SCORES = range(1, 6)


def ask(session: Session, ticket_id: int, person: str, now: datetime) -> Survey:
    """The survey of a ticket; one that was asked before stays."""
    known = of_ticket(session, ticket_id)
    if known is not None:
        return known
    survey = Survey(ticket_id=ticket_id, person=person, asked_at=now)
    session.add(survey)
    session.flush()
    return survey


def of_ticket(session: Session, ticket_id: int) -> Survey | None:
    """What the caller of a ticket was asked, and answered."""
    return session.scalar(select(Survey).where(Survey.ticket_id == ticket_id))


def answer(session: Session, token: str, score: int, words: str, now: datetime) -> Survey:
    """Write an answer down. Raises NotFound for an unknown token, Refused for a second answer or another score."""
    survey = session.scalar(select(Survey).where(Survey.token == token))
    if survey is None:
        raise NotFound("this link belongs to no survey: it may be cut")
    if survey.answered_at is not None:
        raise Refused("this survey was answered before; the first answer counts")
    if score not in SCORES:
        raise Refused(f"{score} is no score: say 1 (bad) to 5 (good)")
    survey.answered_at, survey.score, survey.words = now, score, fitting_text(words)
    ticket = session.get_one(Ticket, survey.ticket_id)
    fact = journal.Fact(
        "surveys:survey:answer", tickets.subject_of(ticket), survey.person, facts={"score": score}, at=now
    )
    journal.append(session, fact)
    return survey
