"""What falls due for problems: the watch after a fix and what comes back in it, closing, risks, reviews and tasks.

A look does nothing twice: moves are compared and set, notices have keys. What fell due while nobody looked is found
by the next look; an incident counts as a recurrence when it was opened within the watch, however late that is seen.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from models.queries import journal, problem_escalation, problem_links, problem_news, tickets
from models.queries.apart import attempt
from models.queries.problem_steps import close, reopen, resolve
from models.queries.states import Because
from models.records import Incident, KnownError, KnownErrorUse, Problem, ProblemTask, Ticket
from models.rules.durations import format_duration
from models.rules.incidents import ticket_number
from models.rules.known_errors import known_error_number
from models.rules.wall_clock import stamp
from models.vocabulary import IncidentState, ProblemState, TicketKind

ACTOR, WATCH = "clock", "watch"
MOST = 50
"""Problems that one look takes, so that its transaction stays short."""
LOOK_AGAIN = timedelta(minutes=1)
"""So often it is asked whether something came back."""
TRY_AGAIN = timedelta(minutes=10)
"""When a problem that could not be looked after is looked at again."""
KNOWN_AT_LEAST = 2
"""Of service, host and category: one alone is no likeness."""


def look(session: Session, now: datetime, most: int = MOST) -> int:
    """Do what is due. How many problems were looked at."""
    problem_escalation.look(session, now)
    query = select(Problem).where(Problem.look_at <= now).order_by(Problem.look_at, Problem.id).limit(most)
    due = session.scalars(query.with_for_update(skip_locked=True, of=Problem.__table__)).all()
    for problem in due:
        if attempt(session, problem.number, partial(_look_at, session, problem, now)) is not None:
            problem.look_at = now + TRY_AGAIN
    return len(due)


def came_back(session: Session, problem: Problem, incident: Incident, why: str, now: datetime) -> bool:
    """Reopen the problem, with the evidence, when this incident of it was opened after its fix."""
    is_fixed = problem.state in (ProblemState.WATCHING, ProblemState.RESOLVED)
    if not is_fixed or incident.is_drill or problem.fixed_at is None or incident.opened_at <= problem.fixed_at:
        return False
    after = incident.opened_at - problem.fixed_at
    reason = f"{incident.number} came {format_duration(after)} after the fix: {why}"
    facts = {"incident": tickets.subject_of(incident), "after_seconds": round(after.total_seconds()), "why": why}
    fact = journal.Fact("problems:problem:recur", tickets.subject_of(problem), WATCH, facts=facts, at=now)
    journal.append(session, fact)
    because = Because(WATCH, reason)
    reopen(session, problem, because, now)
    problem_news.moved(session, problem, "reopen", because, now)
    return True


def next_look(session: Session, problem: Problem, now: datetime) -> datetime | None:
    """When something of it falls due next; None: never."""
    due: list[datetime | None] = []
    match problem.state:
        case ProblemState.WATCHING:
            due += [now + LOOK_AGAIN, problem.watch_until]
        case ProblemState.RESOLVED:
            due += [problem.close_at]
        case ProblemState.RISK_ACCEPTED:
            due += [problem.risk_until]
    if problem.reviewed_at is None:
        due += [problem.review_due_at]
    open_tasks = select(func.min(ProblemTask.due_at)).where(*_is_open(problem), ProblemTask.due_at > now)
    due += [session.scalar(open_tasks)]
    return min((at for at in due if at is not None and at > now), default=None)


def _look_at(session: Session, problem: Problem, now: datetime) -> None:
    if problem.state is ProblemState.WATCHING:
        for incident, why in list(_recurrences(session, problem)):
            problem_links.add(session, problem, incident, WATCH, now)
            came_back(session, problem, incident, why, now)
    _by_the_clock(session, problem, now)
    if problem.review_due_at is not None and problem.reviewed_at is None and problem.review_due_at <= now:
        problem_news.due(
            session,
            problem,
            f"its review is due: watchbill problem review {problem.number}",
            problem.review_due_at,
            now,
        )
    overdue = select(ProblemTask).where(*_is_open(problem), ProblemTask.due_at <= now).order_by(ProblemTask.id)
    for task in session.scalars(overdue):
        if task.due_at is not None:
            whose = f" ({task.owner})" if task.owner else ""
            problem_news.due(session, problem, f"task {task.id}{whose}: {task.title}", task.due_at, now)
    problem.look_at = next_look(session, problem, now)


def _by_the_clock(session: Session, problem: Problem, now: datetime) -> None:
    """The moves that time makes."""
    if problem.state is ProblemState.WATCHING and problem.watch_until is not None and problem.watch_until <= now:
        because = Because(ACTOR, f"nothing came back until {stamp(problem.watch_until)}")
        resolve(session, problem, because, now)
        problem_news.moved(session, problem, "resolve", because, now)
    if problem.state is ProblemState.RESOLVED and problem.close_at is not None and problem.close_at <= now:
        close(session, problem, Because(ACTOR, "it stayed resolved"), now)
    if problem.state is ProblemState.RISK_ACCEPTED and problem.risk_until is not None and problem.risk_until <= now:
        because = Because(ACTOR, f"its risk was accepted until {stamp(problem.risk_until)}: decide again")
        reopen(session, problem, because, now)
        problem_news.moved(session, problem, "reopen", because, now)


def _recurrences(session: Session, problem: Problem) -> Iterator[tuple[Incident, str]]:
    """The incidents of the watch that belong to it and are not linked yet, and why each does; by number."""
    linked = problem_links.linked_ids(session, problem.id)
    found: dict[int, str] = {}
    for incident_id, known_error_id in session.execute(_by_known_error(problem)).tuples():
        found.setdefault(incident_id, f"it is recognised as {known_error_number(known_error_id)}")
    for words, query in (("has the same alerts as", _same_alerts), ("is about the same thing as", _same_thing)):
        for incident_id, earlier_id in session.execute(query(problem)).tuples():
            found.setdefault(incident_id, f"it {words} {ticket_number(TicketKind.INCIDENT, earlier_id)}")
    for incident_id in sorted(found.keys() - linked):
        yield session.get_one(Incident, incident_id), found[incident_id]


def _is_open(problem: Problem) -> tuple[ColumnElement[bool], ...]:
    return ProblemTask.problem_id == problem.id, ProblemTask.done_at.is_(None)


def _within_watch(problem: Problem, table: type[Incident]) -> tuple[ColumnElement[bool], ...]:
    return (
        table.opened_at > problem.fixed_at,
        table.opened_at <= problem.watch_until,
        table.is_drill.is_(False),
        table.state != IncidentState.CANCELLED,
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
            *_within_watch(problem, Incident),
        )
        .order_by(Incident.id, KnownErrorUse.known_error_id)
    )


def _same_alerts(problem: Problem) -> Select[tuple[int, int]]:
    """Incidents of the watch that answer for the same alerts as one of its own."""
    new, earlier = aliased(Incident), aliased(Incident)
    return (
        select(new.id, earlier.id)
        .join(earlier, new.correlation_key == earlier.correlation_key)
        .where(earlier.id.in_(problem_links.linked(problem.id)), *_within_watch(problem, new))
        .order_by(new.id, earlier.id)
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
        .where(*_within_watch(problem, Incident))
        .order_by(Incident.id)
    )
