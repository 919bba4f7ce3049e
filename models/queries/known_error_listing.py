"""What the desk shows of the uses of known errors."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.records import Incident, KnownErrorUse, run_number
from models.vocabulary import IncidentState


@dataclass(frozen=True)
class NewestUse:
    """One incident for which a known error was suggested or used."""

    incident: str
    title: str
    state: IncidentState
    at: datetime
    why: str
    used_by: str | None
    worked: bool | None
    reason: str | None
    run: str | None
    is_drill: bool


def newest_uses(session: Session, known_error_id: int, most: int) -> tuple[NewestUse, ...]:
    """The newest suggestions and uses of a known error, the newest first."""
    query = (
        select(KnownErrorUse, Incident)
        .join(Incident, Incident.id == KnownErrorUse.incident_id)
        .where(KnownErrorUse.known_error_id == known_error_id)
        .order_by(func.coalesce(KnownErrorUse.used_at, KnownErrorUse.suggested_at).desc(), KnownErrorUse.id.desc())
        .limit(most)
    )
    return tuple(_use(row, incident) for row, incident in session.execute(query).tuples())


def _use(row: KnownErrorUse, incident: Incident) -> NewestUse:
    return NewestUse(
        incident=incident.number,
        title=incident.title,
        state=incident.state,
        at=row.used_at or row.suggested_at or incident.opened_at,
        why=row.why,
        used_by=row.used_by,
        worked=row.worked,
        reason=row.reason,
        run=run_number(row.run_id) if row.run_id is not None else None,
        is_drill=incident.is_drill,
    )
