"""What is found out about a problem reaches its incidents: the workaround, to each once, and the fix."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import incident_news, incidents, tickets
from models.queries.apart import attempt
from models.queries.incident_family import WORKED_ON
from models.queries.incident_rules import read_rules as read_incident_rules
from models.queries.problem_links import open_incidents_of
from models.queries.problem_steps import change, said, watch
from models.queries.states import Because
from models.records import Incident, Problem, WorkNote
from models.rules.incidents import Solution, fitting_text
from models.rules.problem_moves import LIVED_WITH
from models.vocabulary import ResolutionCode


@dataclass(frozen=True)
class Reached:
    """What became of something published on the open incidents of its problem."""

    incidents: list[Incident] = field(default_factory=list)
    """Those that heard of it now, or were resolved with it."""
    refused: dict[str, str] = field(default_factory=dict)
    """Those that could not be resolved, by number, and why."""


def publish_workaround(session: Session, problem: Problem, text: str, because: Because, now: datetime) -> Reached:
    """Write the workaround on every linked incident that is open, for its caller too, and tell of it.

    The same words are written on one incident once. Raises Refused without words.
    """
    changes = {"workaround": said("workaround", text), "workaround_at": now}
    change(session, problem, "publish workaround", because, now, **changes)
    found = open_incidents_of(session, problem.id)
    return Reached(_tell_workaround(session, problem, found, because.actor, now))


def tell_latecomers(session: Session, problem: Problem, linked: Sequence[Incident], person: str, now: datetime) -> None:
    """What was published before incidents were linked, they hear now, while they are open and there is no fix."""
    if problem.workaround_at is not None and problem.state in LIVED_WITH:
        still_open = [incident for incident in linked if incident.state in WORKED_ON]
        _tell_workaround(session, problem, still_open, person, now)


def _tell_workaround(
    session: Session, problem: Problem, found: Sequence[Incident], person: str, now: datetime
) -> list[Incident]:
    text = fitting_text(f"{problem.number} has a workaround: {problem.workaround}")
    told: set[int] = set()
    for batch in tickets.batches(found):
        keys = [incident.id for incident in batch]
        told |= set(
            session.scalars(select(WorkNote.ticket_id).where(WorkNote.ticket_id.in_(keys), WorkNote.text == text))
        )
    fresh = [incident for incident in found if incident.id not in told]
    for incident in fresh:
        note = incidents.note(session, incident, person, text, public=True, now=now)
        incident_news.written(session, incident, note)
    return fresh


def publish_fix(session: Session, problem: Problem, text: str, because: Because, now: datetime) -> Reached:
    """The fix is in: resolve every linked incident that is open with it, and watch whether the trouble comes back.

    Children and duplicates go along. An incident that cannot be resolved stays as it is, wholly, and is told; it stops
    no other. Raises Refused without words.
    """
    watch(session, problem, text, because, now)
    rules = read_incident_rules(session)
    solution = Solution(ResolutionCode.FIXED, fitting_text(f"by the fix of {problem.number}: {problem.fix}"))
    by = Because(because.actor, f"the fix of {problem.number} is in")
    reached = Reached()

    def solve(incident: Incident) -> None:
        incidents.resolve(session, incident, solution, by, now, rules)
        incident_news.moved(session, incident, "resolve", by, now)

    for incident in open_incidents_of(session, problem.id):
        if incident.state not in WORKED_ON:  # taken along by its parent, a moment ago
            continue
        reason = attempt(session, incident.number, partial(solve, incident))
        if reason is None:
            reached.incidents.append(incident)
        elif incident.state in WORKED_ON:  # nobody else has solved it, a moment ago
            reached.refused[incident.number] = reason
    return reached
