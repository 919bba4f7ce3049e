"""What falls due for problems: the watch after a fix and what comes back in it, closing, risks, reviews and tasks.

A look does nothing twice: moves are compared and set, notices have keys. What fell due while nobody looked is found
by the next look.
"""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.queries import problem_escalation, problem_news, problem_recurrence
from models.queries.apart import attempt
from models.queries.problem_steps import close, reopen, resolve
from models.queries.states import Because
from models.records import Problem, ProblemTask
from models.rules.wall_clock import stamp
from models.vocabulary import ProblemState

ACTOR = "clock"
MOST = 50
"""Problems that one look takes, so that its transaction stays short."""
LOOK_AGAIN = timedelta(minutes=1)
"""So often it is asked whether something came back."""
TRY_AGAIN = timedelta(minutes=10)
"""When a problem that could not be looked after is looked at again."""


def look(session: Session, now: datetime, most: int = MOST) -> int:
    """Do what is due. How many problems were looked at."""
    problem_escalation.look(session, now)
    query = select(Problem).where(Problem.look_at <= now).order_by(Problem.look_at, Problem.id).limit(most)
    due = session.scalars(query.with_for_update(skip_locked=True, of=Problem.__table__)).all()
    for problem in due:
        if attempt(session, problem.number, partial(_look_at, session, problem, now)) is not None:
            problem.look_at = now + TRY_AGAIN
    return len(due)


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
        problem_recurrence.check(session, problem, now)
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
            problem_news.due(session, problem, f"task {task.id}{whose}: {task.title}", task.due_at, now, task.owner)
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
        bearer = problem.risk_by
        reopen(session, problem, because, now)
        problem_news.moved(session, problem, "reopen", because, now, bearer)


def _is_open(problem: Problem) -> tuple[ColumnElement[bool], ...]:
    return ProblemTask.problem_id == problem.id, ProblemTask.done_at.is_(None)
