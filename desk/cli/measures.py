"""report measures: how many tickets, how fast, and how often the promise was kept."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen, facts, heading, table
from desk.services import measures
from desk.services.measures import MeasureOrder, Measures, There
from desk.services.opening import opened
from models.rules.measures import By, Figures, Spread
from models.vocabulary import TicketKind

NO_DATA = "no data"
FEW = 10
"""No percentage of fewer."""


@Parameter(name="*")
@dataclass(frozen=True)
class What:
    """What is measured."""

    kind: Annotated[TicketKind, Parameter(help="incident, problem or request (default incident).")] = (
        TicketKind.INCIDENT
    )
    period: Annotated[
        str, Parameter(help="all, 2026, 2026-Q4, 2026-11, or 2026-11-01..2026-11-15 (default all).", metavar="PERIOD")
    ] = "all"
    by: Annotated[
        By,
        Parameter(help="priority, team, service, category, state, impact, owner or source (default priority)."),
    ] = By.PRIORITY
    source: Annotated[
        str | None, Parameter(help="Only tickets of this source: the name in a map, event, mail ...", metavar="NAME")
    ] = None


WHAT = What()


def show_measures(*, what: What = WHAT, common: Common = COMMON) -> int:
    """The figures of incidents, problems or requests, imported and live ones alike; drills are left out."""
    screen = common.screen()
    with opened(common.settings()) as database:
        found = measures.measure(database, MeasureOrder(what.kind, what.period, what.by, what.source))
    if common.json:
        screen.json(found)
    else:
        _show(screen, found)
    return 0


def _show(screen: Screen, found: Measures) -> None:
    all_, source = found.all, f" of {found.source}" if found.source else ""
    screen.show(words.line(f"{found.kind.value}s{source}, {found.period} ({found.timezone})", "bold"))
    screen.show(
        facts(
            [
                ("opened", f"{all_.opened:,}; {all_.solved:,} solved, {all_.open:,} open at the end"),
                ("promise kept", f"{_share(all_.sla.kept, all_.sla.n)}; {all_.overdue:,} open ones are overdue"),
                ("as the source says", f"{_share(all_.sla_there.kept, all_.sla_there.n)}{_counted(found.there)}"),
                ("to the solution", _hours(all_.resolution_hours)),
                ("in business hours", _hours(all_.business_hours)),
                ("first solution", _hours(all_.first_resolution_hours)),
                ("whole course", _hours(all_.course_hours)),
                ("reopened", f"{all_.reopened:,}"),
                ("reassigned", f"{all_.reassigned:,} tickets, {all_.reassignments:,} times"),
                ("handed over", f"{all_.handovers:,} times between teams; {all_.ping_pong:,} came back to one"),
            ]
        )
    )
    if found.groups:
        screen.show(heading(f"By {found.by.value}"))
        _show_groups(screen, found)
    for name, counts in found.top.items():
        if counts:
            shown = ", ".join(f"{group} ({count:,})" for group, count in counts.items())
            screen.show(Text.assemble((f"\nmost by {name}  ", "dim"), words.line(shown)))
    if found.drills_left_out:
        screen.say(f"{found.drills_left_out:,} drills are left out")


def _counted(there: There | None) -> str:
    """What the sources count themselves, if they do."""
    words = ""
    if there is not None and there.reopened is not None:
        words += f"; {there.reopened:,} reopened"
    if there is not None and there.reassignments is not None:
        words += f"; {there.reassigned:,} reassigned, {there.reassignments:,} times"
    return words


def _show_groups(screen: Screen, found: Measures) -> None:
    numbers = ("opened", "solved", "open", "kept", "median h", "mean h", "p90 h", "reopened", "handovers")
    grid = table(found.by.value, *numbers, right=numbers)
    for group in found.groups:
        one: Figures = group.figures
        spread = one.resolution_hours
        grid.add_row(
            words.line(group.name),
            *(f"{count:,}" for count in (one.opened, one.solved, one.open)),
            _short_share(one.sla.kept, one.sla.n),
            *(_hour(value) for value in (spread.median, spread.mean, spread.p90)),
            f"{one.reopened:,}",
            f"{one.handovers:,}",
        )
    screen.show(grid)


def _share(part: int, whole: int) -> str:
    if not whole:
        return NO_DATA
    return f"{part:,} of {whole:,}" if whole < FEW else f"{100 * part / whole:.1f} % of {whole:,}"


def _short_share(part: int, whole: int) -> str:
    if not whole:
        return "-"
    return f"{part} of {whole}" if whole < FEW else f"{100 * part / whole:.1f} %"


def _hours(spread: Spread) -> str:
    if not spread.n:
        return NO_DATA
    known = (("median", spread.median), ("mean", spread.mean), ("90 % within", spread.p90))
    return f"{', '.join(f'{name} {_hour(value)} h' for name, value in known)} (n = {spread.n:,})"


def _hour(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
