"""incident major: propose, accept, decline, demote, appoint, tell, review."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from desk.cli import incident_said
from desk.cli.common import COMMON, Common
from desk.cli.incident_work import Incident
from desk.services import major_incidents
from desk.services.errors import Misuse
from desk.services.incident_moves import Act, Moved
from desk.services.opening import opened
from models.database import Database
from models.queries.incident_major import Roles

Action = Literal["propose", "accept", "decline", "demote", "appoint", "tell", "review"]


@Parameter(name="*")
@dataclass(frozen=True)
class Said:
    """Who leads, and what is said to whom."""

    commander: Annotated[str | None, Parameter(help="accept, appoint: who leads.", metavar="PERSON")] = None
    scribe: Annotated[str | None, Parameter(help="accept, appoint: who writes down.", metavar="PERSON")] = None
    liaison: Annotated[str | None, Parameter(help="accept, appoint: who talks to those outside.", metavar="PERSON")] = (
        None
    )
    audience: Annotated[str | None, Parameter(help="tell: an audience of incidents.yaml.", metavar="NAME")] = None
    text: Annotated[str | None, Parameter(help="tell, review: the words.", metavar="TEXT")] = None

    @property
    def roles(self) -> Roles:
        """Who has which part."""
        return Roles(self.commander, self.scribe, self.liaison)

    def words(self) -> str:
        """What is said. Raises Misuse when nothing is."""
        if self.text is None:
            raise Misuse("say with --text what there is to say")
        return self.text


SAID = Said()
DECIDED = ("propose", "accept", "decline", "demote")
"""What takes a reason."""
ACTS: dict[str, tuple[Callable[[Database, Act, Said], Moved], str]] = {
    "propose": (lambda database, act, _: major_incidents.propose(database, act), "is proposed as a major incident"),
    "accept": (lambda database, act, said: major_incidents.accept(database, act, said.roles), "is a major incident"),
    "decline": (lambda database, act, _: major_incidents.decline(database, act), "is declined as a major incident"),
    "demote": (lambda database, act, _: major_incidents.demote(database, act), "is no major incident any more"),
    "appoint": (lambda database, act, said: major_incidents.appoint(database, act, said.roles), "has who leads it"),
    "tell": (
        lambda database, act, said: major_incidents.tell(database, act, said.words(), said.audience or ""),
        "has your update",
    ),
    "review": (lambda database, act, said: major_incidents.review(database, act, said.words()), "is reviewed"),
}


def major(
    action: Annotated[
        Action, Parameter(name="ACTION", help="propose, accept, decline, demote, appoint, tell or review.")
    ],
    incident: Incident,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="propose, accept, decline, demote: why.", metavar="TEXT")] = None,
    said: Said = SAID,
    common: Common = COMMON,
) -> int:
    """Propose or declare a major incident, name who leads, tell each audience, and write down what it taught."""
    if action in DECIDED and not (reason or "").strip():
        raise Misuse(f"{action}: say with --reason why")
    carry_out, done = ACTS[action]
    with opened(common.settings()) as database:
        moved = carry_out(database, incident_said.act_of(incident, common, reason), said)
    return incident_said.tell(common, moved, done)
