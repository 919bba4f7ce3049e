"""When the alerts of a group are told to the receiver of its route, by the rules of models.rules.grouping."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from models.queries import notices
from models.queries.event_processing.alert_rows import ALERTS, ASKING
from models.queries.event_processing.event_book import EventBook
from models.queries.event_processing.group_counts import count, gravest, of_group
from models.records import Alert, AlertGroup, Incident, Service
from models.rules.grouping import Group, Look, Timing, Told, look_at, next_look
from models.rules.notice_facts import AlertFacts, AlertGroupFacts
from models.rules.time_intervals import may_tell
from models.vocabulary import AlertState, Standing

MOST_ASKED = 1_000
"""Of each kind; whether anything is new does not depend on more."""
MOST_LISTED = 10


def tell(
    session: Session, group: AlertGroup, incident: Incident | None, book: EventBook, now: datetime
) -> datetime | None:
    """Tell the group when it is time to. When it is to be looked at next; None: it is over."""
    if group.first_look_at is None:
        return None
    wait, interval, repeat = (timedelta(seconds=group.timing[name]) for name in ("wait", "interval", "repeat"))
    timing = Timing(wait, interval, repeat)
    begun = Group(group.first_look_at, looked=group.looked_at)
    if now < next_look(begun, timing):
        return next_look(begun, timing)
    look = look_at(_as_rule(session, group), timing, now, _muted(session, group, book, now))
    if look.tell:
        _put(session, group, incident, look.reason, now)
    _note(session, group, look, now)
    return look.next_at


def _as_rule(session: Session, group: AlertGroup) -> Group:
    was_told = Alert.told == AlertState.FIRING
    new = _some(session, and_(of_group(group, ASKING), or_(Alert.told.is_(None), ~was_told)))
    old = _some(session, and_(of_group(group, (*ASKING, Standing.HELD)), was_told))
    over = _some(session, and_(of_group(group, (Standing.OVER,)), was_told))
    told = None if group.told_at is None else Told(group.told_at, old | over, frozenset())
    first = group.first_look_at or group.began_at
    return Group(first, firing=new | old, resolved=over, looked=group.looked_at, told=told)


def _some(session: Session, condition: ColumnElement[bool]) -> frozenset[str]:
    query = select(Alert.fingerprint).where(condition).limit(MOST_ASKED)
    return frozenset(session.scalars(query))


def _muted(session: Session, group: AlertGroup, book: EventBook, now: datetime) -> str | None:
    """Why nothing may be told now: a time interval of the route, or every alert is kept quiet."""
    known = book.time_intervals
    mute, active = ([name for name in group.timing[key] if name in known] for key in ("mute", "active"))
    verdict = may_tell(mute, active, known, now)
    if not verdict.allowed:
        return verdict.reason
    held = _some(session, of_group(group, (Standing.HELD,)))
    return "all its alerts are kept quiet" if held and not _some(session, of_group(group, ASKING)) else None


def _note(session: Session, group: AlertGroup, look: Look, now: datetime) -> None:
    """Write down what was told, and as what."""
    over = and_(of_group(group, (Standing.OVER,)), Alert.told == AlertState.FIRING)
    if look.tell:
        group.told_at = now
        told = {AlertState.FIRING: of_group(group, ASKING), AlertState.RESOLVED: over}
        for state, condition in told.items():
            differs = or_(Alert.told.is_(None), Alert.told != state)
            session.execute(update(ALERTS).where(condition, differs).values(told=state))
    if look.group is None:
        session.execute(update(ALERTS).where(over).values(told=None))
        group.first_look_at = group.looked_at = group.told_at = None
    else:
        group.looked_at = now


def _put(session: Session, group: AlertGroup, incident: Incident | None, reason: str, now: datetime) -> None:
    if not group.timing["receiver"] and incident is not None:
        # The team of the incident hears of it by the incident's own notices.
        return
    asking = of_group(group, ASKING)
    over = and_(of_group(group, (Standing.OVER,)), Alert.told == AlertState.FIRING)
    alerts = gravest(session, asking, MOST_LISTED) or gravest(session, over, MOST_LISTED)
    if not alerts:
        return
    first = alerts[0]
    facts = AlertGroupFacts(
        title=group.topic or first.name,
        at=now,
        since=min(alert.fired_at for alert in alerts),
        firing=count(session, asking),
        resolved=count(session, over),
        alerts=tuple(_fact(alert) for alert in alerts),
        labels={name: str(value) for name, value in group.labels.items()},
        service=first.service,
        incident=incident.number if incident is not None else None,
        text=reason,
    )
    team = session.scalar(select(Service.spec["owner"].as_string()).where(Service.name == first.service))
    notices.about_alert_group(session, group, facts, first.severity.value, team, now)


def _fact(alert: Alert) -> AlertFacts:
    return AlertFacts(
        name=alert.name,
        state="resolved" if alert.state is AlertState.RESOLVED else "firing",
        since=alert.fired_at,
        severity=alert.severity.value,
        where=alert.host or alert.service,
        text=str(alert.details.get("text") or "") or None,
    )
