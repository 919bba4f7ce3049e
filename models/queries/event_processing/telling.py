"""When the alerts of a group are told to the receiver of its route, by the rules of models.rules.grouping."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import notices
from models.queries.event_processing.alert_rows import ASKING
from models.queries.event_processing.event_book import EventBook
from models.queries.event_processing.members import Members
from models.records import Alert, AlertGroup, Incident, Service
from models.rules.grouping import Group, Look, Timing, Told, look_at, next_look
from models.rules.incidents import ticket_number
from models.rules.notice_facts import AlertFacts, AlertGroupFacts
from models.rules.time_intervals import may_tell
from models.vocabulary import AlertState, Standing, TicketKind

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
    new = Members(group, ASKING, was_told=False).fingerprints(session)
    old = Members(group, (*ASKING, Standing.HELD), was_told=True).fingerprints(session)
    over = _ended(group).fingerprints(session)
    told = None if group.told_at is None else Told(group.told_at, old | over, frozenset())
    first = group.first_look_at or group.began_at
    return Group(first, firing=new | old, resolved=over, looked=group.looked_at, told=told)


def _ended(group: AlertGroup) -> Members:
    """Those whose end is not told yet."""
    return Members(group, (Standing.OVER,), was_told=True)


def _muted(session: Session, group: AlertGroup, book: EventBook, now: datetime) -> str | None:
    """Why nothing may be told now: a time interval of the route, or every alert is kept quiet."""
    known = book.time_intervals
    mute, active = ([name for name in group.timing[key] if name in known] for key in ("mute", "active"))
    verdict = may_tell(mute, active, known, now)
    if not verdict.allowed:
        return verdict.reason
    held = Members(group, (Standing.HELD,)).fingerprints(session)
    asks = Members(group, ASKING).fingerprints(session)
    return "all its alerts are kept quiet" if held and not asks else None


def _note(session: Session, group: AlertGroup, look: Look, now: datetime) -> None:
    """Write down what was told, and as what."""
    if look.tell:
        group.told_at = now
        Members(group, ASKING).note(session, AlertState.FIRING)
        _ended(group).note(session, AlertState.RESOLVED)
    if look.group is None:
        _ended(group).note(session, None)
        group.first_look_at = group.looked_at = group.told_at = None
    else:
        group.looked_at = now


def _put(session: Session, group: AlertGroup, incident: Incident | None, reason: str, now: datetime) -> None:
    asking, over = Members(group, ASKING), _ended(group)
    alerts = asking.gravest(session, MOST_LISTED) or over.gravest(session, MOST_LISTED)
    if not alerts:
        return
    first = alerts[0]
    number = incident.number if incident is not None else _number_of(first.incident_id)
    if not group.timing["receiver"] and number is not None:
        # The team of the incident hears of it by the incident's own notices.
        return
    facts = AlertGroupFacts(
        title=group.topic or first.name,
        at=now,
        since=min(alert.fired_at for alert in alerts),
        firing=asking.count(session),
        resolved=over.count(session),
        alerts=tuple(_fact(alert) for alert in alerts),
        labels={name: str(value) for name, value in group.labels.items()},
        service=first.service,
        incident=number,
        text=reason,
    )
    team = session.scalar(select(Service.spec["owner"].as_string()).where(Service.name == first.service))
    notices.about_alert_group(session, group, facts, first.severity.value, team, now)


def _number_of(incident_id: int | None) -> str | None:
    """Of the incident that a guest has in its own group."""
    return ticket_number(TicketKind.INCIDENT, incident_id) if incident_id is not None else None


def _fact(alert: Alert) -> AlertFacts:
    return AlertFacts(
        name=alert.name,
        state="resolved" if alert.state is AlertState.RESOLVED else "firing",
        since=alert.fired_at,
        severity=alert.severity.value,
        where=alert.host or alert.service,
        text=str(alert.details.get("text") or "") or None,
    )
