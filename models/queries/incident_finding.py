"""Incidents found: by number, and by the alerts that they answer for."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import incident_family
from models.records import Incident
from models.rules.incidents import ticket_number
from models.vocabulary import TicketKind


def get(session: Session, incident_id: int) -> Incident:
    """One incident. Raises NotFound."""
    incident = session.get(Incident, incident_id)
    if incident is None:
        last = session.scalar(select(func.max(Incident.id)))
        seen = f"the last is {ticket_number(TicketKind.INCIDENT, last)}" if last else "there is none yet"
        raise NotFound(f"there is no incident {ticket_number(TicketKind.INCIDENT, incident_id)}; {seen}")
    return incident


def open_with_key(session: Session, key: str) -> Incident | None:
    """The incident that is not over and answers for these alerts: the one of this key, or what it was merged into."""
    own = open_of_its_own(session, key)
    if own is not None:
        return own
    last = last_with_key(session, key)
    original = incident_family.original_of(session, last) if last is not None else None
    return original if original is not None and original.state not in incident_family.OVER else None


def last_with_key(session: Session, key: str) -> Incident | None:
    """The newest incident of this key, whatever became of it."""
    return session.scalar(select(Incident).where(Incident.correlation_key == key).order_by(Incident.id.desc()).limit(1))


def open_of_its_own(session: Session, key: str) -> Incident | None:
    """The one that is not over and has this key itself."""
    query = select(Incident).where(Incident.correlation_key == key, Incident.state.not_in(incident_family.OVER))
    return session.scalar(query)
