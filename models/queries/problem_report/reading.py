"""What the problem and known-error report is made of: everything is read once, as it stood at the end of the period."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, cast, func, or_, select
from sqlalchemy.orm import Session

from models.queries import register
from models.queries.daily_operations.reading import SiteFacts, read_site
from models.queries.daily_operations.standing import Period
from models.queries.problem_links import PREFIX, is_trouble
from models.queries.tickets import batches
from models.records import (
    Incident,
    JournalRow,
    KnownError,
    KnownErrorUse,
    Problem,
    ProblemTask,
    Ticket,
    TicketLink,
)
from models.rules.trends.time_windows import TimeWindow, windows_before
from models.rules.wall_clock import zone_of
from models.vocabulary import LinkVerb, ProblemState, ResolutionCode

MONTHS = 12
LOOK_BACK, SHORTLY = timedelta(days=90), timedelta(days=30)
FIXED, REOPENED = "problems:problem:watch", "problems:problem:reopen"


@dataclass(frozen=True)
class Step:
    """A problem came into a state."""

    at: datetime
    tag: str
    state: ProblemState
    by: str
    reason: str | None
    facts: dict[str, object]


@dataclass(frozen=True)
class IncidentFact:
    """One incident as the report takes it."""

    id: int
    title: str
    service: str | None
    category: str | None
    host: str | None
    priority: str
    opened_at: datetime
    resolved_at: datetime | None
    """None: not at the end of the period."""
    code: ResolutionCode | None
    hours: float
    """From its opening to its solution, or to the end of the period."""


@dataclass(frozen=True)
class Use:
    """A known error that was used on an incident."""

    incident: int
    known_error: int
    used_at: datetime
    worked: bool | None


@dataclass(frozen=True)
class Ground:
    """Everything that was read."""

    site: SiteFacts
    zone: ZoneInfo
    period: Period
    windows: tuple[TimeWindow, ...]
    """The months before the period, and it."""
    problems: dict[int, Problem]
    steps: dict[int, tuple[Step, ...]]
    tasks: dict[int, tuple[ProblemTask, ...]]
    incidents: dict[int, IncidentFact]
    problems_of: dict[int, tuple[int, ...]]
    """Of each incident."""
    incidents_of: dict[int, tuple[int, ...]]
    """Of each problem, the oldest first."""
    known_errors: tuple[KnownError, ...]
    uses: tuple[Use, ...]
    prices: dict[str, tuple[str, float]]
    """What an hour without a service costs."""

    @property
    def since_90(self) -> datetime:
        """Where the 90 days begin."""
        return self.period.until - LOOK_BACK

    def state_at(self, problem: int, at: datetime) -> ProblemState | None:
        """Where a problem stood just before a moment; None: it was not there yet."""
        found = None
        for step in self.steps[problem]:
            if step.at >= at:
                break
            found = step.state
        return found


def read_ground(session: Session, period: Period) -> Ground:
    """Read everything; drills are left out."""
    site = read_site(session)
    zone = zone_of(site.zone)
    windows = windows_before(period.since, period.until, zone, MONTHS)
    problems = _problems(session, period)
    links = list(_links(session))
    incidents = {one.id: one for one in _incidents(session, windows[0].since - LOOK_BACK, period)}
    links = [(incident, problem) for incident, problem in links if incident in incidents and problem in problems]
    return Ground(
        site=site,
        zone=zone,
        period=period,
        windows=windows,
        problems=problems,
        steps=_steps(session, problems.values()),
        tasks=_tasks(session, problems),
        incidents=incidents,
        problems_of=_grouped(links),
        incidents_of=_grouped((problem, incident) for incident, problem in links),
        known_errors=tuple(session.scalars(select(KnownError).order_by(KnownError.id))),
        uses=tuple(_uses(session, incidents)),
        prices=dict(_prices(session)),
    )


def _problems(session: Session, period: Period) -> dict[int, Problem]:
    query = select(Problem).where(Problem.opened_at < period.until, Problem.is_drill.is_(False))
    return {row.id: row for row in session.scalars(query.order_by(Problem.id))}


def _links(session: Session) -> Iterator[tuple[int, int]]:
    """Incident and problem, in the order in which the incidents came."""
    query = (
        select(TicketLink.ticket_id, cast(func.substr(TicketLink.target, len(PREFIX) + 1), Integer))
        .join(Ticket, Ticket.id == TicketLink.ticket_id)
        .where(TicketLink.verb == LinkVerb.CAUSED_BY, TicketLink.target.startswith(PREFIX))
        .order_by(Ticket.opened_at, Ticket.id)
    )
    yield from session.execute(query).tuples()


def _incidents(session: Session, since: datetime, period: Period) -> Iterator[IncidentFact]:
    """What was opened or solved since, and counts."""
    columns = (
        Incident.id, Incident.title, Incident.service, Incident.category, Incident.host, Incident.priority,
        Incident.opened_at, Incident.resolved_at, Incident.closed_at, Incident.resolution_code,
    )  # fmt: skip
    query = select(*columns).where(
        or_(Incident.opened_at >= since, Incident.resolved_at >= since),
        Incident.opened_at < period.until,
        *is_trouble(),
    )
    for key, title, service, category, host, priority, opened, resolved, closed, code in session.execute(
        query.order_by(Incident.opened_at, Incident.id)
    ).tuples():
        end = resolved or closed
        solved = end if end is not None and end < period.until else None
        lasted = max(((solved or period.until) - opened).total_seconds(), 0.0) / 3600
        yield IncidentFact(
            key, title, service, category, host, priority, opened, solved, code if solved else None, lasted
        )


def _steps(session: Session, problems: Iterable[Problem]) -> dict[int, tuple[Step, ...]]:
    """Each problem's states, from the journal; the first is where it was opened."""
    found = {row.id: [Step(row.opened_at, "", ProblemState.NEW, row.opened_by, None, {})] for row in problems}
    for batch in batches(sorted(found)):
        subjects = [f"{PREFIX}{key}" for key in batch]
        query = select(JournalRow).where(JournalRow.subject.in_(subjects), JournalRow.target.is_not(None))
        for row in session.scalars(query.order_by(JournalRow.seq)):
            step = Step(
                at=datetime.fromisoformat(row.at),
                tag=row.tag,
                state=ProblemState(str(row.target)),
                by=row.actor,
                reason=row.reason,
                facts=json.loads(row.facts),
            )
            found[int(row.subject.removeprefix(PREFIX))].append(step)
    return {key: tuple(sorted(steps, key=lambda step: step.at)) for key, steps in found.items()}


def _tasks(session: Session, problems: Iterable[int]) -> dict[int, tuple[ProblemTask, ...]]:
    found: dict[int, list[ProblemTask]] = {key: [] for key in problems}
    for row in session.scalars(select(ProblemTask).order_by(ProblemTask.due_at, ProblemTask.id)):
        if row.problem_id in found:
            found[row.problem_id].append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def _uses(session: Session, incidents: dict[int, IncidentFact]) -> Iterator[Use]:
    columns = (KnownErrorUse.incident_id, KnownErrorUse.known_error_id, KnownErrorUse.used_at, KnownErrorUse.worked)
    query = select(*columns).where(KnownErrorUse.used_at.is_not(None)).order_by(KnownErrorUse.id)
    for incident, known_error, used_at, worked in session.execute(query).tuples():
        if incident in incidents and used_at is not None:
            yield Use(incident, known_error, used_at, worked)


def _prices(session: Session) -> Iterator[tuple[str, tuple[str, float]]]:
    for row in register.in_force(session, "service"):
        price = row.spec.get("hourly_cost")
        if price:
            yield row.name, (str(price["currency"]), float(price["amount"]))


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
