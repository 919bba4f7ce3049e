"""How an incident's move is carried out: by the one writer of state, and then with those that follow it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.queries import incident_family, incident_major, incident_news, known_error_uses, problem_escalation
from models.queries.states import Because, advance
from models.queries.surveys import ask
from models.records import Incident
from models.rules.incident_rules import STANDARD, IncidentRules

Changes = dict[str, Any]


@dataclass(frozen=True)
class Act:
    """One move, and what is written with it on each incident that makes it."""

    action: str
    because: Because
    now: datetime
    changes: Callable[[Incident], Changes]
    rules: IncidentRules = STANDARD
    is_along: bool = False

    def along(self, parent: Incident) -> "Act":
        """The same move of a child, because its parent made it."""
        return replace(self, because=Because(self.because.actor, f"with its parent {parent.number}"), is_along=True)


def change(session: Session, incident: Incident, action: str, because: Because, now: datetime, **changes: Any) -> bool:
    """A move that keeps to the one incident."""
    return advance(session, incident, action, replace(because, at=now), look_at=now, **changes)


def make(session: Session, incident: Incident, act: Act) -> bool:
    """A move, and then the same of the children that follow."""
    changes = {**act.changes(incident), "moved_with_parent": act.is_along}
    if not change(session, incident, act.action, act.because, act.now, **changes):
        return False
    if act.action == "resolve":
        _share_solution(session, incident, act)
    if act.action == "reopen":
        known_error_uses.reopened(session, incident, act.because, act.now)
    if act.action == "close" and incident.caller and not incident.is_drill:
        ask(session, incident.id, incident.caller, act.now)
    if act.action in ("resolve", "reopen") and not act.is_along:
        problem_escalation.consider(session, incident, act.now)
    incident_major.moved(session, incident, act.now, act.rules)
    for child in incident_family.children_of(session, incident):
        if incident_family.follows(child, act.action):
            make(session, child, act.along(incident))
            incident_news.taken_along(session, child, act.action, act.because, act.now)
    return True


def _share_solution(session: Session, incident: Incident, act: Act) -> None:
    because = Because(act.because.actor, f"as {incident.number}, which it is a duplicate of")
    for duplicate in incident_family.duplicates_of(session, incident):
        change(session, duplicate, "share solution", because, act.now, resolution=incident.resolution)
        incident_news.taken_along(session, duplicate, "resolve", act.because, act.now)
        _share_solution(session, duplicate, act)
