"""The clocks of imported incidents, computed as those of live ones are: from the journal, by the same rule."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models.queries.clock_cache import TABLE, WRITE, values_of
from models.queries.incident_history import histories_of
from models.rules.service_clock import read_clock
from models.rules.source_tickets import SourceTicket
from models.rules.ticket_rows import Refusal


def compute(session: Session, incidents: Mapping[int, SourceTicket], now: datetime) -> list[Refusal]:
    """Keep how the clocks of these incidents stand, by what the journal says of them; nobody is told, or looks again.

    Returns those that cannot be computed, and why.
    """
    rows, refused = [], []
    for incident_id, history in histories_of(session, list(incidents)).items():
        if not history.promises:
            continue
        try:
            clock = read_clock(history.facts, history.promises, now)
        except ValueError as error:
            ticket = incidents[incident_id]
            words = f"the ticket is in, its clocks cannot be computed: {error}"
            refused.append(Refusal(ticket.line, ticket.id, "no clock", words))
            continue
        rows += [values_of(incident_id, reading, now) for reading in clock.readings]
    session.execute(delete(TABLE).where(TABLE.c.incident_id.in_(list(incidents))))
    WRITE.run(session.connection(), rows)
    return refused
