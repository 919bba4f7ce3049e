"""What is found out about a problem reaches its incidents: the workaround, to each once, and the fix."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import incident_news, incidents
from models.queries.incident_family import WORKED_ON
from models.queries.incident_rules import read_rules as read_incident_rules
from models.queries.problem_links import open_incidents_of
from models.queries.problem_steps import change, said, watch
from models.queries.states import Because
from models.records import Incident, Problem, WorkNote
from models.rules.incidents import Solution, fitting_text
from models.rules.problem_moves import UNSOLVED
from models.vocabulary import ResolutionCode


def publish_workaround(
    session: Session, problem: Problem, text: str, because: Because, now: datetime
) -> list[Incident]:
    """Write the workaround on every linked incident that is open, for its caller too, and tell of it.

    Gives those that hear of it now: the same words are written on one incident once. Raises Refused without words.
    """
    changes = {"workaround": said("workaround", text), "workaround_at": now}
    change(session, problem, "publish workaround", because, now, **changes)
    found = open_incidents_of(session, problem.id)
    return [incident for incident in found if _tell_workaround(session, problem, incident, because.actor, now)]


def tell_latecomer(session: Session, problem: Problem, incident: Incident, because: Because, now: datetime) -> bool:
    """What was published before an incident was linked, it hears now, while it is open and there is no fix."""
    if problem.workaround_at is None or problem.state not in UNSOLVED or incident.state not in WORKED_ON:
        return False
    return _tell_workaround(session, problem, incident, because.actor, now)


def _tell_workaround(session: Session, problem: Problem, incident: Incident, person: str, now: datetime) -> bool:
    text = fitting_text(f"{problem.number} has a workaround: {problem.workaround}")
    told = select(WorkNote.id).where(WorkNote.ticket_id == incident.id, WorkNote.text == text)
    if session.scalar(told.limit(1)) is not None:
        return False
    note = incidents.note(session, incident, person, text, public=True, now=now)
    incident_news.written(session, incident, note)
    return True


def publish_fix(session: Session, problem: Problem, text: str, because: Because, now: datetime) -> list[Incident]:
    """The fix is in: resolve every linked incident that is open with it, and watch whether the trouble comes back.

    Gives those that it resolved; their children and duplicates go along. Raises Refused without words.
    """
    watch(session, problem, text, because, now)
    rules = read_incident_rules(session)
    solution = Solution(ResolutionCode.FIXED, fitting_text(f"by the fix of {problem.number}: {problem.fix}"))
    by = Because(because.actor, f"the fix of {problem.number} is in")
    solved = []
    for incident in open_incidents_of(session, problem.id):
        if incident.state in WORKED_ON:  # not taken along by its parent, a moment ago
            incidents.resolve(session, incident, solution, by, now, rules)
            incident_news.moved(session, incident, "resolve", by, now)
            solved.append(incident)
    return solved
