"""event quarantine: list, replay, drop; and event sources."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.screen import table
from desk.services import inbox
from desk.services.errors import Misuse
from desk.services.inbox import SetAside
from desk.services.opening import opened
from desk.services.small_words import several
from models import clock
from models.queries.probe_events import SOURCE as PROBES

app = App("quarantine", help="Requests with events that could not be worked off.")
Numbers = Annotated[tuple[int, ...], Parameter(name="REQUEST", help="The numbers that the list shows; or --all.")]
All = Annotated[bool, Parameter(name="--all", help="Every request in quarantine.")]


@app.command(name="list")
def list_quarantine(*, listing: Listing = LISTING) -> int:
    """The requests that failed five times, oldest first, with why."""
    listed, now = listing.listed(), clock.now()
    with opened(listing.settings()) as database:
        found = inbox.quarantine(database)
    if listed.wrote(found, found.requests, name="request"):
        return 0
    screen, times = listed.screen, words.Clock(found.timezone, now)
    if not found.requests:
        screen.show("nothing is in quarantine")
        return 0
    grid = table("request", "received", "source", "format", "events", "", "why", wide=("", "why"))
    for one in found.requests:
        grid.add_row(
            str(one.request),
            times.when(one.received_at),
            words.line(one.source),
            one.format,
            str(one.events),
            words.line(", ".join(one.names)),
            words.line(one.error),
        )
    screen.show(grid, Text(f"\ntimes in {times.zone_name}", "dim"))
    screen.next("`watchbill event quarantine replay REQUEST` when what failed is mended, or `drop`")
    return 0


@app.command
def replay(requests: Numbers = (), /, *, everything: All = False, common: Common = COMMON) -> int:
    """Try requests again, when what made them fail is mended."""
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        wanted = _chosen(requests, [one.request for one in inbox.quarantine(database).requests], everything=everything)
        done = inbox.replay(database, wanted, common.who(), now)
    if common.json:
        screen.json(done)
    else:
        screen.show(f"{_counted(done)} will be worked off again")
    return 0


@app.command
def drop(
    requests: Numbers = (),
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; the journal keeps it.", metavar="TEXT")],
    everything: All = False,
    common: Common = COMMON,
) -> int:
    """Give requests up: their events come to nothing."""
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        wanted = _chosen(requests, [one.request for one in inbox.quarantine(database).requests], everything=everything)
        done = inbox.drop(database, wanted, common.who(), reason, now)
    if common.json:
        screen.json(done)
    else:
        screen.show(f"{_counted(done)} dropped")
    return 0


def sources(*, listing: Listing = LISTING) -> int:
    """Who sends events, when it last did, and how much of it was refused."""
    listed, now = listing.listed(), clock.now()
    with opened(listing.settings()) as database:
        found = inbox.sources(database)
    if listed.wrote(found, found.sources, name="source"):
        return 0
    screen, times = listed.screen, words.Clock(found.timezone, now)
    if not found.sources:
        screen.show("events.yaml has no source, and nobody has sent anything")
        return 0
    grid = table("source", "last heard", "requests", "events", "refused", "why", wide=("why",))
    for one in found.sources:
        gone = "" if one.is_in_force or one.source in (inbox.NOBODY, PROBES) else " (no longer in events.yaml)"
        grid.add_row(
            words.line(one.source + gone),
            times.when(one.last_received_at) if one.last_received_at else "never",
            str(one.requests),
            str(one.events),
            str(one.refused),
            words.line(one.last_refusal or ""),
        )
    screen.show(grid, Text(f"\ntimes in {times.zone_name}", "dim"))
    return 0


def _chosen(given: Sequence[int], all_of_them: Sequence[int], *, everything: bool) -> Sequence[int]:
    """The numbers that are meant. Raises Misuse when neither or both are given."""
    if everything == bool(given):
        raise Misuse("say which requests, or --all" if not given else "numbers and --all say the same twice: keep one")
    return all_of_them if everything else given


def _counted(done: Sequence[SetAside]) -> str:
    return f"{several(len(done), 'request')} with {several(sum(one.events for one in done), 'event')}"
