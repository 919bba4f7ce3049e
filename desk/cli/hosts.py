"""host: list."""

from datetime import datetime
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.common import LISTING, Listing
from desk.cli.screen import Screen, table
from desk.services import hosts
from desk.services.hosts import HostEntry
from desk.services.opening import opened
from models import clock
from models.vocabulary import Outcome

app = App("host", help="The hosts that jobs run on.")


@app.command(name="list")
def list_hosts(
    *,
    on: Annotated[str | None, Parameter(help="Only those of a node filter: 'tag=web and not host=web3'.")] = None,
    listing: Listing = LISTING,
) -> int:
    """Every host, or those that a node filter chooses: where it is, what it is for, how its last command ended."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = hosts.list_hosts(database, on)
    if not listed.wrote(found, found):
        _show(listed.screen, found, clock.now())
    return 0


def _show(screen: Screen, found: tuple[HostEntry, ...], now: datetime) -> None:
    grid = table(
        "host", "reached at", "tags", "service", "jobs", "last command", "", wide=("tags", ""), right=("jobs",)
    )
    for host in found:
        grid.add_row(
            Text(host.name, "bold"),
            _reached(host),
            ", ".join([*host.tags, *(f"{key}={value}" for key, value in host.attributes.items())]),
            host.service or "",
            str(len(host.jobs)),
            *_last(host, now),
        )
    screen.show(grid)
    if not found:
        screen.say("This site has no hosts: jobs with `on: local` run on this machine.")


def _reached(host: HostEntry) -> str:
    if host.connection == "local":
        return "this machine"
    return f"{host.user}@{host.address}:{host.port}{f' through {host.jump}' if host.jump else ''}"


def _last(host: HostEntry, now: datetime) -> tuple[Text, Text]:
    if host.last is None:
        return Text("none yet", "dim"), Text()
    word = words.outcome(host.last.outcome).append(f", {words.ago(host.last.ended_at, now)}", "default")
    said = f"{host.last.job}: {host.last.message or ''}" if host.last.outcome is not Outcome.OK else ""
    return word, words.line(said)
