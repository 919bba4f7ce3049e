"""problem resolve, reopen, re-analyse, accept-risk, close, cancel, merge, review."""

from typing import Annotated

from cyclopts import Parameter

from desk.cli import problem_said
from desk.cli.common import COMMON, Common
from desk.cli.problem_work import Problem, Reason, Why
from desk.services import pausing, problem_moves
from desk.services.opening import opened
from models import clock
from models.rules.problems import Review


def resolve(problem: Problem, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """End the watch of a problem before its time."""
    with opened(common.settings()) as database:
        done = problem_moves.resolve(database, problem_said.act_of(problem, common, reason))
    return problem_said.tell(common, done)


def reopen(problem: Problem, /, *, reason: Why, common: Common = COMMON) -> int:
    """The fix of a problem was none, or its risk is not accepted any more."""
    with opened(common.settings()) as database:
        done = problem_moves.reopen(database, problem_said.act_of(problem, common, reason))
    return problem_said.tell(common, done)


def reanalyse(problem: Problem, /, *, reason: Why, common: Common = COMMON) -> int:
    """The cause of a problem was none: look for it anew. For problem managers and managers."""
    with opened(common.settings()) as database:
        done = problem_moves.reanalyse(database, problem_said.act_of(problem, common, reason))
    return problem_said.tell(common, done)


def accept_risk(
    problem: Problem,
    /,
    *,
    until: Annotated[str, Parameter(help="Until when: 2026-12-24, 90d; then it is decided again.", metavar="DATE")],
    reason: Why,
    by: Annotated[str | None, Parameter(help="Who answers for it; default: you.", metavar="PERSON")] = None,
    common: Common = COMMON,
) -> int:
    """Live with a problem until a date: it will not be fixed. For problem managers and managers."""
    now = clock.now()
    with opened(common.settings()) as database:
        ends = problem_said.day_of("--until", until, now, pausing.site_zone(database))
        done = problem_moves.accept_risk(database, problem_said.act_of(problem, common, reason), ends, by)
    return problem_said.tell(common, done)


def close(problem: Problem, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """Close a problem that is resolved."""
    with opened(common.settings()) as database:
        done = problem_moves.close(database, problem_said.act_of(problem, common, reason))
    return problem_said.tell(common, done)


def cancel(problem: Problem, /, *, reason: Why, common: Common = COMMON) -> int:
    """Close a problem that was none."""
    with opened(common.settings()) as database:
        done = problem_moves.cancel(database, problem_said.act_of(problem, common, reason))
    return problem_said.tell(common, done)


def merge(
    problem: Problem,
    into: Annotated[str, Parameter(name="INTO", help="The problem that it is the same as.")],
    /,
    *,
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Close a problem as a duplicate of another, which gets its incidents."""
    with opened(common.settings()) as database:
        done = problem_moves.merge(database, problem_said.act_of(problem, common, reason), into)
    return problem_said.tell(common, done)


def review(
    problem: Problem,
    /,
    *,
    well: Annotated[str, Parameter(help="What went well.", metavar="TEXT")],
    badly: Annotated[str, Parameter(help="What went badly.", metavar="TEXT")],
    changes: Annotated[str, Parameter(help="What is done differently from now on.", metavar="TEXT")],
    people: Annotated[str, Parameter(help="Who took part.", metavar="NAMES")],
    common: Common = COMMON,
) -> int:
    """Write down what the major problem review found, once its fix is in."""
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common)
        done = problem_moves.review(database, act, Review(well, badly, changes, people))
    return problem_said.tell(common, done, "is reviewed")
