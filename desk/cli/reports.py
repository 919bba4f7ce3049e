"""report: list, render."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.services import reports
from desk.services.errors import Misuse
from desk.services.opening import opened
from desk.services.reports import ReportOrder
from models import clock

MOST_HOURS = 24 * 31
app = App("report", help="Reports, rendered from the shared database.")
app.command("desk.cli.measures:show_measures", name="measures", help="The figures of tickets, imported and live alike.")


@Parameter(name="*")
@dataclass(frozen=True)
class Wanted:
    """How a report is wanted."""

    output: Annotated[Path, Parameter(name=["--output", "-o"], help="The folder to write into.", metavar="DIR")]
    hours: Annotated[int, Parameter(help="How far it looks back (default 24).")] = 24
    period: Annotated[
        str | None,
        Parameter(help='Instead of hours a month of the site: 2026-11, "last month", "this month".', metavar="MONTH"),
    ] = None
    format: Annotated[
        str, Parameter(help="Which formats, with commas between: html,txt,json,csv; default: all.", metavar="LIST")
    ] = ""


@app.command(name="list")
def list_reports(*, listing: Listing = LISTING) -> int:
    """The reports that can be rendered."""
    listed, found = listing.listed(), reports.list_reports(listing.settings())
    if listed.wrote(found, found):
        return 0
    for name in found:
        listed.screen.show(name)
    if found:
        listed.screen.next(f"`watchbill report render {found[0]} -o DIR`")
    return 0


@app.command
def render(
    name: Annotated[str, Parameter(name="NAME", help="A report, as `report list` names it.")],
    /,
    *,
    wanted: Wanted,
    common: Common = COMMON,
) -> int:
    """Render a report of the last hours or of a month into a folder, in every format that it has."""
    if not 1 <= wanted.hours <= MOST_HOURS:
        raise Misuse(f"--hours is from 1 to {MOST_HOURS}")
    formats = tuple(text for text in wanted.format.split(",") if text)
    settings, screen = common.settings(), common.screen()
    order = ReportOrder(name, wanted.hours, formats, wanted.output, wanted.period)
    with opened(settings) as database:
        found = reports.render(database, settings, order, clock.now())
    if common.json:
        screen.json(found)
        return 0
    for file in found.files:
        screen.show(str(file))
    return 0
