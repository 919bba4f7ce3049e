"""event noise: the funnel from events to incidents, what is loud, and what nobody acts on."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import exit_codes, words
from desk.cli.common import COMMON, Common, since_of
from desk.cli.screen import Screen, heading, table
from desk.services import noise, pausing
from desk.services.errors import Misuse
from desk.services.noise import NoiseReport
from desk.services.opening import opened
from desk.services.small_words import several
from models import clock
from models.queries.noise import Loud


def show_noise(
    *,
    since: Annotated[
        str, Parameter(help="How far back, such as 8h or 30d (default 7d); or a time: '2026-11-22 06:00'.")
    ] = "7d",
    top: Annotated[int, Parameter(help="How many lines of each table (default 10).")] = 10,
    common: Common = COMMON,
) -> int:
    """What came of the events: how many alerts and incidents, the loudest rules and senders, what nobody acts on."""
    if top < 1:
        raise Misuse(f"--top {top}: at least 1")
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        found = noise.report(database, since_of(since, now, pausing.site_zone(database)), now)
    screen.json(found) if common.json else _show(screen, found, top)
    return exit_codes.OK


def _show(screen: Screen, found: NoiseReport, top: int) -> None:
    all_of, times = found.noise, words.Clock(found.timezone, found.noise.until)
    steps = (
        several(all_of.events, "event"),
        f"{several(all_of.alerts, 'alert')} that fired {several(all_of.firings, 'time')}",
        several(all_of.incidents, "incident"),
        f"{all_of.acted_on:,} of them worked on",
    )
    screen.show(Text(f"since {times.when(all_of.since)}: {' -> '.join(steps)}", "bold"))
    _table(screen, "Loudest senders", all_of.sources[:top], events=True)
    _table(screen, "Loudest rules", all_of.rules[:top])
    _table(screen, "Alerts on which nobody acted", all_of.ignored[:top])
    if all_of.ignored:
        screen.next("have a rule ignore or delay them, or make their limits wider: events.yaml")


def _table(screen: Screen, title: str, rows: Sequence[Loud], *, events: bool = False) -> None:
    if not rows:
        return
    counts = [*(["events"] if events else []), "alerts", "fired", "incidents", "worked on", "acknowledged"]
    screen.show(heading(title))
    grid = table("", *counts, right=counts)
    for row in rows:
        figures = [row.alerts, row.firings, row.incidents, row.acted_on, row.acknowledged]
        told = [row.events or 0, *figures] if events else figures
        grid.add_row(words.line(row.name), *(f"{figure:,}" for figure in told))
    screen.show(grid)
