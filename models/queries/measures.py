"""Tickets as they are measured: imported and live ones alike, from their rows, their clocks and the journal."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, Table, func, select
from sqlalchemy.orm import Session

from models.queries.ticket_import.known import IMPORTED, TABLES, TICKET
from models.records import IncidentClock, JournalRow
from models.rules.clock_promises import Agreement, Measure
from models.rules.measures import By, MeasuredTicket, Trail, trail_of
from models.rules.periods import Period
from models.rules.service_clock import ClockState
from models.rules.ticket_practice import CANCELLED, PRACTICES
from models.vocabulary import FileShape, ProblemOutcome, ResolutionCode, SourceVerdict, TicketKind

BATCH = 500
_CLOCK: Table = IncidentClock.metadata.tables["incident_clock"]
_ROWS = JournalRow.__table__.c
_VERDICTS = {ClockState.MET: True, ClockState.BREACHED: False}


@dataclass
class Population:
    """The tickets of one kind that a report is about."""

    tickets: list[MeasuredTicket] = field(default_factory=list)
    drills: int = 0
    """Left out."""
    imported: int = 0
    rows_there: Counter[str] = field(default_factory=Counter)
    """Of the imported ones, how many rows of their source said each state, in its words."""
    states_there: Counter[str] = field(default_factory=Counter)
    """How many of them stand in each state, in the words of their source."""
    reopened_there: list[int] = field(default_factory=list)
    """Of those whose source counts it, how often each was reopened there."""
    reassigned_there: list[int] = field(default_factory=list)


def population(session: Session, kind: TicketKind, period: Period, source: str | None = None) -> Population:
    """The tickets of a kind that were opened before the end of a period, of one source or of all."""
    found = Population(drills=_drills(session, kind, period, source))
    for batch in _batches(session, kind, period, source):
        trails = _trails(session, kind, [row.id for row in batch])
        for row in batch:
            found.tickets.append(_measured(kind, row, trails.get(row.id, Trail())))
            if row.external_id is not None and row.opened_at in period:
                found.imported += 1
                found.rows_there.update(row.states)
                found.states_there[row.last_state] += 1
                found.reopened_there += [] if row.reopened_there is None else [row.reopened_there]
                found.reassigned_there += [] if row.reassigned_there is None else [row.reassigned_there]
    return found


def sources(session: Session) -> list[str]:
    """Where the tickets that there are came from."""
    return sorted(session.scalars(select(TICKET.c.source).distinct()))


def _drills(session: Session, kind: TicketKind, period: Period, source: str | None) -> int:
    query = select(func.count()).select_from(TICKET).where(TICKET.c.kind == kind, TICKET.c.is_drill)
    query = query.where(*_chosen(period, source))
    return session.scalar(query) or 0


def _chosen(period: Period, source: str | None) -> list[Any]:
    found = [TICKET.c.opened_at < period.until] if period.until else []
    return [*found, TICKET.c.source == source] if source else found


def _batches(session: Session, kind: TicketKind, period: Period, source: str | None) -> Iterator[Sequence[Row[Any]]]:
    table = TABLES[kind]
    own = [column for column in table.c if column.name != "id"]
    described = [TICKET.c[name] for name in ("id", "service", "category", "source", "opened_at")]
    told = [IMPORTED.c[name] for name in ("external_id", "shape", "last_at", "states", "last_state", "made_sla")]
    counts = [IMPORTED.c.reopened_there, IMPORTED.c.reassigned_there]
    clock = [_CLOCK.c.state.label("clock"), _CLOCK.c.business_seconds, _CLOCK.c.stopped_at]
    is_ours = (
        (_CLOCK.c.incident_id == TICKET.c.id)
        & (_CLOCK.c.agreement == Agreement.SLA)
        & (_CLOCK.c.measure == Measure.RESOLVE)
    )
    query = select(*described, *own, *told, *counts, *clock).join(table, table.c.id == TICKET.c.id)
    query = query.outerjoin(IMPORTED, IMPORTED.c.ticket_id == TICKET.c.id).outerjoin(_CLOCK, is_ours)
    query = query.where(TICKET.c.kind == kind, TICKET.c.is_drill.is_(False), *_chosen(period, source))
    last = 0
    while page := session.execute(query.where(TICKET.c.id > last).order_by(TICKET.c.id).limit(BATCH)).all():
        yield page
        last = page[-1].id


def _trails(session: Session, kind: TicketKind, ids: Sequence[int]) -> dict[int, Trail]:
    prefix = f"{kind.value}/"
    query = select(_ROWS.subject, _ROWS.at, _ROWS.target, _ROWS.facts)
    query = query.where(_ROWS.subject.in_([f"{prefix}{key}" for key in ids])).order_by(_ROWS.subject, _ROWS.seq)
    steps: dict[int, list[tuple[datetime, str | None, Mapping[str, object]]]] = {key: [] for key in ids}
    for subject, at, target, facts in session.execute(query):
        said = orjson.loads(facts) if '"team"' in facts or '"owner"' in facts else {}
        steps[int(subject.removeprefix(prefix))].append((datetime.fromisoformat(at), target, said))
    solved = PRACTICES[kind].solved.value
    return {key: trail_of(found, solved) for key, found in steps.items()}


def _measured(kind: TicketKind, row: Row[Any], trail: Trail) -> MeasuredTicket:
    is_cancelled, is_duplicate = _ends(kind, row)
    is_told_whole = row.shape is FileShape.TICKETS
    last_at = max(at for at in (row.opened_at, row.last_at, trail.last_at) if at is not None)
    verdict = _VERDICTS.get(row.clock) if row.stopped_at is not None else None
    return MeasuredTicket(
        groups={by: _group(row, by) for by in By},
        opened_at=row.opened_at,
        solved_at=row.resolved_at,
        ended_at=row.closed_at,
        last_at=last_at,
        trail=trail,
        reopened=max(row.reopened, (row.reopened_there or 0) if is_told_whole else 0),
        reassigned=max(trail.reassigned, (row.reassigned_there or 0) if is_told_whole else 0),
        sla=verdict,
        is_overdue=row.clock is ClockState.BREACHED and row.stopped_at is None,
        sla_there=None if row.made_sla is None else row.made_sla is SourceVerdict.MET,
        business_seconds=row.business_seconds if row.stopped_at is not None else None,
        is_cancelled=is_cancelled,
        is_duplicate=is_duplicate,
    )


def _group(row: Row[Any], by: By) -> str | None:
    value = getattr(row, by.value, None)
    return None if value is None else str(value)


def _ends(kind: TicketKind, row: Row[Any]) -> tuple[bool, bool]:
    """Whether it was none, and whether it was the same as another."""
    if kind is TicketKind.PROBLEM:
        return row.outcome is ProblemOutcome.NO_PROBLEM, row.outcome is ProblemOutcome.DUPLICATE
    is_cancelled = row.state.value == CANCELLED
    return is_cancelled, kind is TicketKind.INCIDENT and row.resolution_code is ResolutionCode.DUPLICATE
