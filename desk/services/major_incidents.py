"""Major incidents: proposed, decided, led, told and reviewed by the people who may."""

from dataclasses import replace

from desk.services.acting import acting, check_works, known_person
from desk.services.errors import Misuse
from desk.services.incident_moves import Act, Moved, moved
from desk.services.incidents import key_of
from models.database import Database
from models.queries import incident_major, incident_news, incidents
from models.queries.incident_major import Roles
from models.queries.incident_rules import read_rules
from models.records import WorkNote
from models.rules.incidents import text_problems
from models.vocabulary import MajorState

TABLE = "major_incident"


def propose(database: Database, act: Act) -> Moved:
    """Say that it may be a major incident. Raises as all moves of incidents, and Refused without a reason."""
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        by = acting(session, act.person, incident, "propose", act.reason, TABLE)
        incident_major.propose(session, incident, by, act.now)
        return moved(session, incident, act.now)


def accept(database: Database, act: Act, roles: Roles) -> Moved:
    """Decide that it is one; who may decide need not wait for somebody to propose it. Raises as `propose`."""
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        by = acting(session, act.person, incident, "accept", act.reason, TABLE)
        for person in roles.named.values():
            known_person(session, person)
        major = incident_major.find(session, incident.id)
        if major is None or major.state not in (MajorState.CANDIDATE, MajorState.ACCEPTED):
            incident_major.propose(session, incident, replace(by, roles=None), act.now)
        major = incident_major.accept(session, incident, roles, by, act.now, read_rules(session))
        incident_news.declared(session, incident, major, act.now)
        return moved(session, incident, act.now)


def decline(database: Database, act: Act) -> Moved:
    """Decide that it is none. Raises as `propose`, and NotFound when nobody proposed it."""
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        by = acting(session, act.person, incident, "decline", act.reason, TABLE)
        incident_major.decline(session, incident, by, act.now)
        return moved(session, incident, act.now)


def demote(database: Database, act: Act) -> Moved:
    """Decide that it is none any more. Raises as `decline`."""
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        by = acting(session, act.person, incident, "demote", act.reason, TABLE)
        incident_major.demote(session, incident, by, act.now, read_rules(session))
        return moved(session, incident, act.now)


def appoint(database: Database, act: Act, roles: Roles) -> Moved:
    """Name who leads, writes down, and talks to those outside. Raises as `decline`, and Refused without a name."""
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        by = acting(session, act.person, incident, "appoint", act.reason, TABLE)
        for person in roles.named.values():
            known_person(session, person)
        incident_major.appoint(session, incident, roles, by, act.now)
        return moved(session, incident, act.now)


def review(database: Database, act: Act, text: str) -> Moved:
    """Write down what it taught. Raises as `decline`, and Refused before it is resolved."""
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        by = acting(session, act.person, incident, "review", act.reason, TABLE)
        incident_major.review(session, incident, text, by, act.now)
        return moved(session, incident, act.now)


def tell(database: Database, act: Act, text: str, audience: str) -> Moved:
    """Write an update of a major incident for an audience. Raises as a note, and Refused for no such audience."""
    problems = list(text_problems("update", text))
    if problems:
        raise Misuse("; ".join(problems))
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        check_works(session, act.person, incident, "write on")
        written = WorkNote(ticket_id=incident.id, at=act.now, person=act.person, text=text, is_public=False)
        written.audience = audience
        incident_news.written(session, incident, incident_major.tell(session, incident, written, act.now))
        return moved(session, incident, act.now)
