"""incident note, link, unlink."""

from typing import Annotated, Literal

from cyclopts import Parameter

from desk.cli import incident_said
from desk.cli.common import COMMON, Common
from desk.cli.incident_work import Incident
from desk.services import incident_links
from desk.services.opening import opened
from models.rules.incidents import incident_id_of, ticket_number
from models.vocabulary import LinkVerb, TicketKind

VERBS = {
    "parent-of": LinkVerb.PARENT_OF,
    "child-of": LinkVerb.PARENT_OF,
    "caused-by": LinkVerb.CAUSED_BY,
    "related-to": LinkVerb.RELATED_TO,
}
Target = Annotated[
    str, Parameter(name="TARGET", help="INC000011, PRB000005, RUN000012, host/web1, service/shop or job/night-backup.")
]


def note(
    incident: Incident,
    text: Annotated[str, Parameter(name="TEXT", help="What you have to say.")],
    /,
    *,
    public: Annotated[bool, Parameter(help="Its caller reads it, too; else only those who work on it.")] = False,
    common: Common = COMMON,
) -> int:
    """Write on an incident."""
    with opened(common.settings()) as database:
        done = incident_links.note(database, incident_said.act_of(incident, common), text, public=public)
    return incident_said.tell(common, done, "has your note")


def link(
    incident: Incident,
    verb: Annotated[
        Literal["parent-of", "child-of", "caused-by", "related-to"],
        Parameter(name="VERB", help="parent-of, child-of, caused-by or related-to."),
    ],
    target: Target,
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Link an incident with another, a run, a host, service or job. Children go the way of their parent."""
    one, other = (target, incident) if verb == "child-of" else (incident, target)
    with opened(common.settings()) as database:
        done = incident_links.link(database, incident_said.act_of(one, common), VERBS[verb], other)
    return incident_said.tell(common, done, f"is {VERBS[verb].value} {_named(other)}")


def unlink(incident: Incident, target: Target, /, *, common: Common = COMMON) -> int:
    """Undo a link of an incident."""
    with opened(common.settings()) as database:
        done = incident_links.unlink(database, incident_said.act_of(incident, common), target)
    return incident_said.tell(common, done, f"is not linked with {_named(target)} any more")


def _named(target: str) -> str:
    """INC000011 of 11 and inc11; anything else as it was written."""
    try:
        return ticket_number(TicketKind.INCIDENT, incident_id_of(target))
    except ValueError:
        return target
