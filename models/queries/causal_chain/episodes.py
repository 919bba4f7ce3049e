"""The episodes of an alert: it fires, it is over, it fires anew; each belongs to the incident of its own time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from models.records import Alert, AlertChange, AlertGroup, Incident
from models.vocabulary import AlertAction

ENDS = (AlertAction.RESOLVE, AlertAction.EXPIRE)


@dataclass(frozen=True)
class Episode:
    """One time that an alert fired."""

    alert: int
    number: int
    began_at: datetime
    ended_at: datetime | None

    def incident_of(self, session: Session, alert: Alert) -> int | None:
        """The incident that answers, or answered, for it: its group's first that was not over when it began."""
        if self.number == alert.episode and alert.incident_id is not None:
            return alert.incident_id
        query = (
            select(Incident.id)
            .join(AlertGroup, AlertGroup.key == Incident.correlation_key)
            .where(
                AlertGroup.id == alert.group_id, or_(Incident.closed_at.is_(None), Incident.closed_at >= self.began_at)
            )
            .order_by(Incident.id)
        )
        return session.scalar(query.limit(1))


def episodes_of(session: Session, alert_id: int, number: int | None = None) -> Iterator[Episode]:
    """The episodes of an alert in their order, or the one with this number."""
    query = select(AlertChange).where(AlertChange.alert_id == alert_id).order_by(AlertChange.id)
    if number is not None:
        query = query.where(AlertChange.episode == number)
    began: dict[int, datetime] = {}
    ended: dict[int, datetime | None] = {}
    for change in session.scalars(query):
        began.setdefault(change.episode, change.at)
        ended[change.episode] = change.at if change.action in ENDS else None
    for found, at in began.items():
        yield Episode(alert_id, found, at, ended[found])


def episode_of(session: Session, subject: str) -> Episode | None:
    """The episode that `alert/3/2` names; None when its history is not kept any more."""
    alert_id, number = map(int, subject.split("/")[1:])
    return next(episodes_of(session, alert_id, number), None)


def episodes_of_incident(session: Session, incident: Incident) -> Select[Any]:
    """Alert and episode, the oldest first, of all that the incident answers for."""
    fired = (
        select(AlertChange.alert_id, AlertChange.episode, func.min(AlertChange.at).label("at"))
        .join(Alert, Alert.id == AlertChange.alert_id)
        .where(AlertChange.action == AlertAction.FIRE, or_(*_belongs(session, incident)))
        .group_by(AlertChange.alert_id, AlertChange.episode)
        .subquery()
    )
    return select(fired.c.alert_id, fired.c.episode).order_by(fired.c.at, fired.c.alert_id)


def _belongs(session: Session, incident: Incident) -> Iterator[ColumnElement[bool]]:
    """What it has now; and what its group had between the end of the incident before it and its own."""
    yield and_(Alert.incident_id == incident.id, AlertChange.episode == Alert.episode)
    if incident.correlation_key is None:
        return
    group = session.scalar(select(AlertGroup.id).where(AlertGroup.key == incident.correlation_key))
    if group is None:
        return
    former = select(func.max(Incident.closed_at)).where(
        Incident.correlation_key == incident.correlation_key, Incident.id < incident.id
    )
    since = session.scalar(former)
    ours = [Alert.group_id == group, Alert.episode != AlertChange.episode]
    ours += [AlertChange.at > since] if since is not None else []
    ours += [AlertChange.at <= incident.closed_at] if incident.closed_at is not None else []
    yield and_(*ours)
