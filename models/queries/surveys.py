"""How content callers are: asked once for each ticket, answered by whoever has the code."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import journal, tickets
from models.records import Survey, Ticket
from models.rules.incidents import text_problems

SCORES = range(1, 6)
_TOKEN = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Answer:
    """What a caller says: 1 (bad) to 5 (good), and why, if they like."""

    token: str
    score: int
    words: str = ""


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


def answer(session: Session, given: Answer, person: str, now: datetime) -> Survey:
    """Write an answer down; `person` brings it, for the caller or as the caller.

    Raises NotFound for an unknown token, Refused for a second answer, another score, or words that cannot be kept.
    """
    query = select(Survey).where(Survey.token == given.token).with_for_update()
    # Anything else than a token may be what no database compares with.
    survey = session.scalar(query) if _TOKEN.fullmatch(given.token) else None
    if survey is None:
        raise NotFound("no survey has this code: it may be cut; the mail about the closed incident has all of it")
    if survey.answered_at is not None:
        raise Refused("this survey was answered before; the first answer counts")
    if given.score not in SCORES:
        raise Refused(f"{given.score} is no score: say 1 (bad) to 5 (good)")
    words = given.words.strip()
    problems = list(text_problems("answer", words)) if words else []
    if problems:
        raise Refused("; ".join(problems))
    survey.answered_at, survey.score, survey.words = now, given.score, words
    ticket = session.get_one(Ticket, survey.ticket_id)
    facts = {"score": given.score, "caller": survey.person}
    fact = journal.Fact("surveys:survey:answer", tickets.subject_of(ticket), person, facts=facts, at=now)
    journal.append(session, fact)
    return survey
