"""problem link, unlink, note, why, task."""

from typing import Annotated, Literal

from cyclopts import Parameter

from desk.cli import problem_said, words
from desk.cli.common import COMMON, Common
from desk.cli.problem_work import Problem, Reason
from desk.services import pausing, problem_notes
from desk.services.errors import Misuse
from desk.services.opening import opened
from models import clock
from models.rules.problem_words import few_of
from models.rules.problems import Finding, NewTask
from models.vocabulary import AnalysisKind, ProblemState

Incidents = Annotated[str, Parameter(name="INCIDENT", help="Incidents, such as INC000012.")]
Text = Annotated[str, Parameter(name="TEXT", help="What you have to say.")]
Kind = Literal["symptom", "impact", "cause"]


def link(problem: Problem, /, *incidents: Incidents, reason: Reason = None, common: Common = COMMON) -> int:
    """Say which incidents a problem causes. One that came after its fix reopens it."""
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common, reason)
        done = problem_notes.link(database, act, _named(incidents))
    again = ", of after its fix: it is investigated again" if done.came_back else ""
    problem_said.tell(common, done, f"causes {few_of(done.incidents)}{again}")
    if done.problem.state is ProblemState.CLOSED and not common.json:
        common.screen().next(f"{done.problem.problem} is closed: `watchbill problem reopen` it if its fix is none")
    return 0


def unlink(problem: Problem, /, *incidents: Incidents, reason: Reason = None, common: Common = COMMON) -> int:
    """Say which incidents a problem does not cause after all."""
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common, reason)
        done = problem_notes.unlink(database, act, _named(incidents))
    return problem_said.tell(common, done, f"does not cause {few_of(done.incidents)} any more")


def note(
    problem: Problem,
    text: Text,
    /,
    *,
    kind: Annotated[
        Kind | None, Parameter(help="symptom, impact or cause: a part of the analysis; default: none of these.")
    ] = None,
    below: Annotated[
        int | None, Parameter(help="Of a cause: the one above it in the tree, by its number.", metavar="CAUSE")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Write on a problem, for those who work on it; or add to its analysis."""
    if below is not None and kind not in (None, "cause"):
        raise Misuse(f"--below goes with a cause, and this is a {kind}")
    kind = "cause" if below is not None else kind
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common)
        if kind is None:
            return problem_said.tell(common, problem_notes.note(database, act, text), "has your note")
        done, called = problem_notes.analyse(database, act, Finding(AnalysisKind(kind), text, below))
    return problem_said.tell(common, done, f"has {called}")


def why(problem: Problem, text: Text, /, *, common: Common = COMMON) -> int:
    """Answer the next of the five whys: why is that so?"""
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common)
        done, called = problem_notes.analyse(database, act, Finding(AnalysisKind.WHY, text))
    return problem_said.tell(common, done, f"has {called}")


def task(
    problem: Problem,
    title: Annotated[str | None, Parameter(name="TITLE", help="What is to be done.")] = None,
    /,
    *,
    owner: Annotated[str | None, Parameter(help="Who does it.", metavar="PERSON")] = None,
    due: Annotated[str | None, Parameter(help="Until when: 2026-12-24, 14d.", metavar="DATE")] = None,
    done: Annotated[int | None, Parameter(help="The task with this number is done.", metavar="TASK")] = None,
    common: Common = COMMON,
) -> int:
    """Add a task to a problem, or say that one is done."""
    if (title is None) == (done is None):
        raise Misuse("say what is to be done, or with --done which task is: one of the two")
    now = clock.now()
    with opened(common.settings()) as database:
        act = problem_said.act_of(problem, common)
        if done is not None:
            return problem_said.tell(common, problem_notes.finish_task(database, act, done), f"has done task {done}")
        zone = pausing.site_zone(database)
        due_at = problem_said.day_of("--due", due, now, zone) if due is not None else None
        moved, number = problem_notes.add_task(database, act, NewTask(title or "", owner, due_at))
    until = f", due {words.Clock(zone, now).when(due_at)}" if due_at else ""
    return problem_said.tell(common, moved, f"has task {number}{until}")


def _named(incidents: tuple[str, ...]) -> tuple[str, ...]:
    if not incidents:
        raise Misuse("say which incidents: INC000012 INC000013")
    return incidents
