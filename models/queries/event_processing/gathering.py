"""A storm begins with alerts that nobody took for one yet: they, and the incident that they made, become part of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from models.queries.event_processing.alert_rows import ALERTS, Draft
from models.records import Alert, AlertGroup, Incident
from models.rules.correlation import OVER
from models.vocabulary import Standing


@dataclass(frozen=True, slots=True)
class Storm:
    """More new alerts of one scope in a minute than people could read."""

    scope: str
    topic: str
    since: datetime
    """Its alerts came after this."""
    begins: bool
    """Just now: what came before in this minute is in other groups."""


def gather(session: Session, storm: Storm, group: AlertGroup, drafts: Sequence[Draft]) -> None:
    """Bring the storm's first alerts into its group, and the incident of a group that is empty then."""
    mine = and_(
        Alert.scope == storm.scope,
        Alert.created_at > storm.since,
        Alert.group_id.is_not(None),
        Alert.group_id != group.id,
    )
    former = set(session.scalars(select(Alert.group_id).where(mine).distinct()))
    session.execute(update(ALERTS).where(mine).values(group_id=group.id))
    for draft in drafts:  # what is known already is written back as its draft says
        if draft.values["group_id"] in former and _is_of(storm, draft):
            draft.values["group_id"] = group.id
    for other in session.scalars(select(AlertGroup).where(AlertGroup.id.in_(former)).order_by(AlertGroup.id)):
        if group.incident_id is None and _has_open_incident(session, other) and _is_empty(session, other):
            group.incident_id, other.incident_id = other.incident_id, None


def _is_of(storm: Storm, draft: Draft) -> bool:
    return bool(draft.values["scope"] == storm.scope and draft.values["created_at"] > storm.since)


def _has_open_incident(session: Session, group: AlertGroup) -> bool:
    return group.incident_id is not None and session.get_one(Incident, group.incident_id).state not in OVER


def _is_empty(session: Session, group: AlertGroup) -> bool:
    fires = (Alert.group_id == group.id, Alert.standing != Standing.OVER)
    return not session.scalar(select(func.count()).select_from(Alert).where(*fires))
