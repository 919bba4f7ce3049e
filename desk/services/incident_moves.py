"""Incidents moved by people: taken, given, held, resolved ... each as far as the roles of who acts allow."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import acting, known_person, known_team, roles_of
from desk.services.errors import Misuse
from desk.services.incident_solving import NOTHING, Tried, solve
from desk.services.incidents import IncidentLine, key_of, lines_of
from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import incident_family, incident_news, incidents
from models.queries.incident_rules import read_rules
from models.queries.states import Because
from models.records import Incident
from models.rules.incidents import Solution, text_problems
from models.rules.lifecycle import Role
from models.vocabulary import HoldReason

FOLLOWED = ("hold", "resume", "resolve", "reopen", "close")
"""The moves that children make with their parent."""


@dataclass(frozen=True)
class Act:
    """Who moves which incident, when, and why."""

    incident: str
    person: str
    now: datetime
    reason: str | None = None


@dataclass(frozen=True)
class Moved:
    """An incident after a move."""

    incident: IncidentLine
    along: tuple[str, ...] = ()
    """The children that made the move with it, and the duplicates that got its solution."""


Move = Callable[[Session, Incident, Because], object]


def take(database: Database, act: Act) -> Moved:
    """Begin the work on it. Raises as all moves: NotFound, Refused by role, MoveRefused by state."""
    return _move(database, act, "take", lambda session, one, by: incidents.take(session, one, by, act.now))


def assign(database: Database, act: Act, team: str | None, owner: str | None) -> Moved:
    """Give it to a team, to a person, or to both. Raises NotFound for one that the site does not have."""
    if team is None and owner is None:
        raise Misuse("say to whom: --team, --to, or both")

    def give(session: Session, one: Incident, by: Because) -> None:
        _check_receivers(session, team, owner)
        new_team = team or one.team
        incidents.assign(session, one, (new_team, owner or (one.owner if team is None else None)), by, act.now)

    return _move(database, act, "assign", give)


def _check_receivers(session: Session, team: str | None, owner: str | None) -> None:
    if team is not None:
        known_team(session, team)
    if owner is None:
        return
    known_person(session, owner)
    if Role.OPERATOR not in roles_of(session, owner):
        raise Refused(f"{owner} is no operator: only operators own incidents")


def escalate(database: Database, act: Act) -> Moved:
    """Ask whoever answers for its team for help. Raises as all moves, and Misuse without a reason."""
    problems = list(text_problems("reason", act.reason or ""))
    if problems:
        raise Misuse("; ".join(problems))

    def ask(session: Session, one: Incident, by: Because) -> None:
        incidents.escalate(session, one, by, act.now)
        incident_news.escalated(session, one, by, act.now)

    return _move(database, act, "escalate", ask)


def hold(database: Database, act: Act, reason: HoldReason) -> Moved:
    """Let it wait for somebody else. Raises as all moves."""
    return _move(database, act, "hold", lambda session, one, by: incidents.hold(session, one, reason, by, act.now))


def resume(database: Database, act: Act) -> Moved:
    """It waits no more. Raises as all moves."""
    return _move(database, act, "resume", lambda session, one, by: incidents.resume(session, one, by, act.now))


def resolve(database: Database, act: Act, solution: Solution | None, tried: Tried = NOTHING) -> Moved:
    """Write its solution down, and which known errors helped. Raises as all moves, and Refused for one that is none."""
    said = (solution, tried)
    return _move(database, act, "resolve", lambda session, one, by: solve(session, one, said, by, act.now))


def reopen(database: Database, act: Act) -> Moved:
    """The solution was none. Raises as all moves, and Refused past the limit or the window."""
    return _move(
        database,
        act,
        "reopen",
        lambda session, one, by: incidents.reopen(session, one, by, act.now, read_rules(session)),
    )


def close(database: Database, act: Act) -> Moved:
    """Its solution is accepted. Raises as all moves."""
    return _move(database, act, "close", lambda session, one, by: incidents.close(session, one, by, act.now))


def cancel(database: Database, act: Act) -> Moved:
    """It was none. Raises as all moves, and Refused without a reason."""
    return _move(database, act, "cancel", lambda session, one, by: incidents.cancel(session, one, by, act.now))


def merge(database: Database, act: Act, into: str) -> Moved:
    """Close it as a duplicate of another. Raises as all moves, and Refused for an original that cannot be."""

    def join(session: Session, one: Incident, by: Because) -> None:
        incidents.merge(session, one, incidents.get(session, key_of(into)), by, act.now)

    return _move(database, act, "merge", join)


def set_priority(database: Database, act: Act, impact: str | None, urgency: str | None) -> Moved:
    """Judge impact, urgency or both anew. Raises as all moves, and Misuse for levels that the matrix does not have."""
    if impact is None and urgency is None:
        raise Misuse("say what is different: --impact, --urgency, or both")

    def judge(session: Session, one: Incident, by: Because) -> None:
        rules = read_rules(session)
        try:
            grading = rules.grading(impact or one.impact, urgency or one.urgency)
        except ValueError as error:
            raise Misuse(str(error)) from None
        incidents.set_priority(session, one, grading, by, act.now, rules)

    return _move(database, act, "set priority", judge)


def moved(session: Session, incident: Incident, now: datetime, action: str = "") -> Moved:
    """How it stands after a move, and who moved with it."""
    session.flush()
    along = [
        child.number
        for child in (_below(session, incident) if action in FOLLOWED else ())
        if child.moved_with_parent and child.state is incident.state
    ]
    shared = incident_family.duplicates_of(session, incident) if action == "resolve" else []
    return Moved(lines_of(session, [incident], now)[0], (*along, *(one.number for one in shared)))


def _move(database: Database, act: Act, action: str, move: Move) -> Moved:
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        by = acting(session, act.person, incident, action, act.reason)
        try:
            move(session, incident, by)
        except MoveRefused as error:
            raise MoveRefused(f"{incident.number}: {error}") from None
        session.flush()
        incident_news.moved(session, incident, action, by, act.now)
        return moved(session, incident, act.now, action)


def _below(session: Session, incident: Incident) -> list[Incident]:
    children = incident_family.children_of(session, incident)
    return children + [far for child in children for far in _below(session, child)]
