"""incident new: open one."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from desk.cli import incident_said
from desk.cli.common import COMMON, Common
from desk.services import incident_opening
from desk.services.opening import opened
from models import clock
from models.rules.incidents import NewIncident


@Parameter(name="*")
@dataclass(frozen=True)
class What:
    """What is known of it."""

    description: Annotated[
        str | None, Parameter(help="What happened, in as many words as it takes.", metavar="TEXT")
    ] = None
    service: Annotated[
        str | None, Parameter(help="The service that it troubles; default: that of the host or run.", metavar="SERVICE")
    ] = None
    host: Annotated[str | None, Parameter(help="The host that it is about.", metavar="HOST")] = None
    run: Annotated[str | None, Parameter(help="The run that caused it, such as RUN000012.", metavar="RUN")] = None
    impact: Annotated[
        str | None, Parameter(help="How many it troubles: a level of incidents.yaml.", metavar="LEVEL")
    ] = None
    urgency: Annotated[str | None, Parameter(help="How soon it hurts: a level of incidents.yaml.", metavar="LEVEL")] = (
        None
    )
    category: Annotated[str | None, Parameter(help="A category of incidents.yaml.", metavar="CATEGORY")] = None
    team: Annotated[
        str | None, Parameter(help="The team that gets it; default: by the site's rules.", metavar="TEAM")
    ] = None
    caller: Annotated[str | None, Parameter(help="Whom it troubles; default: you.", metavar="PERSON")] = None
    major: Annotated[str | None, Parameter(help="Propose it as a major incident, and say why.", metavar="REASON")] = (
        None
    )
    drill: Annotated[bool, Parameter(help="An exercise: kept out of all measures.")] = False


WHAT = What()


def new(
    title: Annotated[str, Parameter(name="TITLE", help="What is wrong, in one line.")],
    /,
    *,
    what: What = WHAT,
    common: Common = COMMON,
) -> int:
    """Open an incident. Priority, team and what is promised follow from the site's rules."""
    person = common.who()
    wanted = NewIncident(
        title=title,
        description=what.description or "",
        service=what.service,
        host=what.host,
        impact=what.impact,
        urgency=what.urgency,
        category=what.category,
        team=what.team,
        caller=what.caller or person,
        is_drill=what.drill,
        major_for=what.major,
    )
    with opened(common.settings()) as database:
        done = incident_opening.open_new(database, wanted, person, what.run, clock.now())
    return incident_said.tell(common, done)
