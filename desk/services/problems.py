"""Problems as people see them: one line each, those first that have to be decided first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import known_person, known_service, known_team
from desk.services.errors import Misuse
from models.database import Database
from models.queries import desk_problems, desk_runs
from models.queries.desk_problems import Choice
from models.records import Problem
from models.rules.problems import problem_id_of
from models.vocabulary import ProblemOrigin, ProblemOutcome, ProblemState

MOST_SHOWN = 500


@dataclass(frozen=True)
class ProblemLine:
    """One problem of the list."""

    problem: str
    """PRB000017."""
    title: str
    state: ProblemState
    origin: ProblemOrigin
    priority: str
    impact: str
    urgency: str
    service: str | None
    host: str | None
    category: str | None
    team: str | None
    owner: str | None
    opened_at: datetime
    target_at: datetime | None
    """When it is to be decided what comes next."""
    watch_until: datetime | None
    risk_until: datetime | None
    review_due_at: datetime | None
    """None: no review is owed, or it was held."""
    closed_at: datetime | None
    outcome: ProblemOutcome | None
    reopened: int
    is_drill: bool
    incidents: int
    overdue_tasks: int

    @property
    def next_at(self) -> datetime | None:
        """When something has to be done or is decided by itself."""
        return self.watch_until or self.risk_until or self.target_at


@dataclass(frozen=True)
class ProblemList:
    """Problems, those first that have to be decided first."""

    timezone: str
    at: datetime
    problems: tuple[ProblemLine, ...]
    is_cut: bool
    """There are more than are listed."""


def key_of(number: str) -> int:
    """The key of PRB000017. Raises Misuse for anything else."""
    try:
        return problem_id_of(number)
    except ValueError as error:
        raise Misuse(str(error)) from None


def list_problems(database: Database, choice: Choice, now: datetime) -> ProblemList:
    """The problems that are wanted. Raises NotFound for a team, a person or a service that the site does not have."""
    with database.read() as session:
        for name, known in ((choice.team, known_team), (choice.owner, known_person), (choice.service, known_service)):
            if name is not None:
                known(session, name)
        found = desk_problems.chosen(session, choice, MOST_SHOWN + 1)
        lines = tuple(lines_of(session, found[:MOST_SHOWN], now))
        return ProblemList(desk_runs.site_zone(session), now, lines, len(found) > MOST_SHOWN)


def lines_of(session: Session, found: list[Problem], now: datetime) -> list[ProblemLine]:
    """The rows as plain values."""
    keys = [problem.id for problem in found]
    counts = desk_problems.incident_counts(session, keys)
    overdue = desk_problems.overdue_tasks(session, keys, now)
    return [
        ProblemLine(
            problem=problem.number,
            title=problem.title,
            state=problem.state,
            origin=problem.origin,
            priority=problem.priority,
            impact=problem.impact,
            urgency=problem.urgency,
            service=problem.service,
            host=problem.host,
            category=problem.category,
            team=problem.team,
            owner=problem.owner,
            opened_at=problem.opened_at,
            target_at=problem.target_at,
            watch_until=problem.watch_until,
            risk_until=problem.risk_until,
            review_due_at=problem.review_due_at if problem.reviewed_at is None else None,
            closed_at=problem.closed_at,
            outcome=problem.outcome,
            reopened=problem.reopened,
            is_drill=problem.is_drill,
            incidents=counts.get(problem.id, 0),
            overdue_tasks=overdue.get(problem.id, 0),
        )
        for problem in found
    ]
