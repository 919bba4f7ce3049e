"""approval delegate, end-delegation, delegations."""

from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.problem_said import day_of
from desk.cli.screen import Screen, table
from desk.services import approval_moves, pausing
from desk.services.approval_moves import DelegationLine
from desk.services.opening import opened
from models import clock
from models.queries.approval_delegations import NewDelegation

ForWhom = Annotated[
    str | None, Parameter(name="--for", help="For whom; default: you. For administrators.", metavar="PERSON")
]


def delegate(
    *,
    to: Annotated[str, Parameter(help="Who decides for you.", metavar="PERSON")],
    until: Annotated[str, Parameter(help="Until when: 2026-12-24, 14d.", metavar="DATE")],
    starts: Annotated[
        str | None, Parameter(name="--from", help="From when: '2026-12-20 08:00'; default: now.", metavar="DATE")
    ] = None,
    for_whom: ForWhom = None,
    reason: Annotated[str | None, Parameter(help="Why.", metavar="TEXT")] = None,
    common: Common = COMMON,
) -> int:
    """Let somebody decide for you, for a time; meanwhile you decide nothing."""
    now = clock.now()
    with opened(common.settings()) as database:
        zone = pausing.site_zone(database)
        begins = day_of("--from", starts, now, zone) if starts is not None else now
        ends = day_of("--until", until, now, zone)
        new = NewDelegation(for_whom or common.who(), to, begins, ends, reason)
        line = approval_moves.delegate(database, new, common.who(), now)
    times = words.Clock(zone, now)
    span = f" from {times.when(line.starts_at)} to {times.when(line.ends_at)}"
    return _tell(common, (line,), f"decides for {line.person}{span}")


def end_delegation(*, for_whom: ForWhom = None, common: Common = COMMON) -> int:
    """Decide yourself again, from now on."""
    person = for_whom or common.who()
    with opened(common.settings()) as database:
        lines = approval_moves.end_delegation(database, person, common.who(), clock.now())
    return _tell(common, lines, f"no longer decides for {person}")


def _tell(common: Common, lines: tuple[DelegationLine, ...], done: str) -> int:
    screen = common.screen()
    if common.json:
        screen.json(lines)
    else:
        screen.show(*(Text.assemble((line.delegate, "bold"), f" {done}") for line in lines))
    return 0


def delegations(*, listing: Listing = LISTING) -> int:
    """Who decides for whom, now or later."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = approval_moves.delegations(database, clock.now())
        zone = pausing.site_zone(database)
    if not listed.wrote(found, found, name="person"):
        _show(listed.screen, found, words.Clock(zone, clock.now()))
    return 0


def _show(screen: Screen, found: tuple[DelegationLine, ...], times: words.Clock) -> None:
    if not found:
        screen.show("nobody has delegated anything")
        return
    grid = table("for", "decides", "from", "to", "", wide=("",))
    for line in found:
        row = (times.when(line.starts_at), times.when(line.ends_at), words.line(line.reason or ""))
        grid.add_row(Text(line.person, "bold"), line.delegate, *row)
    screen.show(grid)
