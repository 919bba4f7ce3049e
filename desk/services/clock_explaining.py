"""Why the clocks of an incident stand where they stand, from the journal alone; and the repair of what is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from desk.services.errors import Misuse
from models.database import Database
from models.errors import Refused
from models.queries import clock_cache, incidents, register
from models.queries.clock_cache import Rebuilt
from models.queries.incident_history import history_of
from models.rules.clock_breakdown import Share, break_down
from models.rules.clock_lines import ClockLine, explain_clock
from models.rules.incidents import incident_id_of
from models.rules.service_clock import Reading, read_clock


@dataclass(frozen=True)
class Part:
    """What of one stopwatch passed while one team and one person had the incident; as `Share`."""

    team: str | None
    owner: str | None
    business: timedelta
    actual: timedelta
    held: Mapping[str, timedelta]


@dataclass(frozen=True)
class ClockNow:
    """How one stopwatch stands."""

    agreement: str
    measure: str
    promise: str
    target: str | None
    state: str
    due_at: datetime | None
    warn_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    business: timedelta
    actual: timedelta
    remaining: timedelta | None
    breakdown: tuple[Part, ...]


@dataclass(frozen=True)
class ExplainedClock:
    """An incident, its clocks, and each line that moved one."""

    incident: str
    title: str
    state: str
    priority: str
    timezone: str
    at: datetime
    reopened: int
    clocks: tuple[ClockNow, ...]
    lines: tuple[ClockLine, ...]
    rebuilt: Rebuilt | None = None


def explain(database: Database, number: str, now: datetime, *, rebuild: bool = False) -> ExplainedClock:
    """Every line that moved a clock of an incident up to now. With `rebuild` what is kept is computed anew first.

    Raises NotFound, Misuse for what is no number of an incident, and Refused when a calendar is never open for so long.
    """
    incident_id = _id_of(number)
    rebuilt = rebuild_clocks(database, [number], now) if rebuild else None
    with database.read() as session:
        incident = incidents.get(session, incident_id)
        history = history_of(session, incident_id)
        try:
            clock = read_clock(history.facts, history.promises, now)
            lines = explain_clock(history.facts, history.promises, now)
            shares = break_down(history.facts, history.promises, history.handovers, now)
        except ValueError as error:
            raise Refused(f"{incident.number}: its clocks cannot be computed: {error}") from None
        return ExplainedClock(
            incident=incident.number,
            title=incident.title,
            state=incident.state.value,
            priority=incident.priority,
            timezone=_timezone(session),
            at=now,
            reopened=clock.reopened,
            clocks=tuple(_now(reading, shares) for reading in clock.readings),
            lines=lines,
            rebuilt=rebuilt,
        )


def rebuild_clocks(database: Database, numbers: Sequence[str], now: datetime) -> Rebuilt:
    """Delete the kept clocks of these incidents, or of all, and compute them anew: what differed.

    Raises NotFound, and Misuse for what is no number of an incident.
    """
    chosen = [_id_of(number) for number in numbers]
    with database.write() as session:
        for incident_id in chosen:
            incidents.get(session, incident_id)
        return clock_cache.rebuild(session, now, chosen or None)


def _id_of(number: str) -> int:
    try:
        return incident_id_of(number)
    except ValueError as error:
        raise Misuse(str(error)) from None


def _timezone(session: Session) -> str:
    sites = register.in_force(session, "site")
    return str(sites[0].spec["timezone"]) if sites else "UTC"


def _now(reading: Reading, shares: Sequence[Share]) -> ClockNow:
    mine = [share for share in shares if (share.agreement, share.measure) == (reading.agreement, reading.measure)]
    return ClockNow(
        agreement=reading.agreement.value,
        measure=reading.measure.value,
        promise=reading.promise,
        target=str(reading.target) if reading.target else None,
        state=reading.state.value,
        due_at=reading.due_at,
        warn_at=reading.warn_at,
        breached_at=reading.breached_at,
        stopped_at=reading.stopped_at,
        business=reading.business_elapsed,
        actual=reading.actual_elapsed,
        remaining=reading.remaining,
        breakdown=tuple(Part(one.team, one.owner, one.business, one.actual, one.held) for one in mine),
    )
