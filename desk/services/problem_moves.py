"""Problems moved by people: assessed, investigated, given ... each as far as the roles of who acts allow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import acting, known_person, known_team, roles_of
from desk.services.errors import Misuse
from desk.services.problems import ProblemLine, key_of, lines_of
from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import problem_analysis, problem_news, problems
from models.queries.incident_rules import read_rules
from models.queries.known_error_drafting import known_error_of
from models.queries.problem_publishing import Reached
from models.queries.problems import Plan
from models.queries.states import Because
from models.records import KnownError, Problem
from models.rules.incident_rules import Grading
from models.rules.incidents import text_problems
from models.rules.lifecycle import Role
from models.rules.problems import AcceptedRisk, Review
from models.vocabulary import KnownErrorState


@dataclass(frozen=True)
class Act:
    """Who moves which problem, when, and why."""

    problem: str
    person: str
    now: datetime
    reason: str | None = None


@dataclass(frozen=True)
class Moved:
    """A problem after a move."""

    problem: ProblemLine
    incidents: tuple[str, ...] = ()
    """Those that heard of it, or were resolved with it."""
    not_resolved: dict[str, str] = field(default_factory=dict)
    """Those that a fix could not resolve, and why."""
    came_back: bool = False
    """What was linked came after the fix: the problem is open again."""


@dataclass(frozen=True)
class LivedWith(Moved):
    """One that people live with by its known error, which was written as a draft unless there was one."""

    known_error: str = field(kw_only=True)
    """KE000012."""
    known_error_state: KnownErrorState = field(kw_only=True)


@dataclass(frozen=True)
class Judged:
    """How grave it is; None leaves it as it is."""

    impact: str | None = None
    urgency: str | None = None


Move = Callable[[Session, Problem, Because], object]
NOBODY = Reached()


def assess(database: Database, act: Act, judged: Judged) -> Moved:
    """Say how grave it is. Raises as all moves, and Misuse for levels that the matrix does not have."""

    def move(session: Session, one: Problem, by: Because) -> None:
        problems.assess(session, one, _grading(session, one, judged), by, act.now)

    return make(database, act, "assess", move)


def set_priority(database: Database, act: Act, judged: Judged) -> Moved:
    """Judge impact, urgency or both anew. Raises as `assess`."""
    if judged == Judged():
        raise Misuse("say what is different: --impact, --urgency, or both")

    def move(session: Session, one: Problem, by: Because) -> None:
        problems.set_priority(session, one, _grading(session, one, judged), by, act.now)

    return make(database, act, "set priority", move)


def _grading(session: Session, one: Problem, judged: Judged) -> Grading:
    return graded(session, judged.impact or one.impact, judged.urgency or one.urgency)


def graded(session: Session, impact: str | None, urgency: str | None) -> Grading:
    """The priority by the matrix of the site. Raises Misuse for levels that it does not have."""
    try:
        return read_rules(session).grading(impact, urgency)
    except ValueError as error:
        raise Misuse(str(error)) from None


def investigate(database: Database, act: Act) -> Moved:
    """Begin to look for its cause. Raises as all moves: NotFound, Refused by role, MoveRefused by state."""
    return make(database, act, "investigate", lambda session, one, by: problems.investigate(session, one, by, act.now))


def find_cause(database: Database, act: Act, cause: str) -> Moved:
    """Write its root cause down. Raises as all moves, and Refused without words."""
    return make(
        database, act, "find cause", lambda session, one, by: problems.find_cause(session, one, cause, by, act.now)
    )


def accept_known_error(database: Database, act: Act, workaround: str | None) -> LivedWith:
    """Live with it until it is fixed, by its known error. Raises as all moves, and Refused without a workaround."""
    known: list[KnownError] = []

    def move(session: Session, one: Problem, by: Because) -> None:
        problems.accept_known_error(session, one, workaround, by, act.now)
        known.append(known_error_of(session, one, by, act.now))

    done = make(database, act, "accept known error", move)
    return LivedWith(done.problem, known_error=known[0].number, known_error_state=known[0].state)


def begin_fix(database: Database, act: Act, change: str | None) -> Moved:
    """Work on the fix. Raises as all moves."""
    return make(
        database, act, "begin fix", lambda session, one, by: problems.begin_fix(session, one, by, act.now, change)
    )


def resolve(database: Database, act: Act) -> Moved:
    """End the watch before its time. Raises as all moves."""
    return make(database, act, "resolve", lambda session, one, by: problems.resolve(session, one, by, act.now))


def close(database: Database, act: Act) -> Moved:
    """It is over. Raises as all moves."""
    return make(database, act, "close", lambda session, one, by: problems.close(session, one, by, act.now))


def cancel(database: Database, act: Act) -> Moved:
    """It was none. Raises as all moves, and Refused without a reason."""
    return make(database, act, "cancel", lambda session, one, by: problems.cancel(session, one, by, act.now))


def reopen(database: Database, act: Act) -> Moved:
    """The fix was none, or the risk is not accepted any more. Raises as all moves, and Refused without a reason."""
    return make(database, act, "reopen", lambda session, one, by: problems.reopen(session, one, by, act.now))


def reanalyse(database: Database, act: Act) -> Moved:
    """Look for its cause anew. Raises as all moves, and Refused without a reason."""
    return make(database, act, "re-analyse", lambda session, one, by: problems.reanalyse(session, one, by, act.now))


def accept_risk(database: Database, act: Act, until: datetime, bearer: str | None) -> Moved:
    """Live with it until a date; who acts answers for that, or somebody who is named. Raises as all moves."""

    def move(session: Session, one: Problem, by: Because) -> None:
        named = known_person(session, bearer) if bearer is not None else act.person
        problems.accept_risk(session, one, AcceptedRisk(act.reason or "", named, until), by, act.now)

    return make(database, act, "accept risk", move)


def assign(database: Database, act: Act, team: str | None, owner: str | None) -> Moved:
    """Give it to a team, to a person, or to both. Raises NotFound for one that the site does not have."""
    if team is None and owner is None:
        raise Misuse("say to whom: --team, --to, or both")

    def give(session: Session, one: Problem, by: Because) -> None:
        if team is not None:
            known_team(session, team)
        if owner is not None and not roles_of(session, known_person(session, owner)) & {
            Role.OPERATOR,
            Role.PROBLEM_MANAGER,
        }:
            raise Refused(f"{owner} is neither an operator nor a problem manager: only these own problems")
        mine = owner or (one.owner if team is None else None)
        problems.assign(session, one, (team or one.team, mine), by, act.now)

    return make(database, act, "assign", give)


def plan(database: Database, act: Act, wanted: Plan) -> Moved:
    """Say when it is decided what comes next, and which change brings the fix. Raises as all moves."""
    return make(database, act, "plan", lambda session, one, by: problems.plan(session, one, wanted, by, act.now))


def merge(database: Database, act: Act, into: str) -> Moved:
    """Close it as a duplicate of another, which gets its incidents. Raises as all moves."""
    return make(
        database,
        act,
        "merge",
        lambda session, one, by: problems.merge(session, one, problems.get(session, key_of(into)), by, act.now),
    )


def review(database: Database, act: Act, held: Review) -> Moved:
    """Write down what the review found. Raises as all moves, and Refused for a part that has no words."""
    return make(
        database, act, "review", lambda session, one, by: problem_analysis.review(session, one, held, by, act.now)
    )


def publish_workaround(database: Database, act: Act, text: str) -> Moved:
    """Tell every linked incident that is open. Raises as all moves."""
    return make(
        database,
        act,
        "publish workaround",
        lambda session, one, by: problems.publish_workaround(session, one, text, by, act.now),
    )


def publish_fix(database: Database, act: Act, text: str) -> Moved:
    """Resolve every linked incident that is open, and watch. Raises as all moves."""
    return make(database, act, "watch", lambda session, one, by: problems.publish_fix(session, one, text, by, act.now))


def make(database: Database, act: Act, action: str, move: Move) -> Moved:
    """One move by a person, told to whom it concerns. Raises NotFound, Refused by role, MoveRefused by state."""
    check_reason(act)
    with database.write() as session:
        problem = problems.get(session, key_of(act.problem))
        session.refresh(problem, with_for_update=True)  # who moves it next sees what this move made of it
        by = acting(session, act.person, problem, action, act.reason, table="problem")
        try:
            done = move(session, problem, by)
        except MoveRefused as error:
            raise MoveRefused(f"{problem.number}: {error}") from None
        session.flush()
        problem_news.moved(session, problem, action, by, act.now)
        return moved(session, problem, act.now, done if isinstance(done, Reached) else NOBODY)


def check_reason(act: Act) -> None:
    """Raises Misuse for a reason that cannot be kept."""
    wrong = list(text_problems("reason", act.reason)) if act.reason is not None else []
    if wrong:
        raise Misuse("; ".join(wrong))


def moved(session: Session, problem: Problem, now: datetime, reached: Reached = NOBODY) -> Moved:
    """How it stands now."""
    session.flush()
    numbers = tuple(incident.number for incident in reached.incidents)
    return Moved(lines_of(session, [problem], now)[0], numbers, reached.refused)
