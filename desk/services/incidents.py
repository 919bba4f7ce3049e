"""Incidents as people see them: one line each, those first that breach first."""

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import known_person, known_service, known_team
from desk.services.errors import Misuse
from models.database import Database
from models.queries import desk_incidents, desk_runs
from models.queries.desk_incidents import Choice, NextClock
from models.queries.incident_rules import read_rules
from models.records import Incident
from models.rules.incidents import incident_id_of
from models.vocabulary import HoldReason, IncidentState, MajorState

MOST_SHOWN = 500


@dataclass(frozen=True)
class IncidentLine:
    """One incident of the list."""

    incident: str
    """INC000123."""
    title: str
    state: IncidentState
    priority: str
    impact: str
    urgency: str
    service: str | None
    host: str | None
    category: str | None
    team: str | None
    owner: str | None
    caller: str | None
    opened_at: datetime
    hold_reason: HoldReason | None
    resolved_at: datetime | None
    close_at: datetime | None
    closed_at: datetime | None
    reopened: int
    major: MajorState | None
    is_drill: bool
    open_alerts: int
    clock: NextClock | None
    """The stopwatch that is used up first; None: nothing is promised, or nothing runs any more."""


@dataclass(frozen=True)
class IncidentList:
    """Incidents, those first that breach first."""

    timezone: str
    at: datetime
    incidents: tuple[IncidentLine, ...]
    is_cut: bool
    """There are more than are listed."""


def key_of(number: str) -> int:
    """The key of INC000123. Raises Misuse for anything else."""
    try:
        return incident_id_of(number)
    except ValueError as error:
        raise Misuse(str(error)) from None


def list_incidents(database: Database, choice: Choice, now: datetime) -> IncidentList:
    """The incidents that are wanted. Raises NotFound for a team, a person or a service that the site does not have."""
    with database.read() as session:
        for name, known in ((choice.team, known_team), (choice.owner, known_person), (choice.service, known_service)):
            if name is not None:
                known(session, name)
        found = desk_incidents.chosen(session, choice, read_rules(session), MOST_SHOWN + 1)
        lines = sorted(lines_of(session, found[:MOST_SHOWN], now), key=_breach)
        return IncidentList(desk_runs.site_zone(session), now, tuple(lines), len(found) > MOST_SHOWN)


def _breach(line: IncidentLine) -> float:
    """Puts those that moved a moment ago where their new time has them; all others stay in order."""
    return line.clock.due_at.timestamp() if line.clock and line.clock.due_at else math.inf


def lines_of(session: Session, found: list[Incident], now: datetime) -> list[IncidentLine]:
    """The rows as plain values."""
    keys = [incident.id for incident in found]
    clocks, majors = desk_incidents.next_clocks(session, found, now), desk_incidents.majors(session, keys)
    alerts = desk_incidents.open_alerts(session, keys)
    return [
        IncidentLine(
            incident=incident.number,
            title=incident.title,
            state=incident.state,
            priority=incident.priority,
            impact=incident.impact,
            urgency=incident.urgency,
            service=incident.service,
            host=incident.host,
            category=incident.category,
            team=incident.team,
            owner=incident.owner,
            caller=incident.caller,
            opened_at=incident.opened_at,
            hold_reason=incident.hold_reason,
            resolved_at=incident.resolved_at,
            close_at=incident.close_at,
            closed_at=incident.closed_at,
            reopened=incident.reopened,
            major=majors.get(incident.id),
            is_drill=incident.is_drill,
            open_alerts=alerts.get(incident.id, 0),
            clock=clocks.get(incident.id),
        )
        for incident in found
    ]
