"""problem new: open one."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from desk.cli import problem_said
from desk.cli.common import COMMON, Common
from desk.services import pausing, problem_opening
from desk.services.opening import opened
from models import clock
from models.rules.problems import NewProblem
from models.vocabulary import ProblemOrigin


@Parameter(name="*")
@dataclass(frozen=True)
class What:
    """What is known of it."""

    incidents: Annotated[
        tuple[str, ...],
        Parameter(name="--from", help="Incidents that it causes.", metavar="INCIDENT", consume_multiple=True),
    ] = ()
    description: Annotated[str | None, Parameter(help="In as many words as it takes.", metavar="TEXT")] = None
    service: Annotated[str | None, Parameter(help="The service; default: that of the first incident.")] = None
    host: Annotated[str | None, Parameter(help="The host that it is about.")] = None
    category: Annotated[str | None, Parameter(help="A category of incidents.yaml.")] = None
    impact: Annotated[str | None, Parameter(help="A level of incidents.yaml.", metavar="LEVEL")] = None
    urgency: Annotated[str | None, Parameter(help="A level of incidents.yaml.", metavar="LEVEL")] = None
    team: Annotated[str | None, Parameter(help="The team that gets it; default: the owner of the service.")] = None
    target: Annotated[
        str | None, Parameter(help="Until when the next step is decided: 2026-12-24, 14d.", metavar="DATE")
    ] = None
    proactive: Annotated[bool, Parameter(help="Nothing has broken yet.")] = False
    drill: Annotated[bool, Parameter(help="An exercise: kept out of all measures.")] = False


WHAT = What()


def new(
    title: Annotated[
        str | None, Parameter(name="TITLE", help="What is wrong, in one line; default: that of the first incident.")
    ] = None,
    /,
    *,
    what: What = WHAT,
    common: Common = COMMON,
) -> int:
    """Open a problem: `--from INC000012 INC000013` escalates incidents, and has what these say."""
    now = clock.now()
    with opened(common.settings()) as database:
        target = what.target
        zone = pausing.site_zone(database)
        wanted = NewProblem(
            title=title or "",
            description=what.description or "",
            origin=ProblemOrigin.PROACTIVE if what.proactive else ProblemOrigin.REACTIVE,
            service=what.service,
            host=what.host,
            category=what.category,
            impact=what.impact,
            urgency=what.urgency,
            team=what.team,
            target_at=problem_said.day_of("--target", target, now, zone) if target is not None else None,
            is_drill=what.drill,
        )
        done = problem_opening.open_new(database, wanted, what.incidents, common.who(), now)
    return problem_said.tell(common, done)
