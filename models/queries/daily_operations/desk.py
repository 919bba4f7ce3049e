"""What the service desk has in its hands when the log is made: open incidents, what is to be watched, services."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.queries import incident_major
from models.queries.incident_rules import read_rules
from models.queries.own_events import SOURCE
from models.queries.register import in_force
from models.records import Alert, Incident, IncidentClock, MajorIncident, MajorUpdate, Silence
from models.rules.priorities import MAJOR
from models.vocabulary import AlertState, EventClass, IncidentState, MajorState, Mute, Standing

GRAVE_RANK = 2
"""Major incidents, and the two highest priorities, are told one by one."""
LEAST_NEEDED = 5
"""Below every tier."""
MOST_ALERTS = 50
A_SHIFT = timedelta(hours=8)
"""What falls due in the next shift is its to watch."""
OVER = (IncidentState.RESOLVED, IncidentState.CLOSED, IncidentState.CANCELLED)


@dataclass(frozen=True)
class OpenIncident:
    """An incident without a solution."""

    id: int
    number: str
    title: str
    priority: str
    state: IncidentState
    since: datetime
    service: str | None
    team: str | None
    owner: str | None
    waits_for: str | None
    due_at: datetime | None
    """When the next of its promised times is over; None while its clocks are held, or nothing is promised."""
    promised: str
    """Which one that is: `SLA, time to own`."""
    broken: tuple[str, ...]
    """The promises that are broken already."""
    is_grave: bool
    update_due_at: datetime | None = None
    """When the next word about a major incident is due."""
    jobs: tuple[str, ...] = ()
    """The jobs whose failures it is about."""


@dataclass(frozen=True)
class Watch:
    """Something that is no trouble now and may become one: the next shift keeps an eye on it."""

    word: str
    what: str
    since: datetime
    until: datetime | None
    more: str


@dataclass(frozen=True)
class Degraded:
    """A service with something wrong: its open incidents, and exceptions that fire."""

    service: str
    title: str
    tier: int | None
    incidents: tuple[str, ...]
    alerts: int


@dataclass(frozen=True)
class Desk:
    """How it stands with incidents and alerts at the moment the log is made."""

    incidents: tuple[OpenIncident, ...]
    """The grave ones, and those whose promises are broken: the worst first."""
    others: int
    """Open incidents that are neither."""
    watch: tuple[Watch, ...]
    degraded: tuple[Degraded, ...]


def read_desk(session: Session, now: datetime) -> Desk:
    """Open incidents, what is to be watched, and degraded services."""
    opened = _open_incidents(session, now)
    told = tuple(one for one in opened if one.is_grave or one.broken)
    watch = [
        *_majors(session, now),
        *_waiting(opened),
        *_soon_due(opened, now),
        *_silences(session, now),
        *_flapping(session),
        *_owned(session),
    ]
    return Desk(told, len(opened) - len(told), tuple(watch), tuple(_degraded(session, opened)))


def _open_incidents(session: Session, now: datetime) -> list[OpenIncident]:
    """The gravest first, then what is due first."""
    query = select(Incident).where(Incident.state.not_in(OVER), Incident.is_drill.is_(False))
    incidents = session.scalars(query).all()
    keys = [one.id for one in incidents]
    clocks: dict[int, list[IncidentClock]] = defaultdict(list)
    for clock in session.scalars(select(IncidentClock).where(IncidentClock.incident_id.in_(keys))):
        clocks[clock.incident_id].append(clock)
    jobs: dict[int | None, set[str]] = defaultdict(set)
    of_jobs = select(Alert.incident_id, Alert.labels).where(Alert.source == SOURCE, Alert.incident_id.in_(keys))
    for incident_id, labels in session.execute(of_jobs).tuples():
        jobs[incident_id].add(labels["job"])
    soonest = select(MajorUpdate.incident_id, func.min(MajorUpdate.due_at)).group_by(MajorUpdate.incident_id)
    updates = dict(session.execute(soonest).tuples().all())
    matrix = read_rules(session).matrix
    ranks = {priority: matrix.rank(priority) for priority in (MAJOR, *matrix.priorities)}
    found = []
    for one in incidents:
        rank = ranks.get(one.priority, GRAVE_RANK)  # of a matrix that is no longer in force: rather shown than not
        shown = _shown(one, clocks[one.id], is_grave=rank <= GRAVE_RANK, now=now)
        shown = replace(shown, update_due_at=updates.get(one.id), jobs=tuple(sorted(jobs[one.id])))
        found.append(((rank, shown.due_at or one.opened_at, one.id), shown))
    return [shown for _, shown in sorted(found, key=lambda pair: pair[0])]


def _shown(one: Incident, clocks: Iterable[IncidentClock], *, is_grave: bool, now: datetime) -> OpenIncident:
    going = [clock for clock in clocks if clock.stopped_at is None]
    broken = [clock for clock in going if clock.breached_at or (clock.due_at and clock.due_at <= now)]
    ahead = [clock for clock in going if clock not in broken and clock.due_at]
    first = min(ahead, key=lambda clock: clock.due_at or now, default=None)
    return OpenIncident(
        id=one.id,
        number=one.number,
        title=one.title,
        priority=one.priority,
        state=one.state,
        since=one.opened_at,
        service=one.service,
        team=one.team,
        owner=one.owner,
        waits_for=one.hold_reason.value if one.hold_reason else None,
        due_at=first.due_at if first else None,
        promised=_named(first) if first else "",
        broken=tuple(sorted(map(_named, broken))),
        is_grave=is_grave,
    )


def _named(clock: IncidentClock) -> str:
    return f"{clock.agreement}, {clock.measure}"


def _waiting(incidents: Iterable[OpenIncident]) -> Iterator[Watch]:
    for one in incidents:
        if one.waits_for:
            yield Watch("on hold", f"{one.number} {one.title}", one.since, None, f"waits for the {one.waits_for}")


def _majors(session: Session, now: datetime) -> Iterator[Watch]:
    """What may be a major incident and nobody has decided, and reviews that should be written by now."""
    asked = select(MajorIncident, Incident).join(Incident, Incident.id == MajorIncident.id)
    waits = (MajorIncident.state == MajorState.CANDIDATE, Incident.state.not_in(OVER), Incident.is_drill.is_(False))
    for major, one in session.execute(asked.where(*waits).order_by(MajorIncident.proposed_at)).tuples():
        yield Watch("candidate", f"{one.number} {one.title}", major.proposed_at, None, major.proposed_for)
    for major in incident_major.reviews_due(session, now):
        one = session.get_one(Incident, major.id)
        since = one.resolved_at or one.closed_at or one.opened_at
        yield Watch(
            "review", f"{one.number} {one.title}", since, major.review_due_at, "what it taught is not written down"
        )


def _soon_due(incidents: Iterable[OpenIncident], now: datetime) -> Iterator[Watch]:
    for one in incidents:
        if one.due_at is not None and one.due_at <= now + A_SHIFT:
            yield Watch("due", f"{one.number} {one.title}", one.since, one.due_at, f"{one.promised}; {_holder(one)}")


def _holder(one: OpenIncident) -> str:
    return f"owner {one.owner}" if one.owner else f"nobody of {one.team} owns it" if one.team else "nobody owns it"


def _silences(session: Session, now: datetime) -> Iterator[Watch]:
    """What is silenced fires unseen: the next shift has to know."""
    query = select(Silence).where(Silence.starts_at <= now, Silence.ends_at > now, Silence.ended_at.is_(None))
    for row in session.scalars(query.order_by(Silence.ends_at, Silence.id)):
        yield Watch(
            "silence", f"{row.number} {row.matchers}", row.starts_at, row.ends_at, f"{row.author}: {row.comment}"
        )


def _flapping(session: Session) -> Iterator[Watch]:
    query = select(Alert).where(Alert.is_flapping, Alert.standing != Standing.OVER)
    for row in session.scalars(query.order_by(Alert.changed_at, Alert.id).limit(MOST_ALERTS)):
        yield Watch("flapping", _alert(row), row.fired_at, None, f"{row.events} events, from {row.source}")


def _owned(session: Session) -> Iterator[Watch]:
    """Acknowledged ones fire again when their time is over, and what a window keeps quiet is raised at its end."""
    query = select(Alert).where(Alert.state == AlertState.ACKNOWLEDGED, Alert.standing != Standing.OVER)
    for row in session.scalars(query.order_by(Alert.fired_at, Alert.id).limit(MOST_ALERTS)):
        yield Watch("owned", _alert(row), row.fired_at, row.acknowledged_until, f"by {row.owner or 'its sender'}")
    kept = select(Alert).where(Alert.muted_by == Mute.MAINTENANCE, Alert.standing == Standing.HELD)
    for row in session.scalars(kept.order_by(Alert.fired_at, Alert.id).limit(MOST_ALERTS)):
        yield Watch("maintenance", _alert(row), row.fired_at, row.muted_until, row.muted_reason or "")


def _alert(row: Alert) -> str:
    where = row.host or row.service
    return f"{row.name} of {where}" if where else row.name


def _degraded(session: Session, incidents: Iterable[OpenIncident]) -> Iterator[Degraded]:
    """The services that people miss something of, the most needed first."""
    fires = (Alert.standing == Standing.OPEN, Alert.event_class == EventClass.EXCEPTION, Alert.service.is_not(None))
    query = select(Alert.service, func.count()).where(*fires, Alert.is_drill.is_(False)).group_by(Alert.service)
    alerts = {service or "": number for service, number in session.execute(query).tuples()}
    grave: dict[str, list[str]] = defaultdict(list)
    for one in incidents:
        if one.is_grave and one.service:
            grave[one.service].append(one.number)
    known = {row.name: (row.title, row.spec.get("tier")) for row in in_force(session, "service")}
    for service in sorted({*alerts, *grave}, key=lambda name: (known.get(name, ("", None))[1] or LEAST_NEEDED, name)):
        title, tier = known.get(service, (service, None))
        yield Degraded(service, title, tier, tuple(grave[service]), alerts.get(service, 0))
