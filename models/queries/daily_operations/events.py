"""What came in as events in the period, and what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.queries.daily_operations.standing import Period
from models.records import Alert, AlertChange, InboxRow, Incident
from models.vocabulary import AlertAction, ResolutionCode, Standing

NOISIEST = 5
RAISED = (AlertAction.FIRE, AlertAction.FIRE_AGAIN)


@dataclass(frozen=True)
class ServiceAlerts:
    """The alerts of one service (None: bound to none) that fired in the period."""

    service: str | None
    alerts: int
    fired: int
    """How often, all of them together."""
    open: int
    """How many of them are not over."""


@dataclass(frozen=True)
class Noise:
    """One alert that changed often."""

    alert: int
    name: str
    source: str
    where: str | None
    changes: int
    is_flapping: bool


@dataclass(frozen=True)
class Events:
    """From events to alerts to incidents, in one period."""

    events: int
    requests: int
    quarantined: int
    """Requests that could not be worked off and wait for a person, whenever they came."""
    alerts: int
    """Different conditions that fired."""
    opened: int
    """Incidents that were opened for them."""
    resolved: int
    """Of these, how many have a solution."""
    by_themselves: int
    """Of the resolved ones, how many cleared without anybody."""
    flapping: int
    services: tuple[ServiceAlerts, ...]
    noisiest: tuple[Noise, ...]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing came, and nothing waits."""
        return not (self.events or self.alerts or self.quarantined)


def read_events(session: Session, period: Period) -> Events:
    """What the inbox, the alerts and the incidents say of a period."""
    came = select(func.count(), func.coalesce(func.sum(InboxRow.count), 0)).where(_within(InboxRow.received_at, period))
    requests, events = session.execute(came).one()
    waits = (InboxRow.quarantined_at.is_not(None), InboxRow.processed_at.is_(None))
    fired = select(AlertChange.alert_id).where(AlertChange.action.in_(RAISED), _within(AlertChange.at, period))
    flaps = (AlertChange.action == AlertAction.START_FLAPPING, _within(AlertChange.at, period))
    solved = case((Incident.resolved_at.is_not(None), 1), else_=0)
    alone = case((Incident.resolution_code == ResolutionCode.CLEARED_BY_ITSELF, 1), else_=0)
    incidents = select(func.count(), func.coalesce(func.sum(solved), 0), func.coalesce(func.sum(alone), 0)).where(
        Incident.correlation_key.is_not(None), Incident.is_drill.is_(False), _within(Incident.opened_at, period)
    )
    opened, resolved, by_themselves = session.execute(incidents).one()
    return Events(
        events=int(events),
        requests=requests,
        quarantined=session.scalar(select(func.count()).select_from(InboxRow).where(*waits)) or 0,
        alerts=session.scalar(select(func.count()).select_from(fired.distinct().subquery())) or 0,
        opened=opened,
        resolved=int(resolved),
        by_themselves=int(by_themselves),
        flapping=session.scalar(select(func.count(func.distinct(AlertChange.alert_id))).where(*flaps)) or 0,
        services=tuple(_services(session, period)),
        noisiest=tuple(_noisiest(session, period)),
    )


def _within(column: InstrumentedAttribute[datetime], period: Period) -> ColumnElement[bool]:
    return and_(column >= period.since, column < period.until)


def _services(session: Session, period: Period) -> Iterator[ServiceAlerts]:
    is_open = case((Alert.standing != Standing.OVER, Alert.id))
    query = (
        select(Alert.service, func.count(func.distinct(Alert.id)), func.count(), func.count(func.distinct(is_open)))
        .join(AlertChange, AlertChange.alert_id == Alert.id)
        .where(AlertChange.action.in_(RAISED), _within(AlertChange.at, period))
        .group_by(Alert.service)
        .order_by(func.count().desc(), Alert.service)
    )
    for service, alerts, fired, still in session.execute(query).tuples():
        yield ServiceAlerts(service, alerts, fired, still)


def _noisiest(session: Session, period: Period) -> Iterator[Noise]:
    """By how often they changed: one that fires a whole night in silence is no noise."""
    changes = func.count()
    query = (
        select(Alert, changes)
        .join(AlertChange, AlertChange.alert_id == Alert.id)
        .where(_within(AlertChange.at, period))
        .group_by(Alert.id)
        .having(changes > 1)
        .order_by(changes.desc(), Alert.id)
        .limit(NOISIEST)
    )
    for alert, number in session.execute(query).tuples():
        yield Noise(alert.id, alert.name, alert.source, alert.host or alert.service, number, alert.is_flapping)
