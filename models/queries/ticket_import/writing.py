"""Writes what becomes of a batch of tickets: their rows, the journal, the clocks; all in the caller's transaction."""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from models.queries import journal
from models.queries.bulk import Bulk
from models.queries.incident_book import IncidentBook
from models.queries.states import Because, fact_of
from models.queries.ticket_import import clocks
from models.queries.ticket_import.known import IMPORTED, TABLES, TICKET, left_of
from models.queries.ticket_import.planning import Change, Plan
from models.rules.replay_columns import Record
from models.rules.scopes import LABELS
from models.rules.ticket_replay import Step
from models.rules.ticket_rows import Refusal
from models.vocabulary import FileShape, ProblemOrigin, TicketKind

Row = dict[str, Any]
OWN: Mapping[TicketKind, Row] = {
    TicketKind.INCIDENT: {"moved_with_parent": False, "escalation": 0, "look_at": None},
    TicketKind.PROBLEM: {"origin": ProblemOrigin.IMPORTED},
    TicketKind.REQUEST: {},
}
"""What an imported ticket of each kind has beside what was replayed."""

_NAMES = {kind: tuple(name for name in table.c.keys() if name != "id") for kind, table in TABLES.items()}  # noqa: SIM118
_TICKETS = Bulk(
    insert(TICKET),
    (
        "kind", "public_id", "title", "description", "service", "host", "category", "caller", "opened_by", "opened_at",
        "source", "is_drill",
    ),
)  # fmt: skip
_IMPORTED = Bulk(insert(IMPORTED), IMPORTED.c.keys())


@dataclass(frozen=True)
class Import:
    """What holds for every batch of an import."""

    source: str
    extra_columns: tuple[str, ...]
    missing: frozenset[str]
    book: IncidentBook
    now: datetime

    @property
    def actor(self) -> str:
        """Who moves imported tickets, for the journal."""
        return f"import {self.source}"


def write(session: Session, order: Import, plan: Plan) -> list[Refusal]:
    """Write a plan. Returns the tickets whose clocks cannot be computed, and why."""
    ids = _add(session, order, plan.new)
    for change in plan.continued:
        if change.known is not None:
            ids[change.ticket.id] = change.known.ticket_id
            _tell(session, order, change, change.known.ticket_id, ())
    _go_on(session, order, plan.continued)
    incidents = {
        ids[change.ticket.id]: change.ticket
        for change in (*plan.new, *plan.continued)
        if change.ticket.kind is TicketKind.INCIDENT
    }
    return clocks.compute(session, incidents, order.now) if order.book.promises or plan.continued else []


def _add(session: Session, order: Import, changes: Sequence[Change]) -> dict[str, int]:
    """New tickets, in the order of their opening, with their numbers here."""
    if not changes:
        return {}
    rows = [_ticket_row(order, change) for change in changes]
    public = [row["public_id"] for row in rows]
    connection = session.connection()
    _TICKETS.run(connection, rows)
    query = select(TICKET.c.public_id, TICKET.c.id).where(TICKET.c.public_id.in_(public))
    keys = dict(connection.execute(query).tuples().all())
    ids = [keys[name] for name in public]
    by_kind: dict[TicketKind, list[Row]] = defaultdict(list)
    for ticket_id, change in zip(ids, changes, strict=True):
        kind = change.ticket.kind
        by_kind[kind].append({**_own(kind, change.replayed.record), **OWN[kind], "id": ticket_id})
    for kind, kind_rows in by_kind.items():
        Bulk(insert(TABLES[kind]), tuple(kind_rows[0])).run(connection, kind_rows)
    pairs = list(zip(ids, changes, strict=True))
    _IMPORTED.run(connection, [_imported_row(order, change, ticket_id) for ticket_id, change in pairs])
    promised: dict[tuple[Any, ...], tuple[str, ...]] = {}
    for ticket_id, change in pairs:
        names: tuple[str, ...] = ()
        if change.ticket.kind is TicketKind.INCIDENT:
            labels = {name: change.replayed.record.get(name) for name in LABELS} | {"source": order.source}
            key = tuple(labels.values())
            if key not in promised:
                promised[key] = order.book.promises_for(order.book.rules.subject(labels))
            names = promised[key]
        _tell(session, order, change, ticket_id, names)
    return {change.ticket.id: ticket_id for ticket_id, change in pairs}


def _ticket_row(order: Import, change: Change) -> Row:
    record = change.replayed.record
    names = ("title", "description", "service", "host", "category", "caller", "opened_at")
    row = {name: record[name] for name in names}
    opened_by = record["opened_by"] or order.actor
    row |= {"public_id": secrets.token_hex(6)}  # known before, so that many rows are written by one statement
    return {**row, "kind": change.ticket.kind, "opened_by": opened_by, "source": order.source, "is_drill": False}


def _own(kind: TicketKind, record: Record) -> Row:
    """What a record says of the columns of its kind; its key, and what is only of a ticket, left out."""
    return {name: record[name] for name in _NAMES[kind] if name in record}


def _imported_row(order: Import, change: Change, ticket_id: int) -> Row:
    ticket = change.ticket
    reopened, reassigned = ticket.counts
    extra = zip(order.extra_columns, ticket.extra, strict=False)
    return {
        "ticket_id": ticket_id,
        "source": order.source,
        "external_id": ticket.id,
        "shape": ticket.shape,
        "rows": ticket.rows,
        "digest": change.digest,
        "first_at": ticket.opened_at,
        "last_at": ticket.events[-1].at,
        "left": left_of(change.replayed.record),
        "last_state": ticket.events[-1].told,
        "states": _states(change),
        "made_sla": ticket.made_sla,
        "reopened_there": reopened,
        "reassigned_there": reassigned,
        "facts": {name: text for name, cell in extra if (text := cell.strip()) not in order.missing},
    }


def _states(change: Change) -> dict[str, int]:
    ticket = change.ticket
    if ticket.shape is FileShape.TICKETS:
        return {ticket.events[-1].told: 1}
    counts = dict(change.known.states) if change.known else {}
    for event in ticket.events[-change.events :]:
        counts[event.told] = counts.get(event.told, 0) + 1
    return counts


def _tell(session: Session, order: Import, change: Change, ticket_id: int, promises: Sequence[str]) -> None:
    for step in change.replayed.steps:
        journal.append(session, _fact(order, change, step, ticket_id, promises))


def _fact(order: Import, change: Change, step: Step, ticket_id: int, promises: Sequence[str]) -> journal.Fact:
    kind = change.ticket.kind.value
    if step.move is not None:
        return fact_of(ticket_id, step.move, kind, Because(order.actor, step.reason, at=step.at), dict(step.facts))
    facts = dict(step.facts)
    if step.action == "open":
        facts |= {"is_drill": False, "imported": change.ticket.id}
        facts |= {"promises": list(promises)} if change.ticket.kind is TicketKind.INCIDENT else {}
        facts |= {"origin": ProblemOrigin.IMPORTED.value} if change.ticket.kind is TicketKind.PROBLEM else {}
    return journal.Fact(
        tag=f"{kind}s:{kind}:{step.action}",
        subject=f"{kind}/{ticket_id}",
        actor=order.actor,
        target=step.target.value if step.target else None,
        reason=step.reason,
        facts=facts,
        at=step.at,
    )


def _go_on(session: Session, order: Import, changes: Sequence[Change]) -> None:
    """Write how tickets stand that were here and have gone on."""
    by_kind: dict[TicketKind, list[tuple[int, Change]]] = defaultdict(list)
    for change in changes:
        if change.known is not None:
            by_kind[change.ticket.kind].append((change.known.ticket_id, change))
    for kind, pairs in by_kind.items():
        described = ("title", "description", "service", "host", "category", "caller")
        _update(session, TICKET, [({n: c.replayed.record[n] for n in described}, key) for key, c in pairs])
        _update(session, TABLES[kind], [(_own(kind, change.replayed.record), key) for key, change in pairs])
    told = [(_imported_row(order, change, key), key, change) for pairs in by_kind.values() for key, change in pairs]
    kept = ("source", "external_id", "shape", "first_at", "ticket_id")
    rows = []
    for row, key, change in told:
        before = change.known.rows if change.known and change.ticket.shape is FileShape.CHANGES else 0
        added = change.events if before else change.ticket.rows
        rows.append(({n: v for n, v in row.items() if n not in kept} | {"rows": before + added}, key))
    _update(session, IMPORTED, rows, "ticket_id")


def _update(session: Session, table: Table, rows: Sequence[tuple[Row, int]], key: str = "id") -> None:
    if not rows:
        return
    names = sorted(rows[0][0])
    statement = update(table).where(table.c[key] == bindparam("key_of_row"))
    statement = statement.values({name: bindparam(f"new_{name}") for name in names})
    values = [{"key_of_row": row_id, **{f"new_{name}": row[name] for name in names}} for row, row_id in rows]
    session.connection().execute(statement, values)
