"""problem find-cause, known-error, begin-fix, publish-workaround, publish-fix."""

from typing import Annotated

from cyclopts import Parameter

from desk.cli import problem_said, words
from desk.cli.common import COMMON, Common
from desk.cli.problem_work import Problem, Reason
from desk.services import pausing, problem_moves
from desk.services.opening import opened
from desk.services.problem_moves import Moved
from desk.services.small_words import several
from models import clock
from models.rules.problem_words import few_of
from models.vocabulary import KnownErrorState

Text = Annotated[str, Parameter(name="TEXT", help="What there is to say.")]
NEXT = {
    KnownErrorState.DRAFT: "`watchbill known-error edit {0} --words TEXT` says how incidents of it are recognised, "
    "`watchbill known-error publish {0}` suggests it",
    KnownErrorState.PUBLISHED: "`watchbill known-error show {}` says what became of it so far",
    KnownErrorState.RETIRED: "`watchbill known-error publish {}` suggests it again",
}
"""What to do with the known error of the problem."""


def find_cause(problem: Problem, text: Text, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """Write the root cause of a problem down."""
    with opened(common.settings()) as database:
        done = problem_moves.find_cause(database, problem_said.act_of(problem, common, reason), text)
    return problem_said.tell(common, done)


def known_error(
    problem: Problem,
    /,
    *,
    workaround: Annotated[
        str | None, Parameter(help="What helps until then; default: what was published.", metavar="TEXT")
    ] = None,
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Live with a problem whose cause is known until it is fixed, by its workaround: its known error is drafted."""
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common, reason)
        done = problem_moves.accept_known_error(database, act, workaround)
    problem_said.tell(common, done)
    if not common.json:
        screen = common.screen()
        screen.show(f"{done.known_error} is its known error, {done.known_error_state.value}")
        screen.next(NEXT[done.known_error_state].format(done.known_error))
    return 0


def begin_fix(
    problem: Problem,
    /,
    *,
    change: Annotated[
        str | None, Parameter(help="The change that brings the fix, as its tool calls it.", metavar="NUMBER")
    ] = None,
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Work on the fix of a problem."""
    with opened(common.settings()) as database:
        done = problem_moves.begin_fix(database, problem_said.act_of(problem, common, reason), change)
    return problem_said.tell(common, done)


def publish_workaround(problem: Problem, text: Text, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """Write a workaround on every open incident of a problem, once each, and tell of it; their callers read it."""
    with opened(common.settings()) as database:
        done = problem_moves.publish_workaround(database, problem_said.act_of(problem, common, reason), text)
    return problem_said.tell(common, done, f"has told {_numbers(done)}")


def publish_fix(problem: Problem, text: Text, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """Resolve every open incident of a problem with its fix, and watch whether the trouble comes back."""
    with opened(common.settings()) as database:
        done = problem_moves.publish_fix(database, problem_said.act_of(problem, common, reason), text)
        times = words.Clock(pausing.site_zone(database), clock.now())
    until = f" and is watched until {times.when(done.problem.watch_until)}" if done.problem.watch_until else ""
    problem_said.tell(common, done, f"has resolved {_numbers(done)}{until}")
    if not common.json:
        for number, why in done.not_resolved.items():
            common.screen().warn(f"{number} is not resolved: {why}")
    return 0


def _numbers(done: Moved) -> str:
    count = several(len(done.incidents), "incident")
    return f"{count}: {few_of(done.incidents)}" if done.incidents else f"{count} (none is open)"
