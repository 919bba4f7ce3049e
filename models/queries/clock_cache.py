"""The cached readings of clocks: written by a look, deleted and computed anew by a repair."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from models.queries.bulk import Bulk
from models.queries.incident_history import histories_of
from models.records import Incident, IncidentClock
from models.rules.clock_promises import Agreement, Measure
from models.rules.incidents import ticket_number
from models.rules.service_clock import Reading, read_clock
from models.vocabulary import TicketKind

BATCH = 500
TABLE = IncidentClock.metadata.tables[IncidentClock.__tablename__]
COLUMNS = tuple(column.name for column in TABLE.columns)
WRITE = Bulk(insert(TABLE), COLUMNS)
Values = dict[str, Any]
Which = tuple[Agreement, Measure]


@dataclass(frozen=True)
class Difference:
    """One value that was kept and is not what the journal says."""

    incident: str
    """INC000123."""
    clock: str
    """`SLA, time to own`."""
    what: str
    kept: Any
    computed: Any


@dataclass
class Rebuilt:
    """What a repair did."""

    incidents: int = 0
    clocks: int = 0
    missing: int = 0
    """Clocks that nothing was kept of."""
    differences: list[Difference] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Incidents whose clocks cannot be computed, and why; nothing is kept of them."""


def store(session: Session, incident_id: int, readings: Iterable[Reading], now: datetime) -> None:
    """Keep how the clocks of one incident stand now, in place of what was kept."""
    session.execute(delete(TABLE).where(TABLE.c.incident_id == incident_id))
    rows = [values_of(incident_id, reading, now) for reading in readings]
    WRITE.run(session.connection(), rows)


def values_of(incident_id: int, reading: Reading, read_at: datetime) -> Values:
    """A reading as its row."""
    return {
        "incident_id": incident_id,
        "agreement": reading.agreement,
        "measure": reading.measure,
        "promise": reading.promise,
        "state": reading.state,
        "target": reading.target.words if reading.target else None,
        "is_held": reading.is_held,
        "due_at": reading.due_at,
        "warn_at": reading.warn_at,
        "breached_at": reading.breached_at,
        "stopped_at": reading.stopped_at,
        "business_seconds": reading.business_elapsed.total_seconds(),
        "actual_seconds": reading.actual_elapsed.total_seconds(),
        "read_at": read_at,
    }


def rebuild(session: Session, now: datetime, incident_ids: Iterable[int] | None = None) -> Rebuilt:
    """Delete what is kept of these incidents, or of all, and compute it anew as of when it was read.

    What was not kept, or not as one, is computed as of now. Incidents whose values differ are looked at again.
    """
    found = Rebuilt()
    for batch in _batches(session, incident_ids):
        kept = _kept(session, batch)
        histories = histories_of(session, batch)
        session.execute(delete(TABLE).where(TABLE.c.incident_id.in_(batch)))
        rows: list[Values] = []
        wrong: list[int] = []
        for incident_id in batch:
            history, old = histories.get(incident_id), kept.get(incident_id, {})
            if history is None:
                continue
            read_at = _read_at(old, now)
            try:
                clock = read_clock(history.facts, history.promises, read_at)
            except ValueError as error:
                found.failed.append(f"{ticket_number(TicketKind.INCIDENT, incident_id)}: {error}")
                continue
            new = {(one.agreement, one.measure): values_of(incident_id, one, read_at) for one in clock.readings}
            differences = list(_differences(incident_id, old, new))
            missing = len(new.keys() - old.keys())
            found.differences += differences
            found.missing += missing
            rows += new.values()
            if differences or missing:
                wrong.append(incident_id)
        WRITE.run(session.connection(), rows)
        if wrong:
            again = update(Incident).where(Incident.id.in_(wrong)).values(look_at=now)
            session.execute(again.execution_options(synchronize_session=False))
        found.incidents += len(batch)
        found.clocks += len(rows)
    return found


def _batches(session: Session, incident_ids: Iterable[int] | None) -> Iterator[list[int]]:
    if incident_ids is not None:
        chosen = sorted(incident_ids)
        yield from (chosen[begin : begin + BATCH] for begin in range(0, len(chosen), BATCH))
        return
    last = 0
    while True:
        query = select(Incident.__table__.c.id).where(Incident.__table__.c.id > last)
        page = list(session.scalars(query.order_by(Incident.__table__.c.id).limit(BATCH)))
        if page:
            yield page
        if len(page) < BATCH:
            return
        last = page[-1]


def _kept(session: Session, incident_ids: list[int]) -> dict[int, dict[Which, Values]]:
    query = select(*TABLE.columns).where(IncidentClock.incident_id.in_(incident_ids))
    found: dict[int, dict[Which, Values]] = defaultdict(dict)
    for row in session.execute(query).mappings():
        found[row["incident_id"]][row["agreement"], row["measure"]] = dict(row)
    return found


def _read_at(old: Mapping[Which, Values], now: datetime) -> datetime:
    times = {row["read_at"] for row in old.values()}
    return min(times.pop(), now) if len(times) == 1 else now


def _differences(
    incident_id: int, kept: Mapping[Which, Values], computed: Mapping[Which, Values]
) -> Iterator[Difference]:
    for which, row in kept.items():
        new = computed.get(which)
        if row == new:
            continue
        incident, clock = ticket_number(TicketKind.INCIDENT, incident_id), f"{which[0].value}, {which[1].value}"
        if new is None:
            yield Difference(incident, clock, "clock", "kept", "none")
            continue
        for column in COLUMNS:
            if row[column] != new[column]:
                yield Difference(incident, clock, column, row[column], new[column])
