"""Who gets a new incident: the rules of incidents.yaml, carried out."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries.incident_book import IncidentBook, read_incident_book
from models.records import AssignmentTurn, Incident
from models.rules.assignment import least_loaded, next_in_turn
from models.rules.incidents import NewIncident
from models.rules.rota import on_call
from models.site.incidents import AssignmentRule, How
from models.vocabulary import IncidentState

OPEN = (IncidentState.NEW, IncidentState.IN_PROGRESS, IncidentState.ON_HOLD)


@dataclass(frozen=True)
class Assigned:
    """Who gets an incident, and why."""

    team: str | None
    owner: str | None
    why: str


def assign_new(session: Session, new: NewIncident, now: datetime) -> NewIncident:
    """The new incident with its priority, its team and owner, and the promises that hold for it.

    What it names itself stays. Raises Refused for an impact, an urgency or a priority that the matrix does not have.
    """
    book = read_incident_book(session)
    try:
        grading = book.rules.grading_of(new)
    except ValueError as error:
        raise Refused(str(error)) from None
    graded = replace(new, impact=grading.impact, urgency=grading.urgency, priority=grading.priority)
    found = assigned(session, book, graded, now)
    whole = replace(graded, team=found.team, owner=new.owner or found.owner)
    return replace(whole, promises=book.promises_for(book.subject(whole)))


def assigned(session: Session, book: IncidentBook, new: NewIncident, now: datetime) -> Assigned:
    """Who gets an incident: the first rule that fits; else the owner of its service, or of its category."""
    owning = book.owner_of(new.service, new.category)
    usual, why = owning or (book.handling.fallback_team, "nobody owns its service")
    if new.team is not None:
        usual, why = new.team, "it was given to it"
    subject = book.subject(replace(new, team=usual))
    numbered = enumerate(book.handling.assignment, 1)
    number, rule = next(((number, rule) for number, rule in numbered if rule.scope.takes(subject)), (0, None))
    if rule is None:
        return Assigned(usual, None, why)
    team = new.team or rule.team or usual
    person, how = _person(session, book, (rule, team), now)
    return Assigned(team, person, f"assignment rule {number}: {how}")


def _person(
    session: Session, book: IncidentBook, given: tuple[AssignmentRule, str | None], now: datetime
) -> tuple[str | None, str]:
    rule, team = given
    if rule.how is How.ON_CALL:
        rota = book.rotas.get(rule.rota) if rule.rota else book.rota_of(team)
        shift = on_call(rota, now) if rota else None
        return (shift.person, "on call") if shift else (None, "nobody is on call")
    people = book.operators(team) if team else ()
    if team is None or not people or rule.how is How.TEAM:
        return None, How.TEAM.value
    return _in_turn(session, team, people, rule.how, now), rule.how.value


def _in_turn(session: Session, team: str, people: tuple[str, ...], how: How, now: datetime) -> str | None:
    """The next of a team; whoever asks at the same time waits until this one is known."""
    _begin_turns(session, team, now)
    turn = session.scalars(select(AssignmentTurn).where(AssignmentTurn.team == team).with_for_update()).one()
    if how is How.LEAST_LOADED:
        chosen = least_loaded(people, _loads(session, people), turn.person)
    else:
        chosen = next_in_turn(people, turn.person)
    if chosen is not None:
        turn.person, turn.at = chosen, now
        session.flush()
    return chosen


def _begin_turns(session: Session, team: str, now: datetime) -> None:
    """The team's first turn; nobody's, so that everybody can lock its row."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(AssignmentTurn).values(team=team, person="", at=now).on_conflict_do_nothing())


def _loads(session: Session, people: tuple[str, ...]) -> dict[str, int]:
    query = select(Incident.owner, func.count()).where(Incident.state.in_(OPEN), Incident.owner.in_(people))
    return {owner: count for owner, count in session.execute(query.group_by(Incident.owner)).tuples() if owner}
