"""What comes back after a fix: it reopens the problem with the evidence, and is helped like all its incidents.

An incident counts when it came within the watch, however late that is seen: one that was opened and belongs to the
problem, or one of the problem that was reopened. Drills, duplicates, cancelled and imported ones are not looked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from models.queries import journal, problem_links, problem_news, tickets
from models.queries.problem_publishing import tell_latecomers
from models.queries.problem_steps import reopen
from models.queries.states import Because
from models.records import ImportedTicket, Incident, JournalRow, KnownError, KnownErrorUse, Problem, Ticket
from models.rules.durations import format_duration
from models.rules.incidents import ticket_number
from models.rules.known_errors import known_error_number
from models.vocabulary import ProblemState, TicketKind

WATCH = "watch"
REOPENED = "incidents:incident:reopen"
KNOWN_AT_LEAST = 2
"""Of service, host and category: one alone is no likeness."""


@dataclass(frozen=True)
class Joining:
    """An incident that belongs to a problem, and why; when it came, or came again."""

    incident: Incident
    why: str
    at: datetime
    came: str = "came"


def join(
    session: Session, problem: Problem, joining: Sequence[Joining], because: Because, now: datetime
) -> list[Incident]:
    """Link incidents with their problem: one of after its fix reopens it, open ones hear of its workaround.

    Gives those of which nobody had said that they belong to it.
    """
    new = problem_links.add(session, problem, [one.incident for one in joining], because, now)
    for one in joining:
        if one.incident in new:
            _came_back(session, problem, one, now)
    tell_latecomers(session, problem, new, because.actor, now)
    return new


def check(session: Session, problem: Problem, now: datetime) -> None:
    """Link what came within the watch, and reopen the problem when anything did, or came again."""
    join(session, problem, _opened(session, problem), Because(WATCH), now)
    for one in _reopened(session, problem):
        _came_back(session, problem, one, now)


def _came_back(session: Session, problem: Problem, one: Joining, now: datetime) -> None:
    """Reopen the problem, with the evidence, when this came after its fix."""
    is_fixed = problem.state in (ProblemState.WATCHING, ProblemState.RESOLVED)
    if not is_fixed or one.incident.is_drill or problem.fixed_at is None or one.at <= problem.fixed_at:
        return
    after = one.at - problem.fixed_at
    facts = {
        "incident": tickets.subject_of(one.incident),
        "after_seconds": round(after.total_seconds()),
        "why": one.why,
    }
    fact = journal.Fact("problems:problem:recur", tickets.subject_of(problem), WATCH, facts=facts, at=now)
    journal.append(session, fact)
    because = Because(WATCH, f"{one.incident.number} {one.came} {format_duration(after)} after the fix: {one.why}")
    reopen(session, problem, because, now)
    problem_news.moved(session, problem, "reopen", because, now)


def _opened(session: Session, problem: Problem) -> list[Joining]:
    """The incidents of the watch that belong to it and are not linked yet, and why each does; by number."""
    found: dict[int, str] = {}
    for incident_id, known_error_id in session.execute(_by_known_error(problem)).tuples():
        found.setdefault(incident_id, f"it is recognised as {known_error_number(known_error_id)}")
    for words, query in (("has the same alerts as", _same_alerts), ("is about the same thing as", _same_thing)):
        for incident_id, earlier_id in session.execute(query(problem)).tuples():
            found.setdefault(incident_id, f"it {words} {ticket_number(TicketKind.INCIDENT, earlier_id)}")
    return [
        Joining(incident, found[incident.id], incident.opened_at)
        for batch in tickets.batches(sorted(found))
        for incident in session.scalars(select(Incident).where(Incident.id.in_(batch)).order_by(Incident.id))
    ]


def _reopened(session: Session, problem: Problem) -> Iterator[Joining]:
    """Its incidents of before the fix whose solution was none, by the journal: each one's first time in the watch."""
    query = select(Incident).where(
        Incident.id.in_(problem_links.linked(problem.id)),
        Incident.opened_at <= problem.fixed_at,
        Incident.reopened > 0,
        or_(Incident.resolved_at.is_(None), Incident.resolved_at > problem.fixed_at),
        *problem_links.is_trouble(),
    )
    again = {tickets.subject_of(incident): incident for incident in session.scalars(query.order_by(Incident.id))}
    for batch in tickets.batches(list(again)):
        rows = select(JournalRow).where(JournalRow.subject.in_(batch), JournalRow.tag == REOPENED)
        for row in session.scalars(rows.order_by(JournalRow.seq)):
            at = datetime.fromisoformat(row.at)
            if problem.fixed_at and problem.watch_until and problem.fixed_at < at <= problem.watch_until:
                yield Joining(again[row.subject], row.reason or "its solution was none", at, "was reopened")


def _within_watch(problem: Problem) -> tuple[ColumnElement[bool], ...]:
    """Opened in it, here, and not linked yet; history that was imported later proves nothing about a fix of ours."""
    return (
        Incident.opened_at > problem.fixed_at,
        Incident.opened_at <= problem.watch_until,
        Incident.id.not_in(problem_links.linked(problem.id)),
        Incident.id.not_in(select(ImportedTicket.ticket_id)),
        *problem_links.is_trouble(),
    )


def _by_known_error(problem: Problem) -> Select[tuple[int, int]]:
    """Incidents of the watch that a known error of the problem recognises."""
    return (
        select(Incident.id, KnownErrorUse.known_error_id)
        .join(KnownErrorUse, KnownErrorUse.incident_id == Incident.id)
        .join(KnownError, KnownError.id == KnownErrorUse.known_error_id)
        .where(
            KnownError.problem_id == problem.id,
            or_(KnownErrorUse.score > 0, KnownErrorUse.used_at.is_not(None)),  # not one that is merely like another
            *_within_watch(problem),
        )
        .order_by(Incident.id, KnownErrorUse.known_error_id)
    )


def _same_alerts(problem: Problem) -> Select[tuple[int, int]]:
    """Incidents of the watch that answer for the same alerts as one of its own."""
    earlier = (
        select(Incident.correlation_key, func.min(Incident.id).label("id"))
        .where(Incident.id.in_(problem_links.linked(problem.id)), Incident.correlation_key.is_not(None))
        .group_by(Incident.correlation_key)
        .subquery()
    )
    return (
        select(Incident.id, earlier.c.id)
        .join(earlier, Incident.correlation_key == earlier.c.correlation_key)
        .where(*_within_watch(problem))
        .order_by(Incident.id)
    )


def _same_thing(problem: Problem) -> Select[tuple[int, int]]:
    """Incidents of the watch with the service, host and category of one of its own; two of them have to be known."""
    what = (Ticket.service, Ticket.host, Ticket.category)
    known = sum((case((column.is_not(None), 1), else_=0) for column in what), start=literal(0))
    earlier = (
        select(*what, func.min(Ticket.id).label("id"))
        .where(Ticket.id.in_(problem_links.linked(problem.id)), known >= KNOWN_AT_LEAST)
        .group_by(*what)
        .subquery()
    )
    # Compared as texts, so that what nobody has said is equal, too, and both databases can do it by hashing.
    same = [func.coalesce(column, "") == func.coalesce(earlier.c[column.key], "") for column in what]
    return (
        select(Incident.id, earlier.c.id)
        .join(earlier, and_(*same))
        .where(*_within_watch(problem))
        .order_by(Incident.id)
    )
