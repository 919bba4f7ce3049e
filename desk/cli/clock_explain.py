"""clock explain, clock rebuild: why clocks stand where they stand, and the repair of what is kept of them."""

from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen, heading, table
from desk.services import clock_explaining
from desk.services.clock_explaining import ClockNow, ExplainedClock
from desk.services.opening import opened
from models import clock
from models.queries.clock_cache import Rebuilt
from models.rules.business_time import in_hours

SHOWN = 50
"""Differences that people see; JSON has all."""
COLOURS = {"breached": "red", "held": "yellow", "met": "green", "running": "green"}


def explain(
    incident: Annotated[str, Parameter(name="INCIDENT", help="Its number, such as INC000123.")],
    /,
    *,
    rebuild: Annotated[bool, Parameter(help="First delete what is kept of its clocks and compute it anew.")] = False,
    common: Common = COMMON,
) -> int:
    """Every line that moved a clock of an incident, from the journal alone."""
    with opened(common.settings()) as database:
        found = clock_explaining.explain(database, incident, clock.now(), rebuild=rebuild)
    screen = common.screen()
    if common.json:
        screen.json(found)
        return 0
    if found.rebuilt is not None:
        _say_rebuilt(screen, found.rebuilt)
    _show(screen, found)
    return 0


def rebuild(
    incidents: Annotated[tuple[str, ...], Parameter(name="INCIDENT", help="Their numbers; none: all.")] = (),
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Delete what is kept of clocks and compute it anew from the journal, and say what differed."""
    with opened(common.settings()) as database:
        found = clock_explaining.rebuild_clocks(database, incidents, clock.now())
    screen = common.screen()
    if common.json:
        screen.json(found)
        return 0
    _say_rebuilt(screen, found)
    return 0


def _say_rebuilt(screen: Screen, found: Rebuilt) -> None:
    screen.say(f"{found.clocks:,} clocks of {found.incidents:,} incidents computed anew")
    if found.missing:
        screen.say(f"{found.missing:,} of them were not kept yet")
    for one in found.differences[:SHOWN]:
        screen.warn(f"{one.incident}, {one.clock}: {one.what} was {one.kept}, and is {one.computed}")
    if len(found.differences) > SHOWN:
        screen.warn(f"{len(found.differences) - SHOWN:,} more differences: see --json")
    for sentence in found.failed[:SHOWN]:
        screen.warn(f"{sentence}: its clocks cannot be computed")
    if not found.differences:
        screen.say("nothing differed")


def _show(screen: Screen, found: ExplainedClock) -> None:
    times = words.Clock(found.timezone, found.at)
    screen.show(Text.assemble((found.incident, "bold"), "  ", words.line(found.title)))
    often = "once" if found.reopened == 1 else f"{found.reopened} times"
    reopened = f", reopened {often}" if found.reopened else ""
    screen.show(f"{found.priority}, {found.state}{reopened}")
    if not found.clocks:
        screen.show("nothing is promised for it: it has no clock")
        return
    grid = table("clock", "promise", "target", "state", "due", "used", "left", right=("used", "left"))
    for one in found.clocks:
        due = times.when(one.due_at) if one.due_at else ""
        state = Text(one.state, COLOURS.get(one.state, ""))
        grid.add_row(_name(one), one.promise, one.target or "none", state, due, _hours(one.business), _left(one))
    screen.show("", grid, heading("Who had it"), _breakdown(found), heading("What moved them"))
    lines = table("when", "clock", "what", "effect", "counted", "closed", "used", wide=("what", "effect"))
    for line in found.lines:
        name = f"{line.agreement.value}, {line.measure.value}"
        spans = (_hours(line.counted), _hours(line.closed), _hours(line.used))
        lines.add_row(times.when(line.at), name, times.line(line.what), times.line(line.effect), *spans)
    screen.show(lines, Text(f"\ntimes in {times.zone_name}", "dim"))


def _breakdown(found: ExplainedClock) -> Table:
    """Each clock by those who had the incident; what passed around the clock stands beside the open hours."""
    grid = table("clock", "team", "owner", "used", "around the clock", "on hold", right=("used", "around the clock"))
    for one in found.clocks:
        for part in one.breakdown:
            held = ", ".join(f"{reason} {_hours(span)}" for reason, span in part.held.items())
            has = (words.line(part.team or "none"), words.line(part.owner or "nobody"))
            grid.add_row(_name(one), *has, _hours(part.business), _hours(part.actual), words.line(held))
    return grid


def _name(one: ClockNow) -> str:
    return f"{one.agreement}, {one.measure}"


def _left(one: ClockNow) -> str:
    return "" if one.remaining is None or one.stopped_at is not None else _hours(one.remaining)


def _hours(span: timedelta) -> str:
    return in_hours(timedelta(seconds=round(span.total_seconds())))
