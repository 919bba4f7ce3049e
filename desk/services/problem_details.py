"""Everything about one problem: what is found out, its incidents, what they cost, what is to be done, its timeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import works_on_tickets
from desk.services.problems import ProblemLine, key_of, lines_of
from models.database import Database
from models.queries import desk_runs, known_errors, problem_analysis, problem_hours, problems
from models.queries.incident_timeline import Entry
from models.queries.problem_timeline import timeline
from models.records import Incident, Problem, ProblemNote, ProblemTask
from models.rules.problems import Review, cause_tree
from models.vocabulary import AnalysisKind, IncidentState, KnownErrorState


@dataclass(frozen=True)
class CausedIncident:
    """An incident that comes from the problem."""

    incident: str
    title: str
    state: IncidentState
    opened_at: datetime
    came_after_fix: bool
    """After the newest fix."""


@dataclass(frozen=True)
class KnownErrorLine:
    """How the trouble is recognised and lived with."""

    known_error: str
    title: str
    state: KnownErrorState


@dataclass(frozen=True)
class Entered:
    """An entry of the analysis."""

    id: int
    text: str
    person: str
    at: datetime
    number: int | None = None
    """Of a why: its place."""
    depth: int = 0
    """Of a cause: how far down the tree it stands."""
    below: int | None = None


@dataclass(frozen=True)
class Analysis:
    """What is found out, as people read it."""

    symptoms: tuple[Entered, ...]
    impacts: tuple[Entered, ...]
    whys: tuple[Entered, ...]
    causes: tuple[Entered, ...]
    """The tree, from its roots down."""


@dataclass(frozen=True)
class TaskLine:
    """Something to be done."""

    id: int
    title: str
    owner: str | None
    due_at: datetime | None
    is_overdue: bool
    done_at: datetime | None
    done_by: str | None


@dataclass(frozen=True)
class Cost:
    """What its incidents have cost."""

    hours: float
    money: dict[str, str]
    """By currency; of the services that say what an hour costs."""
    hours_without_cost: float


@dataclass(frozen=True)
class ProblemDetail:
    """Everything about one problem."""

    line: ProblemLine
    timezone: str
    at: datetime
    description: str
    source: str
    opened_by: str
    change_reference: str | None
    cause: str | None
    workaround: str | None
    workaround_at: datetime | None
    """When it was last told to the incidents."""
    fix: str | None
    """The newest one."""
    fixed_at: datetime | None
    resolved_at: datetime | None
    close_at: datetime | None
    original: str | None
    """What it is a duplicate of."""
    risk_words: str | None
    risk_by: str | None
    reviewed_at: datetime | None
    review: Review | None
    cost: Cost
    incidents: tuple[CausedIncident, ...]
    known_errors: tuple[KnownErrorLine, ...]
    analysis: Analysis
    tasks: tuple[TaskLine, ...]
    timeline: tuple[Entry, ...]
    hidden: int
    """Entries that are not for who asks: notes."""


def show_problem(database: Database, number: str, person: str, now: datetime) -> ProblemDetail:
    """Everything about one problem that this person may read. Raises Misuse for what is no number, NotFound."""
    with database.read() as session:
        problem = problems.get(session, key_of(number))
        entries = timeline(session, problem)
        mine = entries if works_on_tickets(session, person) else [entry for entry in entries if entry.is_public]
        caused = problems.incidents_of(session, problem.id)
        return ProblemDetail(
            line=lines_of(session, [problem], now)[0],
            timezone=desk_runs.site_zone(session),
            at=now,
            description=problem.description,
            source=problem.source,
            opened_by=problem.opened_by,
            change_reference=problem.change_reference,
            cause=problem.cause,
            workaround=problem.workaround,
            workaround_at=problem.workaround_at,
            fix=problem.fix,
            fixed_at=problem.fixed_at,
            resolved_at=problem.resolved_at,
            close_at=problem.close_at,
            original=original.number if (original := problems.original_of(session, problem)) else None,
            risk_words=problem.risk_words,
            risk_by=problem.risk_by,
            reviewed_at=problem.reviewed_at,
            review=_review(problem),
            cost=_cost(session, caused, now),
            incidents=tuple(_caused(problem, one) for one in caused),
            known_errors=tuple(
                KnownErrorLine(one.number, one.title, one.state) for one in known_errors.of_problem(session, problem.id)
            ),
            analysis=_analysis(problem_analysis.analysis_of(session, problem.id)),
            tasks=tuple(_task(task, now) for task in problem_analysis.tasks_of(session, problem.id)),
            timeline=tuple(mine),
            hidden=len(entries) - len(mine),
        )


def _review(problem: Problem) -> Review | None:
    if problem.reviewed_at is None:
        return None
    parts = (problem.review_well, problem.review_badly, problem.review_changes, problem.review_people)
    return Review(*(part or "" for part in parts))


def _cost(session: Session, caused: Iterable[Incident], now: datetime) -> Cost:
    lost = problem_hours.lost_by(session, [one.id for one in caused], now)
    money = {currency: str(amount) for currency, amount in lost.cost.items()}
    return Cost(round(lost.hours, 2), money, round(lost.hours_without_cost, 2))


def _caused(problem: Problem, incident: Incident) -> CausedIncident:
    after = problem.fixed_at is not None and incident.opened_at > problem.fixed_at
    return CausedIncident(incident.number, incident.title, incident.state, incident.opened_at, after)


def _analysis(notes: list[ProblemNote]) -> Analysis:
    of = {kind: [note for note in notes if note.kind is kind] for kind in AnalysisKind}
    causes = {note.id: note for note in of[AnalysisKind.CAUSE]}
    tree = cause_tree({key: note.parent_id for key, note in causes.items()})
    return Analysis(
        symptoms=tuple(_entered(note) for note in of[AnalysisKind.SYMPTOM]),
        impacts=tuple(_entered(note) for note in of[AnalysisKind.IMPACT]),
        whys=tuple(_entered(note) for note in of[AnalysisKind.WHY]),
        causes=tuple(_entered(causes[key], depth) for key, depth in tree),
    )


def _entered(note: ProblemNote, depth: int = 0) -> Entered:
    return Entered(note.id, note.text, note.person, note.at, note.number, depth, note.parent_id)


def _task(task: ProblemTask, now: datetime) -> TaskLine:
    overdue = task.done_at is None and task.due_at is not None and task.due_at <= now
    return TaskLine(task.id, task.title, task.owner, task.due_at, overdue, task.done_at, task.done_by)
