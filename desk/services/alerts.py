"""Alerts for people: listed by severity and age, shown with what happened to them, acknowledged."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.database import Database
from models.queries import alerts, desk_runs
from models.queries.alerts import Asked
from models.records import Alert, AlertChange, AlertGroup, CorrectiveRun, run_number
from models.rules.incidents import ticket_number
from models.vocabulary import TicketKind

MOST_SHOWN = 500
MOST_HISTORY = 100


@dataclass(frozen=True)
class AlertLine:
    """One alert in a list."""

    alert: int
    fingerprint: str
    name: str
    severity: str
    event_class: str
    state: str
    standing: str
    muted_by: str | None
    muted_reason: str | None
    service: str | None
    host: str | None
    instance: str | None
    """What it is about as its sender calls it: its label `host` or `instance`, known to the site or not."""
    source: str
    text: str
    fired_at: datetime
    seen_at: datetime
    events: int
    owner: str | None
    incident: str | None
    is_candidate: bool
    """A person is to decide whether its group becomes an incident."""
    is_drill: bool


@dataclass(frozen=True)
class AlertList:
    """Alerts, the gravest first, and of these the oldest."""

    timezone: str
    total: int
    alerts: tuple[AlertLine, ...]


@dataclass(frozen=True)
class ChangeLine:
    """One thing that happened to an alert."""

    at: datetime
    action: str
    source: str | None
    target: str
    actor: str
    reason: str
    episode: int


@dataclass(frozen=True)
class AttemptLine:
    """One attempt to mend it."""

    job: str
    attempt: int
    attempts: int
    run: str | None
    began_at: datetime
    has_worked: bool | None
    reason: str | None


@dataclass(frozen=True)
class AlertDetail:
    """One alert, with all that is known of it."""

    timezone: str
    line: AlertLine
    episode: int
    created_at: datetime
    firing_since: datetime
    resolved_at: datetime | None
    acknowledged_until: datetime | None
    muted_until: datetime | None
    labels: dict[str, object]
    facts: dict[str, object]
    links: tuple[dict[str, str], ...]
    rules: tuple[str, ...]
    notes: tuple[str, ...]
    history: tuple[ChangeLine, ...]
    """Newest first."""
    attempts: tuple[AttemptLine, ...]


def list_alerts(database: Database, asked: Asked) -> AlertList:
    """The alerts that somebody asks for."""
    with database.read() as session:
        found = alerts.listed(session, asked, MOST_SHOWN)
        waiting = {group.id for group in alerts.candidates(session)}
        lines = tuple(_line(alert, waiting) for alert in found)
        return AlertList(desk_runs.site_zone(session), alerts.count(session, asked), lines)


def show_alert(database: Database, words: str) -> AlertDetail:
    """One alert, by its number or its fingerprint. Raises NotFound."""
    with database.read() as session:
        return _detail(session, alerts.find(session, words))


def acknowledge(database: Database, words: str, person: str, length: timedelta | None, now: datetime) -> AlertDetail:
    """A person owns the alert. Raises NotFound, and Refused for one that is resolved."""
    with database.write() as session:
        alert = alerts.acknowledge(session, alerts.find(session, words), person, length, now)
        session.flush()
        return _detail(session, alert)


def accept(database: Database, words: str, person: str, now: datetime) -> AlertDetail:
    """Make the group of a candidate an incident. Raises NotFound, and Refused when nobody was asked."""
    with database.write() as session:
        alert = alerts.find(session, words)
        alerts.accept(session, alert, person, now)
        return _detail(session, alert)


def _line(alert: Alert, waiting: set[int]) -> AlertLine:
    incident = ticket_number(TicketKind.INCIDENT, alert.incident_id) if alert.incident_id is not None else None
    return AlertLine(
        alert=alert.id,
        fingerprint=alert.fingerprint,
        name=alert.name,
        severity=alert.severity.value,
        event_class=alert.event_class.value,
        state=alert.state.value,
        standing=alert.standing.value,
        muted_by=alert.muted_by.value if alert.muted_by else None,
        muted_reason=alert.muted_reason,
        service=alert.service,
        host=alert.host,
        instance=alert.labels.get("host") or alert.labels.get("instance"),
        source=alert.source,
        text=str(alert.details.get("text") or ""),
        fired_at=alert.fired_at,
        seen_at=alert.seen_at,
        events=alert.events,
        owner=alert.owner,
        incident=incident,
        is_candidate=alert.group_id in waiting,
        is_drill=alert.is_drill,
    )


def _detail(session: Session, alert: Alert) -> AlertDetail:
    group = session.get(AlertGroup, alert.group_id) if alert.group_id is not None else None
    is_candidate = group is not None and group.candidate_at is not None and group.accepted_at is None
    details = alert.details
    return AlertDetail(
        timezone=desk_runs.site_zone(session),
        line=_line(alert, {group.id} if group is not None and is_candidate else set()),
        episode=alert.episode,
        created_at=alert.created_at,
        firing_since=alert.firing_since,
        resolved_at=alert.resolved_at,
        acknowledged_until=alert.acknowledged_until,
        muted_until=alert.muted_until,
        labels=dict(alert.labels),
        facts=dict(details.get("facts") or {}),
        links=tuple(details.get("links") or ()),
        rules=tuple(details.get("rules") or ()),
        notes=tuple(details.get("notes") or ()),
        history=tuple(_change(one) for one in alerts.history_of(session, alert, MOST_HISTORY)),
        attempts=tuple(_attempt(one) for one in alerts.attempts_of(session, alert)),
    )


def _change(one: AlertChange) -> ChangeLine:
    source = one.source.value if one.source else None
    return ChangeLine(one.at, one.action.value, source, one.target.value, one.actor, one.reason, one.episode)


def _attempt(one: CorrectiveRun) -> AttemptLine:
    run = run_number(one.run_id) if one.run_id is not None else None
    return AttemptLine(one.job, one.attempt, one.attempts, run, one.began_at, one.has_worked, one.reason)
