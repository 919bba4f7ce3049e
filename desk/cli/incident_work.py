"""incident take, assign, priority, escalate, hold, resume."""

from typing import Annotated

from cyclopts import Parameter

from desk.cli import incident_said
from desk.cli.common import COMMON, Common
from desk.services import incident_moves
from desk.services.opening import opened
from models.rules.priorities import MAJOR
from models.vocabulary import HoldReason

Incident = Annotated[str, Parameter(name="INCIDENT", help="An incident, such as INC000012.")]
Reason = Annotated[str | None, Parameter(help="Why; it stands in the timeline.", metavar="TEXT")]
Why = Annotated[str, Parameter(help="Why; it stands in the timeline.", metavar="TEXT")]
Level = Annotated[str | None, Parameter(help="A level of incidents.yaml.", metavar="LEVEL")]


def take(incident: Incident, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """Begin the work on an incident: it is in progress, and you own it."""
    with opened(common.settings()) as database:
        done = incident_moves.take(database, incident_said.act_of(incident, common, reason))
    return incident_said.tell(common, done)


def assign(
    incident: Incident,
    /,
    *,
    team: Annotated[str | None, Parameter(help="The team that gets it.", metavar="TEAM")] = None,
    to: Annotated[str | None, Parameter(help="The operator who gets it.", metavar="PERSON")] = None,
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Give an incident to a team, to a person, or to both; another team without a person has it for itself to share."""
    with opened(common.settings()) as database:
        done = incident_moves.assign(database, incident_said.act_of(incident, common, reason), team, to)
    return incident_said.tell(common, done)


def priority(
    incident: Incident,
    /,
    *,
    impact: Level = None,
    urgency: Level = None,
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Judge the impact or the urgency of an incident anew: the matrix gives its priority, and its clocks follow."""
    with opened(common.settings()) as database:
        done = incident_moves.set_priority(database, incident_said.act_of(incident, common, reason), impact, urgency)
    if done.incident.priority == MAJOR:
        common.screen().warn(f"it stays major until `watchbill incident major demote {done.incident.incident}`")
    return incident_said.tell(common, done)


def escalate(incident: Incident, /, *, reason: Why, common: Common = COMMON) -> int:
    """Ask whoever answers for the team of an incident for help."""
    with opened(common.settings()) as database:
        done = incident_moves.escalate(database, incident_said.act_of(incident, common, reason))
    return incident_said.tell(common, done, "is escalated")


def hold(
    incident: Incident,
    waits_for: Annotated[HoldReason, Parameter(name="WAITS-FOR", help="caller, supplier, change or problem.")],
    /,
    *,
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Let an incident wait for its caller, a supplier, a change or a problem; its children wait with it."""
    with opened(common.settings()) as database:
        done = incident_moves.hold(database, incident_said.act_of(incident, common, reason), waits_for)
    return incident_said.tell(common, done)


def resume(incident: Incident, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """Go on with an incident that waited, and with the children that waited with it."""
    with opened(common.settings()) as database:
        done = incident_moves.resume(database, incident_said.act_of(incident, common, reason))
    return incident_said.tell(common, done)
