"""problem assess, investigate, assign, priority, plan."""

from typing import Annotated

from cyclopts import Parameter

from desk.cli import problem_said
from desk.cli.common import COMMON, Common
from desk.services import pausing, problem_moves
from desk.services.opening import opened
from desk.services.problem_moves import Judged
from models import clock
from models.queries.problems import Plan

Problem = Annotated[str, Parameter(name="PROBLEM", help="A problem, such as PRB000017.")]
Reason = Annotated[str | None, Parameter(help="Why; it stands in the timeline.", metavar="TEXT")]
Why = Annotated[str, Parameter(help="Why; it stands in the timeline.", metavar="TEXT")]
Level = Annotated[str | None, Parameter(help="A level of incidents.yaml.", metavar="LEVEL")]


def assess(
    problem: Problem, /, *, impact: Level = None, urgency: Level = None, reason: Reason = None, common: Common = COMMON
) -> int:
    """Say how grave a problem is; what is not said stays as it is."""
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common, reason)
        done = problem_moves.assess(database, act, Judged(impact, urgency))
    return problem_said.tell(common, done)


def investigate(problem: Problem, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """Begin to look for the cause of a problem: it is yours, when it was nobody's."""
    with opened(common.settings()) as database:
        done = problem_moves.investigate(database, problem_said.act_of(problem, common, reason))
    return problem_said.tell(common, done)


def assign(
    problem: Problem,
    /,
    *,
    team: Annotated[str | None, Parameter(help="The team that gets it.")] = None,
    to: Annotated[str | None, Parameter(help="The person who gets it.", metavar="PERSON")] = None,
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Give a problem to a team, to a person, or to both."""
    with opened(common.settings()) as database:
        done = problem_moves.assign(database, problem_said.act_of(problem, common, reason), team, to)
    return problem_said.tell(common, done)


def priority(
    problem: Problem, /, *, impact: Level = None, urgency: Level = None, reason: Reason = None, common: Common = COMMON
) -> int:
    """Judge the impact or the urgency of a problem anew."""
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common, reason)
        done = problem_moves.set_priority(database, act, Judged(impact, urgency))
    return problem_said.tell(common, done)


def plan(
    problem: Problem,
    /,
    *,
    target: Annotated[
        str | None, Parameter(help="Until when it is decided what comes next: 2026-12-24, 14d.", metavar="DATE")
    ] = None,
    change: Annotated[
        str | None, Parameter(help="The change that brings the fix, as its tool calls it.", metavar="NUMBER")
    ] = None,
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Say until when the next step of a problem is decided, and which change brings its fix."""
    now = clock.now()
    with opened(common.settings()) as database:
        zone = pausing.site_zone(database)
        until = problem_said.day_of("--target", target, now, zone) if target is not None else None
        act = problem_said.act_of(problem, common, reason)
        done = problem_moves.plan(database, act, Plan(until, change))
    return problem_said.tell(common, done, "is planned")
