"""Problems: opened, moved by the one writer of state, found.

Each move that a person makes is given the roles of that person in its `Because`; our own parts need none. Who is told
of a move is in `problem_news`; publishing is in `problem_publishing`, the watch after a fix in `problem_watch`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import incidents, journal, problem_links, problem_recurrence, tickets
from models.queries.incident_rules import read_rules as read_incident_rules
from models.queries.problem_analysis import hand_over_tasks
from models.queries.problem_links import (
    get,
    incidents_of,
    open_incidents_of,
    original_of,
    problems_of,
    unlink_incidents,
)
from models.queries.problem_publishing import publish_fix, publish_workaround
from models.queries.problem_recurrence import Joining
from models.queries.problem_steps import change, close, reopen, resolve, said, watch
from models.queries.problem_watch import look
from models.queries.states import Because
from models.records import Incident, KnownError, Problem, TicketLink
from models.rules.incident_rules import Grading
from models.rules.incidents import fitting_text, fitting_title, text_problems
from models.rules.problem_moves import OVER
from models.rules.problems import AcceptedRisk, NewProblem
from models.rules.wall_clock import stamp
from models.vocabulary import LinkVerb, ProblemOutcome, ProblemState, TicketKind

__all__ = [
    "accept_known_error", "accept_risk", "assess", "assign", "begin_fix", "cancel", "close", "find_cause",
    "get", "incidents_of", "investigate", "link_incidents", "look", "merge", "open_incidents_of",
    "open_problem", "original_of", "plan", "problems_of", "publish_fix", "publish_workaround", "reanalyse",
    "reopen", "resolve", "set_priority", "unlink_incidents", "watch",
]  # fmt: skip
LONGEST_REFERENCE = 128


@dataclass(frozen=True)
class Plan:
    """What is planned for it; None leaves it as it is."""

    target_at: datetime | None = None
    change_reference: str | None = None

    @property
    def named(self) -> dict[str, Any]:
        """What is said of it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def open_problem(session: Session, new: NewProblem, because: Because, now: datetime) -> Problem:
    """Write a new problem down, with the incidents that it causes.

    Raises Refused for an impact or an urgency that the matrix does not have, NotFound for an incident there is not.
    """
    try:
        grading = read_incident_rules(session).grading(new.impact, new.urgency)
    except ValueError as error:
        raise Refused(str(error)) from None
    causing = [incidents.get(session, key) for key in new.incidents]
    problem = Problem(
        kind=TicketKind.PROBLEM,
        title=fitting_title(new.title),
        description=fitting_text(new.description),
        service=new.service,
        host=new.host,
        category=new.category,
        opened_by=because.actor,
        opened_at=now,
        source=new.source,
        is_drill=new.is_drill,
        origin=new.origin,
        team=new.team,
        owner=new.owner,
        target_at=new.target_at,
        **asdict(grading),
    )
    session.add(problem)
    session.flush()
    told = ("origin", "priority", "impact", "urgency", "service", "host", "category", "team", "owner", "is_drill")
    fact = journal.Fact(
        tag="problems:problem:open",
        subject=tickets.subject_of(problem),
        actor=because.actor,
        target=ProblemState.NEW.value,
        reason=because.reason,
        facts={name: getattr(problem, name) for name in told},
        key=because.key,
        at=now,
    )
    journal.append(session, fact)
    problem_links.add(session, problem, causing, Because(because.actor), now)
    return problem


def link_incidents(
    session: Session, problem: Problem, found: Sequence[Incident], because: Because, now: datetime
) -> list[Incident]:
    """Say that these incidents come from this problem. Gives those of which nobody had said it.

    One that is worked on hears of the published workaround. One that came after the fix reopens the problem. Raises
    Refused when the problem was merged into another.
    """
    session.refresh(problem, with_for_update=True)  # what is published to its incidents is published to these, too
    original = original_of(session, problem)
    if original is not None:
        numbers = ", ".join(one.number for one in found)
        raise Refused(f"{problem.number} is a duplicate of {original.number}: link {numbers} with that one")
    why = f"{because.actor} linked it{f': {because.reason}' if because.reason else ''}"
    joining = [Joining(incident, why, incident.opened_at) for incident in found]
    return problem_recurrence.join(session, problem, joining, because, now)


def assess(session: Session, problem: Problem, grading: Grading, because: Because, now: datetime) -> bool:
    """Say how grave it is."""
    return change(session, problem, "assess", because, now, **asdict(grading))


def investigate(session: Session, problem: Problem, because: Because, now: datetime, owner: str | None = None) -> bool:
    """Begin to look for its cause; who begins owns it, when nobody did."""
    mine = because.actor if because.roles is not None else None
    return change(session, problem, "investigate", because, now, owner=owner or problem.owner or mine)


def find_cause(session: Session, problem: Problem, cause: str, because: Because, now: datetime) -> bool:
    """Write its root cause down. Raises Refused without words."""
    return change(session, problem, "find cause", because, now, cause=said("cause", cause))


def accept_known_error(
    session: Session, problem: Problem, workaround: str | None, because: Because, now: datetime
) -> bool:
    """Its cause is known and there is a workaround: live with it until it is fixed. Raises Refused without one."""
    if workaround is None and problem.workaround is None:
        raise Refused(f"{problem.number} has no workaround: say one, or begin the fix")
    words = problem.workaround if workaround is None else said("workaround", workaround)
    return change(session, problem, "accept known error", because, now, workaround=words)


def begin_fix(
    session: Session, problem: Problem, because: Because, now: datetime, change_reference: str | None = None
) -> bool:
    """Work on the fix; the change that brings it is named when there is one."""
    reference = problem.change_reference if change_reference is None else _reference(change_reference)
    return change(session, problem, "begin fix", because, now, change_reference=reference)


def cancel(session: Session, problem: Problem, because: Because, now: datetime) -> bool:
    """It was none. Raises Refused when nobody says why."""
    said("reason", because.reason or "")
    changes = {"closed_at": now, "outcome": ProblemOutcome.NO_PROBLEM}
    return change(session, problem, "cancel", because, now, **changes)


def accept_risk(session: Session, problem: Problem, risk: AcceptedRisk, because: Because, now: datetime) -> bool:
    """Live with it until a date: then it is decided again. Raises Refused for a date that has passed, or no words."""
    if risk.until <= now:
        raise Refused(f"{stamp(risk.until)} has passed: a risk is accepted until a day that comes")
    words = {"risk_words": said("reason", risk.words), "risk_by": risk.by, "risk_until": risk.until}
    return change(session, problem, "accept risk", because, now, **words)


def reanalyse(session: Session, problem: Problem, because: Because, now: datetime) -> bool:
    """The cause is none: look for it anew. Raises Refused when nobody says why."""
    said("reason", because.reason or "")
    return change(session, problem, "re-analyse", because, now, cause=None)


def assign(
    session: Session, problem: Problem, to: tuple[str | None, str | None], because: Because, now: datetime
) -> bool:
    """Give it to a team and a person (or to nobody yet); its state stays."""
    team, owner = to
    return change(session, problem, "assign", because, now, team=team, owner=owner)


def set_priority(session: Session, problem: Problem, grading: Grading, because: Because, now: datetime) -> bool:
    """Judge impact and urgency anew."""
    return change(session, problem, "set priority", because, now, **asdict(grading))


def plan(session: Session, problem: Problem, wanted: Plan, because: Because, now: datetime) -> bool:
    """Say when it is decided what comes next, and which change brings the fix. Raises Refused for nothing."""
    if not wanted.named:
        raise Refused("say a target date or a change")
    if wanted.change_reference is not None:
        wanted = replace(wanted, change_reference=_reference(wanted.change_reference))
    return change(session, problem, "plan", because, now, **wanted.named)


def merge(session: Session, problem: Problem, into: Problem, because: Because, now: datetime) -> bool:
    """Close it as a duplicate: its incidents, known errors and open tasks are the other's.

    Raises Refused for one that is over.
    """
    if problem.id == into.id:
        raise Refused(f"{problem.number} cannot be merged into itself")
    for one in sorted((problem, into), key=lambda found: found.id):
        session.refresh(one, with_for_update=True)  # two that merge each into the other wait for each other
    if into.state in OVER:
        raise Refused(f"{into.number} is {into.state.value}: reopen it first")
    changes = {"closed_at": now, "outcome": ProblemOutcome.DUPLICATE}
    if not change(session, problem, "merge", because, now, **changes):
        return False
    target = tickets.subject_of(into)
    duplicate = TicketLink(ticket_id=problem.id, verb=LinkVerb.DUPLICATE_OF, target=target)
    duplicate.linked_at, duplicate.linked_by = now, because.actor
    tickets.add_link(session, duplicate)
    handed = replace(because, roles=None, reason=f"with {problem.number}, a duplicate of {into.number}")
    found = incidents_of(session, problem.id)
    link_incidents(session, into, found, handed, now)
    unlink_incidents(session, problem, found, because, now)
    hand_over_tasks(session, problem, into, because, now)
    session.execute(update(KnownError).where(KnownError.problem_id == problem.id).values(problem_id=into.id))
    return True


def _reference(text: str) -> str:
    """A change as its own tool calls it. Raises Refused for what is no name."""
    wrong = list(text_problems("change", text, LONGEST_REFERENCE))
    if wrong:
        raise Refused("; ".join(wrong))
    return text.strip()
