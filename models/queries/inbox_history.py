"""What was received and done, as it can be replayed: requests and silences that are kept still."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import records
from models.queries import silences
from models.records import InboxRow
from models.rules.event_replay import Arrival
from models.rules.silences import Silence

_AT_ONCE = 200


def arrivals(session: Session, since: datetime) -> Iterator[Arrival]:
    """The events received since then, as they were sent, in the order in which they came."""
    query = select(InboxRow).where(InboxRow.received_at >= since).order_by(InboxRow.id)
    for row in session.scalars(query.execution_options(yield_per=_AT_ONCE)):
        for event in row.events():
            yield Arrival(row.received_at, row.source, event)


def silences_since(session: Session, since: datetime) -> list[Silence]:
    """The silences that held since then, each until it ended."""
    ended = func.coalesce(records.Silence.ended_at, records.Silence.ends_at)
    query = select(records.Silence).where(ended > since, ended > records.Silence.starts_at).order_by(records.Silence.id)
    return [replace(silences.as_rule(row), ends=row.ended_at or row.ends_at) for row in session.scalars(query)]
