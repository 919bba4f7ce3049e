"""What is told of an incident's moves, and to whom besides its team: the caller, the next owner, each audience.

Who makes a move tells of it; of what follows by itself (children, duplicates, closing in time) the queries tell.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import notices
from models.queries.notices import Also
from models.queries.states import Because
from models.records import Incident, MajorIncident, MajorUpdate, Team, WorkNote
from models.rules.durations import format_duration
from models.vocabulary import HoldReason

EVENTS = {
    "assign": "assigned",
    "set priority": "updated",
    "hold": "updated",
    "resolve": "resolved",
    "reopen": "reopened",
    "close": "closed",
    "cancel": "closed",
    "merge": "closed",
}
"""The news of each move; what is not here is told by its next one."""


def opened(session: Session, incident: Incident, now: datetime) -> None:
    """Tell that there is a new one."""
    notices.about_incident(session, incident, "opened", incident.description, now, Also(by=incident.opened_by))


def moved(session: Session, incident: Incident, action: str, because: Because, now: datetime) -> None:
    """Tell of a move. The caller reads what the incident waits for when it waits for them."""
    if action not in EVENTS:
        return
    asks_caller = action == "hold" and incident.hold_reason is HoldReason.CALLER
    also = Also(by=because.actor, is_public=asks_caller)
    notices.about_incident(session, incident, EVENTS[action], _words(incident, action, because), now, also)


def escalated(session: Session, incident: Incident, because: Because, now: datetime) -> None:
    """Tell who answers for its team that a person asks for help."""
    team = session.scalar(select(Team).where(Team.name == incident.team)) if incident.team else None
    manager = team.spec.get("manager") if team is not None else None
    to = (f"person/{manager}",) if manager else ()
    notices.about_incident(session, incident, "escalated", because.reason or "", now, Also(by=because.actor, to=to))


def taken_along(session: Session, incident: Incident, action: str, because: Because, now: datetime) -> None:
    """Tell the caller of a child or a duplicate how it ended or goes on; its team hears of the one it belongs to."""
    if incident.caller is not None and action in ("resolve", "reopen", "close"):
        moved(session, incident, action, because, now)


def written(session: Session, incident: Incident, note: WorkNote) -> None:
    """Tell of a note, or of an update of a major incident to its audience."""
    event = "major update" if note.audience else "updated"
    also = Also(key=f"note/{note.id}", by=note.person, is_public=note.is_public, audience=note.audience)
    notices.about_incident(session, incident, event, note.text, note.at, also)


def declared(session: Session, incident: Incident, major: MajorIncident, now: datetime) -> None:
    """Tell everybody that it is a major one."""
    notices.about_incident(session, incident, "major declared", major.decision or "", now, Also(by=major.decided_by))


def update_due(session: Session, incident: Incident, row: MajorUpdate, commander: str | None, now: datetime) -> None:
    """Tell the commander, or else the team, that an audience waits for news."""
    every = format_duration(row.every)
    text = f"the audience {row.audience} is to hear of it every {every}: write an update"
    to = (f"person/{commander}",) if commander else ()
    key = f"{row.audience}/{row.due_at:%Y%m%dT%H%M%S}"
    notices.about_incident(
        session, incident, "major update due", text, now, Also(key=key, to=to, audience=row.audience)
    )


def review_due(session: Session, incident: Incident, major: MajorIncident, text: str, key: str, now: datetime) -> None:
    """Tell who led it, or else who owned it, or else its team, that its review is due."""
    owner = major.commander or incident.owner
    to = (f"person/{owner}",) if owner else ()
    notices.about_incident(session, incident, "major review due", text, now, Also(key=key, to=to))


def _words(incident: Incident, action: str, because: Because) -> str:
    """What there is to say: the solution, the new priority, or the reason that was given."""
    said = because.reason or ""
    if action in ("resolve", "close", "merge"):
        return incident.resolution or said
    if action == "set priority":
        return f"its priority is {incident.priority} now{': ' if said else ''}{said}"
    if action == "hold" and incident.hold_reason is not None:
        return f"it waits for: {incident.hold_reason.value}{': ' if said else ''}{said}"
    return said
