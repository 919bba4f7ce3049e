"""What is here already of the tickets of another tool."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from models.records import ImportedTicket, Incident, Problem, Request, Ticket
from models.rules.replay_columns import Record
from models.vocabulary import TicketKind

TICKET: Table = Ticket.metadata.tables["ticket"]
IMPORTED: Table = ImportedTicket.metadata.tables["imported_ticket"]
TABLES: Mapping[TicketKind, Table] = {
    TicketKind.INCIDENT: Incident.metadata.tables["incident"],
    TicketKind.PROBLEM: Problem.metadata.tables["problem"],
    TicketKind.REQUEST: Request.metadata.tables["request"],
}
LEFT = ("state", "team", "owner", "reopened")
"""What a person changes who works on a ticket here."""


@dataclass(frozen=True)
class Known:
    """A ticket that an import wrote."""

    ticket_id: int
    kind: TicketKind
    rows: int
    digest: str
    last_at: datetime
    left: Mapping[str, Any]
    states: Mapping[str, int]


def known_of(session: Session, source: str, ids: Iterable[str]) -> dict[str, Known]:
    """Those of these tickets that are here, by their numbers in the source."""
    names = ("ticket_id", "rows", "digest", "last_at", "left", "states")
    query = select(IMPORTED.c.external_id, TICKET.c.kind, *(IMPORTED.c[name] for name in names))
    query = query.join(TICKET, TICKET.c.id == IMPORTED.c.ticket_id)
    query = query.where(IMPORTED.c.source == source, IMPORTED.c.external_id.in_(list(ids)))
    return {
        row.external_id: Known(row.ticket_id, row.kind, row.rows, row.digest, row.last_at, row.left, row.states)
        for row in session.execute(query)
    }


def records_of(session: Session, kind: TicketKind, ids: Sequence[int]) -> dict[int, Record]:
    """The columns of tickets of one kind, as they stand."""
    table = TABLES[kind]
    query = select(table, *(column for column in TICKET.c if column.name not in table.c))
    rows = session.execute(query.join(TICKET, TICKET.c.id == table.c.id).where(table.c.id.in_(ids)))
    return {row.id: dict(row._mapping) for row in rows}


def left_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """How an import leaves a ticket, as JSON has it."""
    return {name: value.value if isinstance(value := record[name], Enum) else value for name in LEFT}
