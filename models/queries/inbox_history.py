"""What was received, as it can be replayed: the requests that are kept still."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.records import InboxRow
from models.rules.event_replay import Arrival

_AT_ONCE = 200


def arrivals(session: Session, since: datetime) -> Iterator[Arrival]:
    """The events received since then, as they were sent, in the order in which they came."""
    query = select(InboxRow).where(InboxRow.received_at >= since).order_by(InboxRow.id)
    for row in session.scalars(query.execution_options(yield_per=_AT_ONCE)):
        for event in row.events():
            yield Arrival(row.received_at, row.source, event)
