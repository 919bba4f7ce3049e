"""clock: due, elapsed, explain, rebuild."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen, table
from desk.services import clocks
from desk.services.clocks import Stretch
from models import clock
from models.rules.business_time import in_hours
from models.rules.wall_clock import zone_of

app = App("clock", help="The clocks of incidents, and business time by the site's calendars.")
app.command("desk.cli.clock_explain:explain", name="explain", help="Every line that moved an incident's clocks.")
app.command("desk.cli.clock_explain:rebuild", name="rebuild", help="Compute what is kept of clocks anew.")
SHOWN = 20
"""Stretches of the working that people see; of more the first ones and the last."""

Name = Annotated[str, Parameter(help="A calendar of the site, such as office.", metavar="NAME")]
Start = Annotated[
    str, Parameter(help="From when: '2026-11-22 06:00' in the site's zone, or with an offset.", metavar="TIME")
]


@app.command
def due(
    *,
    calendar: Name,
    start: Start,
    length: Annotated[str, Parameter(name="--for", help="How much open time: 4h, 90m.", metavar="DURATION")],
    common: Common = COMMON,
) -> int:
    """When so much open time of a calendar is used up, with the working."""
    screen = common.screen()
    found = clocks.due_time(common.settings().site, calendar, start, length)
    if common.json:
        screen.json(found)
        return 0
    times = words.Clock(found.timezone, clock.now())
    screen.show(Text.assemble("due ", (times.full(found.due), "bold")))
    screen.show(f"{in_hours(found.length)} of {found.calendar} after {times.full(found.start)}")
    _show_working(screen, found.working, times)
    return 0


@app.command
def elapsed(
    *,
    calendar: Name,
    start: Start,
    end: Annotated[str, Parameter(help="Until when, written as the start.", metavar="TIME")],
    common: Common = COMMON,
) -> int:
    """How much open time of a calendar lies between two times, with the working."""
    screen = common.screen()
    found = clocks.elapsed_time(common.settings().site, calendar, start, end)
    if common.json:
        screen.json(found)
        return 0
    times = words.Clock(found.timezone, clock.now())
    screen.show(Text.assemble("elapsed ", (in_hours(found.elapsed), "bold")))
    screen.show(f"{found.calendar} from {times.full(found.start)} to {times.full(found.end)}")
    _show_working(screen, found.working, times)
    if found.end < found.start:
        screen.warn("the end lies before the start: nothing has elapsed")
    return 0


def _show_working(screen: Screen, working: Sequence[Stretch], times: words.Clock) -> None:
    if not working:
        screen.show("nothing is open in between")
        return
    grid = table("from", "to", "counted", "in all", right=("counted", "in all"))
    shown = working if len(working) <= SHOWN else [*working[: SHOWN - 1], working[-1]]
    for stretch in shown:
        if stretch is shown[-1] and len(shown) < len(working):
            grid.add_row(Text(f"{len(working) - len(shown):,} more", "dim"))
        lengths = in_hours(stretch.counted), in_hours(stretch.total)
        grid.add_row(_day_and_time(stretch.since, times), _day_and_time(stretch.until, times), *lengths)
    screen.show(grid, Text(f"\ntimes in {times.zone_name}", "dim"))


def _day_and_time(instant: datetime, times: words.Clock) -> str:
    """Always with its day: a row is compared with the one above it."""
    local = instant.astimezone(zone_of(times.zone_name))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M:%S}"
