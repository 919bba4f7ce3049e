"""Problems opened by people: out of incidents, or out of what they have seen."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services import incidents as incident_service
from desk.services.acting import (
    check_may_work,
    known_category,
    known_host,
    known_person,
    known_service,
    known_team,
)
from desk.services.errors import Misuse
from desk.services.problem_moves import Moved, graded, moved
from models.database import Database
from models.errors import Refused
from models.queries import incidents, problem_escalation, problem_links, problem_news, problem_opening, problems
from models.queries.incident_book import read_incident_book
from models.queries.problem_publishing import Reached
from models.queries.states import Because
from models.records import Incident
from models.rules.incidents import LONGEST_TITLE, text_problems
from models.rules.problems import NewProblem


def open_new(database: Database, new: NewProblem, numbers: tuple[str, ...], person: str, now: datetime) -> Moved:
    """Open a problem; what it does not say it has of the first of its incidents, or of the site.

    Raises Misuse for texts that cannot be, or without a title and incidents; NotFound for what the site does not have;
    Refused for who may not, and for incidents that all belong to one problem already.
    """
    if not new.title and not numbers:
        raise Misuse("say what the problem is in one line, or which incidents it causes: --from INC000012")
    wrong = [*text_problems("title", new.title, LONGEST_TITLE)] if new.title else []
    wrong += [*text_problems("description", new.description)] if new.description else []
    if wrong:
        raise Misuse("; ".join(wrong))
    with database.write() as session:
        check_may_work(session, person, "open a problem")
        found = [incidents.get(session, incident_service.key_of(number)) for number in numbers]
        problem_escalation.hold_matters(session, found)
        _refuse_known(session, found)
        whole = _whole(session, new, found)
        because = Because(person, f"escalated from {', '.join(one.number for one in found)}" if found else None)
        problem = problems.open_problem(session, whole, because, now)
        if found:
            evidence = problem_opening.evidence_of(session, found[0], now)
            problem_opening.found_out(session, problem, evidence, because, now)
        problem_news.opened(session, problem, now)
        return moved(session, problem, now, Reached(found))


def _refuse_known(session: Session, found: list[Incident]) -> None:
    """A problem of which all the incidents belong to another is that one."""
    shared = [{problem.number for problem in problem_links.problems_of(session, one.id)} for one in found]
    known = set.intersection(*shared) if shared else set()
    if known:
        numbers, whose = ", ".join(one.number for one in found), "its" if len(found) == 1 else "their"
        raise Refused(f"{numbers}: {min(known)} is {whose} problem already; see `watchbill problem show {min(known)}`")


def _whole(session: Session, new: NewProblem, found: list[Incident]) -> NewProblem:
    """The same with what the first incident says of it, and with the team that owns the service."""
    known = ((new.host, known_host), (new.service, known_service), (new.team, known_team))
    for name, look_up in (*known, (new.category, known_category), (new.owner, known_person)):
        if name is not None:
            look_up(session, name)
    first = problem_opening.about_incident(found[0], found[0].team) if found else NewProblem(new.title)
    said = {name: value for name, value in vars(new).items() if value not in (None, "", False)}
    whole = replace(first, **{**said, "incidents": tuple(one.id for one in found)})
    graded(session, whole.impact, whole.urgency)
    owning = read_incident_book(session).owner_of(whole.service, whole.category)
    return replace(whole, team=new.team or (owning[0] if owning else whole.team))
