"""What went wrong, for the search for what recurs: incidents, alerts that became none, jobs that failed by themselves.

Each thing counts once: an alert with an incident is that incident, and so is a run that failed, was missed or began
late and opened one by that. Drills, duplicates, what was cancelled, and incidents whose problem is being worked on are
left out.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from models.queries import own_events, problem_links, register
from models.records import Alert, AlertChange, AlertGroup, Incident, Problem, Run, Slot, Ticket, TicketLink
from models.rules.problem_moves import OVER
from models.rules.recurring_trouble import Trouble
from models.vocabulary import (
    AlertAction,
    EventClass,
    IncidentState,
    LinkVerb,
    Outcome,
    ResolutionCode,
    SlotState,
    Trigger,
)

MOST = 200_000
"""The newest of each kind that are read."""
FAILURES = (Outcome.FAILED, Outcome.PARTIAL, Outcome.TIMED_OUT, Outcome.KILL_UNCONFIRMED, Outcome.UNKNOWN)
_TELLING = timedelta(minutes=15)
"""How long after its end a failed run opens its incident."""


def began(session: Session) -> datetime | None:
    """Since when trouble is known at all; None: nothing ever happened."""
    first = (
        session.scalar(select(func.min(moment)))
        for moment in (Ticket.opened_at, Run.queued_at, Alert.created_at, Slot.planned_at)
    )  # fmt: skip
    return min((moment for moment in first if moment is not None), default=None)


def troubles(session: Session, since: datetime) -> list[Trouble]:
    """All trouble that began after that, in no order."""
    jobs = _jobs(session, since)
    return [
        *_incidents(session, since),
        *_alerts(session, since),
        *_runs(session, jobs, since),
        *_slots(session, jobs, since),
    ]


def _incidents(session: Session, since: datetime) -> Iterator[Trouble]:
    columns = (Incident.id, Incident.opened_at, Incident.title, Incident.service, Incident.host, Incident.category)
    query = select(*columns).where(
        Incident.opened_at > since,
        Incident.is_drill.is_(False),
        Incident.state != IncidentState.CANCELLED,
        or_(Incident.resolution_code.is_(None), Incident.resolution_code != ResolutionCode.DUPLICATE),
        ~_is_worked_on(),
    )
    for key, at, title, service, host, category in session.execute(
        query.order_by(Incident.id.desc()).limit(MOST)
    ).tuples():
        yield Trouble(f"incident/{key}", at, title, service, host, category)


def _is_worked_on() -> ColumnElement[bool]:
    """Its problem is known already, and not over."""
    subject = literal(problem_links.PREFIX) + cast(Problem.id, String)
    return exists(
        select(TicketLink.id)
        .join(Problem, TicketLink.target == subject)
        .where(TicketLink.ticket_id == Incident.id, TicketLink.verb == LinkVerb.CAUSED_BY, Problem.state.not_in(OVER))
    )


def _alerts(session: Session, since: datetime) -> Iterator[Trouble]:
    """Each time that one fired, apart from those of our own jobs: their runs are counted."""
    query = (
        select(Alert.id, AlertChange.at, Alert.name, Alert.service, Alert.host, AlertChange.episode)
        .join(AlertChange, AlertChange.alert_id == Alert.id)
        .where(
            AlertChange.at > since,
            AlertChange.action == AlertAction.FIRE,
            Alert.incident_id.is_(None),
            Alert.muted_by.is_(None),
            Alert.is_drill.is_(False),
            Alert.event_class != EventClass.INFORMATIONAL,
            Alert.source != own_events.SOURCE,
        )
    )
    for key, at, name, service, host, episode in session.execute(
        query.order_by(AlertChange.id.desc()).limit(MOST)
    ).tuples():
        yield Trouble(f"alert/{key}/{episode}", at, _called(name, service, host), service, host)


@dataclass(frozen=True)
class _Jobs:
    """What trouble of jobs is read with."""

    services: Mapping[str, str | None]
    told: Mapping[str, list[datetime]]
    """When incidents of our own jobs were opened, by job."""

    def has_incident(self, job: str, first: datetime, last: datetime) -> bool:
        """Whether what the job did in between opened an incident."""
        return any(first <= opened_at <= last + _TELLING for opened_at in self.told.get(job, ()))

    def trouble(self, subject: str, at: datetime, job: str, said: str = "") -> Trouble:
        """Trouble of a job, in the words of the incident that it would open."""
        service = self.services.get(job)
        text = _called(f"job {job}", service, None)
        return Trouble(subject, at, text, service, said=f"{text}: {said}" if said else "")


def _jobs(session: Session, since: datetime) -> _Jobs:
    query = (
        select(Alert.labels, Incident.opened_at)
        .join(AlertGroup, AlertGroup.id == Alert.group_id)
        .join(Incident, Incident.correlation_key == AlertGroup.key)
        .where(Alert.source == own_events.SOURCE, Incident.opened_at > since)
    )
    told: dict[str, list[datetime]] = defaultdict(list)
    for labels, opened_at in session.execute(query).tuples():
        told[str(labels.get("job"))].append(opened_at)
    return _Jobs({row.name: row.spec.get("service") for row in register.in_force(session, "job")}, told)


def _runs(session: Session, jobs: _Jobs, since: datetime) -> Iterator[Trouble]:
    """What people start and try again is their own trouble."""
    query = select(Run.id, Run.job, func.coalesce(Run.started_at, Run.ended_at), Run.ended_at).where(
        Run.ended_at > since,
        Run.outcome.in_(FAILURES),
        Run.trigger.in_((Trigger.SCHEDULE, Trigger.CATCH_UP)),
    )
    for key, job, started_at, ended_at in session.execute(query.order_by(Run.id.desc()).limit(MOST)).tuples():
        if ended_at is not None and not jobs.has_incident(job, started_at, ended_at):
            yield jobs.trouble(f"run/{key}", ended_at, job)


def _slots(session: Session, jobs: _Jobs, since: datetime) -> Iterator[Trouble]:
    """Runs that were missed, and those that began late and did not fail; of an outage one for each job."""
    late = and_(Slot.was_late, Slot.state.in_((SlotState.DONE, SlotState.CAUGHT_UP)))
    columns = (Slot.id, Slot.due_at, Slot.state, Slot.reason, Slot.job, Slot.settled_at)
    query = select(*columns).where(Slot.due_at > since, or_(Slot.state == SlotState.MISSED, late))
    together: dict[tuple[str, datetime], list[tuple[int, datetime, SlotState, str | None]]] = defaultdict(list)
    for key, due_at, state, reason, job, settled_at in session.execute(
        query.order_by(Slot.id.desc()).limit(MOST)
    ).tuples():
        if settled_at is not None:
            together[job, settled_at].append((key, due_at, state, reason))
    for (job, settled_at), slots in together.items():
        key, due_at, state, reason = min(slots)
        if not jobs.has_incident(job, due_at, settled_at):
            what = "missed" if state is SlotState.MISSED else "began late"
            yield jobs.trouble(f"slot/{key}", due_at, job, f"{what}: {reason}" if reason else what)


def _called(name: str, service: str | None, host: str | None) -> str:
    """As the title of an incident that it opens, so that both are the same trouble."""
    if host:
        return f"{name} on {host}"
    return f"{name} of {service}" if service else name
