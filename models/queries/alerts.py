"""Alerts as people ask for them: found, listed by severity and age, acknowledged, made an incident."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import journal
from models.queries.event_processing import alert_rows
from models.queries.event_processing.group_counts import GRAVEST_FIRST
from models.queries.event_processing.policies import PolicyShelf
from models.queries.event_processing.working_off import note_changes
from models.records import Alert, AlertChange, AlertGroup, CorrectiveRun
from models.rules.alert_course import acknowledged
from models.rules.wall_clock import stamp
from models.vocabulary import AlertState, Severity, Standing

SHORTEST_FINGERPRINT = 6


@dataclass(frozen=True)
class Asked:
    """Which alerts somebody wants to see."""

    with_resolved: bool = False
    severity: Severity | None = None
    """Not less severe than this one."""
    service: str | None = None
    source: str | None = None
    incident_id: int | None = None


def listed(session: Session, asked: Asked, most: int) -> list[Alert]:
    """The alerts, the gravest first, and of these the oldest."""
    query = select(Alert).where(*_conditions(asked)).order_by(GRAVEST_FIRST, Alert.fired_at, Alert.id)
    return list(session.scalars(query.limit(most)))


def count(session: Session, asked: Asked) -> int:
    """How many there are."""
    return session.scalar(select(func.count()).select_from(Alert).where(*_conditions(asked))) or 0


def find(session: Session, words: str) -> Alert:
    """The alert of a number, of a fingerprint or of its beginning. Raises NotFound, also when it means several."""
    text = words.strip().lower()
    if text.isdecimal() and len(text) < SHORTEST_FINGERPRINT * 2:
        found = session.get(Alert, int(text))
        if found is not None:
            return found
    if len(text) < SHORTEST_FINGERPRINT or not text.isalnum():
        raise NotFound(f"there is no alert {words!r}: give its number, or the beginning of its fingerprint")
    query = select(Alert).where(Alert.fingerprint.startswith(text, autoescape=True)).limit(2)
    alerts = session.scalars(query).all()
    if len(alerts) != 1:
        problem = f"{words!r} means several alerts: give more of it" if alerts else f"there is no alert {words!r}"
        raise NotFound(f"{problem}; see `watchbill event list --alerts`")
    return alerts[0]


def history_of(session: Session, alert: Alert, most: int) -> list[AlertChange]:
    """What happened to an alert, newest first."""
    query = select(AlertChange).where(AlertChange.alert_id == alert.id).order_by(AlertChange.id.desc())
    return list(session.scalars(query.limit(most)))


def attempts_of(session: Session, alert: Alert) -> list[CorrectiveRun]:
    """What was tried to mend it in this episode, oldest first."""
    query = select(CorrectiveRun).where(CorrectiveRun.alert_id == alert.id, CorrectiveRun.episode == alert.episode)
    return list(session.scalars(query.order_by(CorrectiveRun.id)))


def acknowledge(session: Session, alert: Alert, person: str, length: timedelta | None, now: datetime) -> Alert:
    """A person owns the alert, for so long (None: as the policy says). Raises Refused for one that is resolved."""
    (row,) = alert_rows.read_rows(session, [alert.id])
    policy = PolicyShelf().policy(session, row.policy_id)
    draft = alert_rows.draft_of(row, policy if length is None else replace(policy, acknowledge_for=length))
    draft.actor = person
    step = acknowledged(draft.course, person, draft.policy, now)
    draft.course = step.course
    note_changes(draft, step.changes, now)
    alert_rows.write(session, [draft])
    until = f"until {stamp(step.course.acknowledged_until)}" if step.course.acknowledged_until else None
    journal.append(session, journal.Fact("events:alert:acknowledge", f"alert/{alert.id}", person, reason=until))
    session.refresh(alert)
    return alert


def candidates(session: Session) -> Sequence[AlertGroup]:
    """The groups about which a person is to decide whether they become incidents, oldest first."""
    query = select(AlertGroup).where(AlertGroup.candidate_at.is_not(None), AlertGroup.accepted_at.is_(None))
    return session.scalars(query.order_by(AlertGroup.candidate_at)).all()


def accept(session: Session, alert: Alert, person: str, now: datetime) -> AlertGroup:
    """The group of an alert becomes an incident, at the next look. Raises Refused when nobody was asked."""
    group = session.get(AlertGroup, alert.group_id) if alert.group_id is not None else None
    if group is None or group.candidate_at is None:
        raise Refused(f"alert {alert.id} is no candidate for an incident: nothing is to be decided")
    group.accepted_at, group.accepted_by, group.look_at = now, person, now
    journal.append(session, journal.Fact("events:group:accept", f"alert_group/{group.id}", person))
    return group


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if not asked.with_resolved:
        found.append(or_(Alert.state != AlertState.RESOLVED, Alert.standing != Standing.OVER))
    if asked.severity is not None:
        graver = list(Severity)[: list(Severity).index(asked.severity) + 1]
        found.append(Alert.severity.in_(graver))
    if asked.service is not None:
        found.append(Alert.service == asked.service)
    if asked.source is not None:
        found.append(Alert.source == asked.source)
    if asked.incident_id is not None:
        found.append(Alert.incident_id == asked.incident_id)
    return found
