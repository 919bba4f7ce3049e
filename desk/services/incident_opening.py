"""Incidents opened by people: what they do not say is known."""

from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import known_category, known_host, known_person, known_service, known_team
from desk.services.errors import Misuse
from desk.services.incident_moves import Moved, moved
from desk.services.runs import run_key
from models.database import Database
from models.queries import incident_news, incidents, register, runs
from models.queries.assignment import assign_new
from models.queries.incident_rules import read_rules
from models.queries.known_error_suggesting import suggest
from models.queries.states import Because
from models.rules.incidents import LONGEST_TITLE, NewIncident, text_problems
from models.vocabulary import LinkVerb

LONGEST_CALLER = 100


def open_new(database: Database, new: NewIncident, person: str, run: str | None, now: datetime) -> Moved:
    """Open an incident; what it does not say is known: caller, service, team, priority, promises.

    Raises Misuse for texts that cannot be, NotFound for what the site does not have, Refused for other levels than
    those of the matrix.
    """
    problems = [*text_problems("title", new.title, LONGEST_TITLE)]
    problems += [*text_problems("description", new.description)] if new.description else []
    problems += [*text_problems("caller", new.caller, LONGEST_CALLER)] if new.caller is not None else []
    if problems:
        raise Misuse("; ".join(problems))
    with database.write() as session:
        whole = assign_new(session, _known(session, new, run), now)
        incident = incidents.open_incident(session, whole, Because(person), now, read_rules(session))
        suggest(session, incident, now)
        incident_news.opened(session, incident, now)
        return moved(session, incident, now)


def _known(session: Session, new: NewIncident, run: str | None) -> NewIncident:
    """The same with the service of its host or of its run, and with everything that it names looked up."""
    known = ((new.host, known_host), (new.service, known_service), (new.team, known_team))
    for name, look_up in (*known, (new.category, known_category), (new.owner, known_person)):
        if name is not None:
            look_up(session, name)
    values = {**vars(new)}
    if run is not None:
        row = runs.get(session, run_key(run))
        values["links"] = (*new.links, (LinkVerb.CAUSED_BY, f"run/{row.id}"))
        values["service"] = new.service or register.any_version(session, "job", row.job).get("service")
    if values["service"] is None and new.host is not None:
        values["service"] = register.find(session, "host", new.host).spec.get("service")
    return NewIncident(**values)
