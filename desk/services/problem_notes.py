"""What people write on problems, what they link them with, and what they are to do."""

from dataclasses import replace

from sqlalchemy.orm import Session

from desk.services import incidents as incident_service
from desk.services.acting import check_works, known_person
from desk.services.problem_moves import Act, Moved, check_reason, moved
from desk.services.problems import key_of
from models.database import Database
from models.errors import Refused
from models.queries import incidents, problem_analysis, problems, tickets
from models.queries.problem_publishing import Reached
from models.queries.states import Because
from models.records import Problem, WorkNote
from models.rules.incidents import text_problems
from models.rules.problems import Finding, NewTask


def note(database: Database, act: Act, text: str) -> Moved:
    """Write on it. Raises Refused for a text that cannot be, and for who does not work on tickets."""
    wrong = list(text_problems("note", text))
    if wrong:
        raise Refused("; ".join(wrong))
    with database.write() as session:
        problem = _for_work(session, act, "write on")
        new = WorkNote(ticket_id=problem.id, at=act.now, person=act.person, text=text, is_public=False)
        tickets.add_note(session, new)
        return moved(session, problem, act.now)


def analyse(database: Database, act: Act, finding: Finding) -> tuple[Moved, str]:
    """Write an entry of its analysis, and what it is called: `why 3`, `cause 12`. Raises Refused as `note` does."""
    with database.write() as session:
        problem = _for_work(session, act, "analyse")
        entry = problem_analysis.analyse(session, problem, finding, Because(act.person), act.now)
        return moved(session, problem, act.now), f"{entry.kind.value} {entry.number or entry.id}"


def link(database: Database, act: Act, numbers: tuple[str, ...]) -> Moved:
    """Say which incidents it causes. Raises NotFound, and Refused when all of that was said before."""
    with database.write() as session:
        problem = _for_work(session, act, "link")
        found, before = (
            [incidents.get(session, incident_service.key_of(number)) for number in numbers],
            problem.reopened,
        )
        new = problems.link_incidents(session, problem, found, Because(act.person, act.reason), act.now)
        if not new:
            raise Refused(f"{problem.number} causes {', '.join(one.number for one in found)} already")
        return replace(moved(session, problem, act.now, Reached(new)), came_back=problem.reopened > before)


def unlink(database: Database, act: Act, numbers: tuple[str, ...]) -> Moved:
    """It does not cause these incidents after all. Raises NotFound when nobody said that it does."""
    with database.write() as session:
        problem = _for_work(session, act, "unlink")
        found = [incidents.get(session, incident_service.key_of(number)) for number in numbers]
        problems.unlink_incidents(session, problem, found, Because(act.person, act.reason), act.now)
        return moved(session, problem, act.now, Reached(found))


def add_task(database: Database, act: Act, new: NewTask) -> tuple[Moved, int]:
    """Something is to be done; the number of the task. Raises NotFound for a person that the site does not have."""
    with database.write() as session:
        problem = _for_work(session, act, "add a task to")
        owner = known_person(session, new.owner) if new.owner is not None else None
        task = problem_analysis.add_task(session, problem, replace(new, owner=owner), Because(act.person), act.now)
        return moved(session, problem, act.now), task.id


def finish_task(database: Database, act: Act, task_id: int) -> Moved:
    """It is done. Raises NotFound for a task of another problem, Refused for one that was done before."""
    with database.write() as session:
        problem = _for_work(session, act, "finish a task of")
        problem_analysis.finish_task(session, problem, task_id, Because(act.person), act.now)
        return moved(session, problem, act.now)


def _for_work(session: Session, act: Act, what: str) -> Problem:
    """The problem. Raises Misuse for a reason that cannot be kept, Refused for who does not work on tickets."""
    check_reason(act)
    problem = problems.get(session, key_of(act.problem))
    check_works(session, act.person, problem, what)
    return problem
