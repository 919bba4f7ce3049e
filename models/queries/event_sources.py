"""Who may send events, as the register has it."""

from sqlalchemy.orm import Session

from models.queries import register
from models.rules.event_sources import EventSource
from models.site.site import from_spec


def event_sources(session: Session) -> list[EventSource]:
    """The sources in force, by name."""
    return [from_spec("source", row.spec).event_source() for row in register.in_force(session, "source")]
