"""What the desk shows of problems: chosen, in the order in which they have to be decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from models.queries.problem_links import PREFIX
from models.queries.tickets import batches
from models.records import Incident, Problem, ProblemTask, TicketLink
from models.rules.problem_moves import OVER, UNSOLVED
from models.vocabulary import LinkVerb, ProblemOrigin, ProblemState


@dataclass(frozen=True)
class Choice:
    """Which problems are wanted; None and empty is any."""

    team: str | None = None
    owner: str | None = None
    service: str | None = None
    states: tuple[ProblemState, ...] = ()
    """None named: those that are not over."""
    origin: ProblemOrigin | None = None
    over_too: bool = False


def chosen(session: Session, choice: Choice, most: int) -> list[Problem]:
    """The problems that are wanted: first what somebody must act on, by target date; then by age."""
    query = select(Problem)
    for column, value in (
        (Problem.team, choice.team),
        (Problem.owner, choice.owner),
        (Problem.service, choice.service),
        (Problem.origin, choice.origin),
    ):
        query = query.where(column == value) if value is not None else query
    if choice.states:
        query = query.where(Problem.state.in_(choice.states))
    elif not choice.over_too:
        query = query.where(Problem.state.not_in(OVER))
    order = (
        case((Problem.state.in_(UNSOLVED), 0), (Problem.state.in_(OVER), 2), else_=1),
        case((Problem.target_at.is_(None), 1), else_=0),
        Problem.target_at,
        Problem.opened_at,
        Problem.id,
    )
    return list(session.scalars(query.order_by(*order).limit(most)))


def incident_counts(session: Session, problem_ids: Sequence[int]) -> dict[int, int]:
    """How many incidents each of these problems causes, drills left out; what is not there causes none."""
    found: dict[int, int] = {}
    for batch in batches(problem_ids):
        query = (
            select(TicketLink.target, func.count())
            .join(Incident, Incident.id == TicketLink.ticket_id)
            .where(
                TicketLink.target.in_([f"{PREFIX}{key}" for key in batch]),
                TicketLink.verb == LinkVerb.CAUSED_BY,
                Incident.is_drill.is_(False),
            )
            .group_by(TicketLink.target)
        )
        found |= {int(target.removeprefix(PREFIX)): count for target, count in session.execute(query).tuples()}
    return found


def overdue_tasks(session: Session, problem_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """How many tasks of each should have been done by now."""
    query = (
        select(ProblemTask.problem_id, func.count())
        .where(ProblemTask.problem_id.in_(problem_ids), ProblemTask.done_at.is_(None), ProblemTask.due_at <= now)
        .group_by(ProblemTask.problem_id)
    )
    return dict(session.execute(query).tuples().all())
