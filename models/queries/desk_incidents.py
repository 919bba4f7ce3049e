"""What the desk shows of incidents: chosen, in the order in which they breach, each with the stopwatch that is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, case, func, select
from sqlalchemy.orm import Session

from models.queries.incident_family import OVER, WORKED_ON
from models.queries.incident_history import History, histories_of
from models.records import Alert, Incident, IncidentClock, MajorIncident
from models.rules.clock_promises import Agreement, Measure
from models.rules.incident_rules import IncidentRules
from models.rules.priorities import MAJOR
from models.rules.service_clock import Reading, read_clock
from models.vocabulary import IncidentState, MajorState, Standing


@dataclass(frozen=True)
class Choice:
    """Which incidents are wanted; None and empty is any."""

    team: str | None = None
    owner: str | None = None
    service: str | None = None
    states: tuple[IncidentState, ...] = ()
    """None named: those that are not over."""
    over_too: bool = False


@dataclass(frozen=True)
class NextClock:
    """The stopwatch of an incident that is used up first, or was."""

    agreement: Agreement
    measure: Measure
    due_at: datetime | None
    """Unknown while it is held."""
    breached_at: datetime | None
    is_held: bool


def chosen(session: Session, choice: Choice, rules: IncidentRules, most: int) -> list[Incident]:
    """The incidents that are wanted, the first to breach first."""
    due = (
        select(IncidentClock.incident_id, func.min(IncidentClock.due_at).label("due_at"))
        .where(IncidentClock.stopped_at.is_(None))
        .group_by(IncidentClock.incident_id)
        .subquery()
    )
    query = select(Incident).outerjoin(due, due.c.incident_id == Incident.id)
    for column, value in (
        (Incident.team, choice.team),
        (Incident.owner, choice.owner),
        (Incident.service, choice.service),
    ):
        query = query.where(column == value) if value is not None else query
    if choice.states:
        query = query.where(Incident.state.in_(choice.states))
    elif not choice.over_too:
        query = query.where(Incident.state.not_in(OVER))
    return list(session.scalars(query.order_by(*breach_order(due.c.due_at, rules)).limit(most)))


def breach_order(due_at: ColumnElement[datetime], rules: IncidentRules) -> tuple[SQLColumnExpression[Any], ...]:
    """What is used up first comes first; then what is worked on, by priority and age; what is over comes last."""
    ranks = {priority: rules.matrix.rank(priority) for priority in (MAJOR, *rules.matrix.priorities)}
    return (
        case((Incident.state.in_(OVER), 2), (Incident.state == IncidentState.RESOLVED, 1), else_=0),
        case((due_at.is_(None), 1), else_=0),
        due_at,
        case(ranks, value=Incident.priority, else_=len(ranks)),
        Incident.opened_at,
        Incident.id,
    )


def next_clocks(session: Session, found: Sequence[Incident], now: datetime) -> dict[int, NextClock]:
    """For each incident that still runs against a target the stopwatch that is next.

    What has moved since the engine looked at it is read from the journal; of all others the kept readings hold.
    """
    running = [incident for incident in found if incident.state in WORKED_ON]
    moved = [one.id for one in running if one.look_at is not None and one.look_at <= now]
    histories = histories_of(session, moved) if moved else {}
    readings: list[tuple[int, Reading | IncidentClock]] = [
        (key, reading) for key, history in histories.items() for reading in _readings(history, now)
    ]
    kept = select(IncidentClock).where(IncidentClock.incident_id.in_({one.id for one in running} - set(moved)))
    readings += [(row.incident_id, row) for row in session.scalars(kept)]
    clocks: dict[int, NextClock] = {}
    for key, one in readings:
        if one.stopped_at is None and one.target is not None:
            new = NextClock(one.agreement, one.measure, one.due_at, one.breached_at, one.is_held)
            clocks[key] = min(clocks.get(key, new), new, key=_urgency)
    return clocks


def _readings(history: History, now: datetime) -> tuple[Reading, ...]:
    """None of an incident whose calendar never opens: its page says so, and the list goes on."""
    try:
        return read_clock(history.facts, history.promises, now).readings
    except ValueError:
        return ()


def _urgency(clock: NextClock) -> tuple[bool, float, str, str]:
    at = clock.due_at.timestamp() if clock.due_at else 0.0
    return clock.due_at is None, at, clock.agreement.value, clock.measure.value


def majors(session: Session, incident_ids: Sequence[int]) -> dict[int, MajorState]:
    """What was decided about those that somebody thought to be major."""
    query = select(MajorIncident.id, MajorIncident.state).where(MajorIncident.id.in_(incident_ids))
    return dict(session.execute(query).tuples().all())


def open_alerts(session: Session, incident_ids: Sequence[int]) -> dict[int, int]:
    """How many alerts of each incident are not over."""
    query = select(Alert.incident_id, func.count()).where(
        Alert.incident_id.in_(incident_ids), Alert.standing != Standing.OVER
    )
    return {key: number for key, number in session.execute(query.group_by(Alert.incident_id)).tuples() if key}


def alerts_of(session: Session, incident_id: int, most: int) -> list[Alert]:
    """The alerts of an incident, those that are not over first, the newest first."""
    over = case((Alert.standing == Standing.OVER, 1), else_=0)
    query = select(Alert).where(Alert.incident_id == incident_id)
    return list(session.scalars(query.order_by(over, Alert.fired_at.desc(), Alert.id).limit(most)))


def number_of_alerts(session: Session, incident_id: int) -> int:
    """How many alerts belong to an incident."""
    return session.scalar(select(func.count()).select_from(Alert).where(Alert.incident_id == incident_id)) or 0
