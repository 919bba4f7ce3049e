"""incident list: one line an incident."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import incident_words, words
from desk.cli.common import LISTING, Listing
from desk.cli.screen import Screen, table
from desk.services import incidents
from desk.services.errors import Misuse
from desk.services.incidents import MOST_SHOWN, IncidentList
from desk.services.opening import opened
from models import clock
from models.queries.desk_incidents import Choice
from models.vocabulary import IncidentState

ROOM_FOR_PLACES = 110
"""Columns; on a narrower screen who has it must do, and the title says the rest."""


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which incidents are wanted."""

    team: Annotated[str | None, Parameter(help="Only those of this team.", metavar="TEAM")] = None
    mine: Annotated[bool, Parameter(help="Only those that you own.")] = False
    owner: Annotated[str | None, Parameter(help="Only those that this person owns.", metavar="PERSON")] = None
    service: Annotated[str | None, Parameter(help="Only those of this service.", metavar="SERVICE")] = None
    state: Annotated[
        tuple[IncidentState, ...],
        Parameter(
            help="Only new, in-progress, on-hold, resolved, closed or cancelled ones; once for each.",
            consume_multiple=False,
        ),
    ] = ()
    every: Annotated[bool, Parameter(name="--all", help="Also those that are closed or cancelled.")] = False

    def choice(self, person: str) -> Choice:
        """The same for the services. Raises Misuse for --mine beside --owner."""
        if self.mine and self.owner is not None:
            raise Misuse("--mine and --owner say the same twice: keep one")
        return Choice(self.team, person if self.mine else self.owner, self.service, self.state, self.every)


WHICH = Which()


def list_incidents(*, which: Which = WHICH, listing: Listing = LISTING) -> int:
    """The incidents that are not over: those first whose time is used up first, then by priority and age."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = incidents.list_incidents(database, which.choice(listing.who()), clock.now())
    if not listed.wrote(found, found.incidents, name="incident"):
        _show(listed.screen, found)
    return 0


def _show(screen: Screen, found: IncidentList) -> None:
    if not found.incidents:
        screen.show("no such incident")
        screen.next("`watchbill incident list --all` has those that are over, too; `watchbill incident new` opens one")
        return
    roomy = screen.out.width >= ROOM_FOR_PLACES
    hosts = roomy and any(line.host for line in found.incidents)
    places = [*(["service"] if roomy else []), *(["host"] if hosts else [])]
    ages = ["opened"] if roomy else []
    grid = table("incident", "priority", "state", "due", *places, "with", *ages, "", wide=("",))
    for line in found.incidents:
        shown = {"service": line.service, "host": line.host}
        grid.add_row(
            Text(line.incident, "bold"),
            incident_words.priority(line),
            incident_words.state(line) if roomy else incident_words.short_state(line),
            incident_words.due(line.clock, found.at),
            *(shown[place] or "" for place in places),
            line.owner or Text(f"({line.team or 'nobody'})", "dim"),
            *(words.ago(line.opened_at, found.at) for _ in ages),
            words.line(f"(drill) {line.title}" if line.is_drill else line.title),
        )
    screen.show(grid)
    if any("?" in str(incident_words.priority(line)) for line in found.incidents):
        screen.show(Text("\n?: it may be a major incident, and nobody has decided yet", "dim"))
    if found.is_cut:
        screen.warn(f"only the first {MOST_SHOWN} are listed: choose with --team, --service, --state")
    screen.next(f"`watchbill incident show {found.incidents[0].incident}` tells everything about it")
