"""How many alerts of a group ask, join and fire. Nothing is counted beyond what anybody would read."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from models.queries.event_processing.alert_rows import ASKING
from models.records import Alert, AlertGroup
from models.vocabulary import Severity, Standing

MOST_COUNTED = 10_000
FIRING = (*ASKING, Standing.HELD)
GRAVEST_FIRST = case({severity: place for place, severity in enumerate(Severity)}, value=Alert.severity)


def of_group(
    group: AlertGroup, standings: Iterable[Standing], *, of_incident: bool | None = None
) -> ColumnElement[bool]:
    """The alerts of a group that stand so; only those that make an incident, or all (None)."""
    kinds = (True, False) if of_incident is None else (of_incident,)
    # Both are asked for by name, so that the index answers.
    return and_(Alert.group_id == group.id, Alert.is_for_incident.in_(kinds), Alert.standing.in_(standings))


def count(session: Session, condition: ColumnElement[bool]) -> int:
    """How many alerts there are such; not more than could matter."""
    some = select(Alert.id).where(condition).limit(MOST_COUNTED)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def is_any(session: Session, condition: ColumnElement[bool]) -> bool:
    """Whether there is one such alert."""
    return session.scalar(select(Alert.id).where(condition).limit(1)) is not None


def newest_raised(session: Session, group: AlertGroup) -> datetime | None:
    """When the newest of those that ask began to."""
    condition = of_group(group, ASKING, of_incident=True)
    return session.scalar(select(func.max(Alert.raised_at)).where(condition))


def gravity(alert: Alert) -> tuple[int, str, int]:
    """The place of an alert among others, the gravest and oldest first."""
    return (list(Severity).index(alert.severity), alert.raised_at.isoformat() if alert.raised_at else "", alert.id)


def gravest(session: Session, condition: ColumnElement[bool], most: int) -> list[Alert]:
    """The first few of these alerts, the gravest and oldest first."""
    query = select(Alert).where(condition).order_by(GRAVEST_FIRST, Alert.raised_at, Alert.id).limit(most)
    return list(session.scalars(query.execution_options(populate_existing=True)))
