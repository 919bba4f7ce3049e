"""backup run, drill and restore: the plan's jobs, asked for by its name."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from desk.cli.common import COMMON, Common
from desk.cli.job_run import WAITING, Waiting, start_and_follow
from desk.services.backups import known_plan
from desk.services.opening import opened
from models.queries.book import read_book
from models.site.derived import ACCEPT_SMALLER, names_of

Plan = Annotated[str, Parameter(name="PLAN", help="The backup plan.")]
Point = Annotated[str | None, Parameter(help="A restore point by the first signs of its key, or latest.", metavar="P")]


def run(
    plan: Plan,
    /,
    *,
    accept_smaller: Annotated[bool, Parameter(help="The source is rightly smaller than its tolerance.")] = False,
    waiting: Waiting = WAITING,
    common: Common = COMMON,
) -> int:
    """Take a restore point of a plan now, and follow it to its end."""
    return _start(plan, "backup", {ACCEPT_SMALLER: "true"} if accept_smaller else {}, waiting, common)


def drill(plan: Plan, /, *, point: Point = None, waiting: Waiting = WAITING, common: Common = COMMON) -> int:
    """Restore a point of a plan into a sandbox, compare it with what was taken, and record the proof."""
    return _start(plan, "drill", {"point": point} if point else {}, waiting, common)


def restore(
    plan: Plan,
    /,
    *,
    to: Annotated[Path, Parameter(help="An empty or new folder on the worker's machine.", metavar="DIR")],
    point: Point = None,
    waiting: Waiting = WAITING,
    common: Common = COMMON,
) -> int:
    """Restore a point of a plan into a folder; never onto the original place, which needs a second person."""
    given = {"to": str(to.absolute()), **({"point": point} if point else {})}
    return _start(plan, "restore", given, waiting, common)


def _start(plan: str, verb: str, given: dict[str, str], waiting: Waiting, common: Common) -> int:
    with opened(common.settings()) as database, database.read() as session:
        known_plan(read_book(session), plan)
    return start_and_follow(names_of(plan)[verb], given, waiting, common)
