"""The rows of the daily operations log, read in a few selects and handed on as plain values."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.queries.daily_operations.content import Service
from models.queries.daily_operations.standing import Period
from models.records import Job, Run, SiteEntry, Slot, Step
from models.records import Service as ServiceEntry
from models.site.probe_jobs import FLOW as PROBE_FLOW
from models.vocabulary import HostFault, Outcome, RunState, SlotState, Trigger


@dataclass(frozen=True)
class RunFacts:
    """One run."""

    id: int
    job: str
    trigger: Trigger
    state: RunState
    outcome: Outcome | None
    attempt: int
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    retry_of: int | None
    summary: str | None
    requested_by: str
    fence: int
    """How often a worker claimed it."""

    @property
    def taken_up(self) -> int:
        """How often it was taken up again since its worker was lost: each attempt is claimed once otherwise."""
        return max(0, self.fence - self.attempt)


@dataclass(frozen=True)
class Item:
    """One expected run, or one run by hand (`slot` None): what the report counts."""

    job: str
    at: datetime
    """When it was due, or asked for."""
    slot: int | None = None
    state: SlotState | None = None
    settled_at: datetime | None = None
    reason: str | None = None
    was_late: bool = False
    run: RunFacts | None = None

    @property
    def ended_at(self) -> datetime | None:
        """When it was over, run or not."""
        return self.run.ended_at if self.run else self.settled_at

    @property
    def is_good(self) -> bool:
        """Whether it ended ok."""
        return self.run is not None and self.run.outcome is Outcome.OK


@dataclass(frozen=True)
class BadStep:
    """One host's share of one attempt that did not end ok."""

    run: int
    host: str
    outcome: Outcome
    fault: HostFault | None
    why: str
    at: datetime


@dataclass(frozen=True)
class JobFacts:
    """What the register says of a job."""

    title: str
    owner: str | None
    runbook: str | None
    service: Service | None
    minutes_saved: float
    never: tuple[str, ...]
    in_force: bool
    is_round: bool
    """It reads probes: so often that its runs are counted apart from those of all other jobs."""


@dataclass(frozen=True)
class SiteFacts:
    """What the register says of the site."""

    title: str
    zone: str


Jobs = Collection[str] | None
RUN_COLUMNS = (
    Run.id, Run.job, Run.trigger, Run.state, Run.outcome, Run.attempt,
    Run.queued_at, Run.started_at, Run.ended_at, Run.retry_of, Run.summary,
    Run.requested_by, Run.fence,
)  # fmt: skip
SLOT_COLUMNS = (Slot.id, Slot.job, Slot.due_at, Slot.state, Slot.settled_at, Slot.reason, Slot.was_late)


def read_site(session: Session) -> SiteFacts:
    """The site in force; before the first `watchbill up` a nameless one in UTC."""
    row = session.scalars(select(SiteEntry).where(SiteEntry.retired_at.is_(None)).order_by(SiteEntry.id)).first()
    if row is None:
        return SiteFacts("no site yet", "UTC")
    return SiteFacts(row.title, str(row.spec.get("timezone") or "UTC"))


def read_jobs(session: Session) -> dict[str, JobFacts]:
    """Every job that ever was, by name: the period may reach back before a change of the site."""
    services = {
        row.name: Service(row.name, row.title, row.spec.get("tier")) for row in session.scalars(select(ServiceEntry))
    }
    return {row.name: _job_facts(row, services) for row in session.scalars(select(Job))}


def _job_facts(row: Job, services: dict[str, Service]) -> JobFacts:
    spec: dict[str, Any] = row.spec
    service = spec.get("service")
    return JobFacts(
        title=row.title,
        owner=spec.get("owner"),
        runbook=spec.get("runbook"),
        service=services.get(service, Service(service, service, None)) if service else None,
        minutes_saved=float(spec.get("minutes_saved") or 0),
        never=tuple((spec.get("calendars") or {}).get("never") or ()),
        in_force=row.retired_at is None,
        is_round=spec.get("flow") == PROBE_FLOW,
    )


def read_expected(
    session: Session, since: datetime, until: datetime, jobs: Jobs = None, *, but: Collection[str] = ()
) -> list[Item]:
    """The expected runs that were due in the time, oldest first; of these jobs, or of all but some."""
    query = select(*SLOT_COLUMNS, *RUN_COLUMNS).outerjoin(Run, Run.slot_id == Slot.id)
    query = query.where(Slot.due_at >= since, Slot.due_at < until, *_only(Slot.job, jobs, but))
    query = query.order_by(Slot.due_at, Slot.job)
    return [_expected(row) for row in session.execute(query)]


def read_carried(session: Session, period: Period, jobs: Jobs = None) -> list[Item]:
    """The expected runs that were due before the period and came to their end in it."""
    ended = func.coalesce(Run.ended_at, Slot.settled_at)
    query = select(*SLOT_COLUMNS, *RUN_COLUMNS).outerjoin(Run, Run.slot_id == Slot.id)
    query = query.where(
        Slot.due_at < period.since,
        ended >= period.since,
        ended < period.until,
        or_(Run.ended_at.is_not(None), Slot.state.in_((SlotState.MISSED, SlotState.SKIPPED))),
        *_only(Slot.job, jobs),
    ).order_by(Slot.due_at, Slot.job)
    return [_expected(row) for row in session.execute(query)]


def read_by_hand(
    session: Session, since: datetime, until: datetime, jobs: Jobs = None, *, but: Collection[str] = ()
) -> list[Item]:
    """The runs that no slot expected, asked for in the time or ended in it, oldest first."""
    query: Select[Any] = select(*RUN_COLUMNS).where(
        Run.slot_id.is_(None),
        or_(
            and_(Run.queued_at >= since, Run.queued_at < until),
            and_(Run.queued_at < since, Run.ended_at >= since, Run.ended_at < until),
        ),
        *_only(Run.job, jobs, but),
    )
    runs = (_run(row) for row in session.execute(query.order_by(Run.queued_at, Run.id)))
    return [Item(run.job, run.queued_at, run=run) for run in runs]


def read_run(session: Session, run_id: int) -> RunFacts:
    """One run. Raises NoResultFound."""
    return _run(session.execute(select(*RUN_COLUMNS).where(Run.id == run_id)).one())


def read_bad_steps(session: Session, items: list[Item]) -> dict[int, list[BadStep]]:
    """What went wrong on hosts in these runs, by run, oldest first."""
    wanted = {item.run.id for item in items if item.run}
    if not wanted:
        return {}
    query = (
        select(Step)
        .where(Step.run_id.between(min(wanted), max(wanted)), Step.outcome.is_not(None), Step.outcome != Outcome.OK)
        .order_by(Step.id)
    )
    found: dict[int, list[BadStep]] = {}
    for step in session.scalars(query):
        if step.run_id in wanted and step.outcome is not None:
            why = step.first_error_line or step.message or (step.fault.value if step.fault else step.outcome.value)
            bad = BadStep(step.run_id, step.host, step.outcome, step.fault, why, step.ended_at or step.intended_at)
            found.setdefault(step.run_id, []).append(bad)
    return found


def _only(column: InstrumentedAttribute[str], jobs: Jobs, but: Collection[str] = ()) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [] if jobs is None else [column.in_(sorted(jobs))]
    return [*wanted, column.not_in(sorted(but))] if but else wanted


def _expected(row: Row[Any]) -> Item:
    slot, job, due_at, state, settled_at, reason, was_late, *run = row
    return Item(job, due_at, slot, state, settled_at, reason, was_late, None if run[0] is None else RunFacts(*run))


def _run(row: Row[Any]) -> RunFacts:
    return RunFacts(*row)
