"""catalogue: list, show."""

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import RenderableType
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.screen import Screen, facts, heading, table
from desk.services import catalogue
from desk.services.catalogue import Asks, CatalogueList, Charge, FieldLine, ItemDetail, ItemLine, PartLine, StepLine
from desk.services.opening import opened
from models import clock
from models.vocabulary import CostPer, ForOthers

app = App("catalogue", help="What people may ask for.")
FOR_OTHERS = {
    ForOthers.NOBODY: "for yourself",
    ForOthers.REPORTS: "for yourself, and for those who report to you",
    ForOthers.ANYBODY: "for yourself, and for anybody",
}
MOST_CHOICES = 12


@app.command(name="list")
def list_items(*, listing: Listing = LISTING) -> int:
    """What you are offered, by situation: what it costs, who must approve, how long it takes at most."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = catalogue.list_items(database, listing.who())
    if not listed.wrote(found, found.items):
        _list(listed.screen, found)
    return 0


@app.command
def show(
    item: Annotated[str, Parameter(name="ITEM", help="An item of the catalogue.")], /, *, common: Common = COMMON
) -> int:
    """Everything about one item: what is asked, who must approve, until when it is promised, what will be done."""
    screen = common.screen()
    with opened(common.settings()) as database:
        found = catalogue.show_item(database, item, common.who(), clock.now())
    if common.json:
        screen.json(found)
        return 0
    screen.show(Text.assemble((found.line.name, "bold"), "  ", words.line(found.line.title)))
    screen.show(words.block(found.line.description), "", facts(_head(found)))
    if found.form:
        screen.show(heading("What is asked"), _form(found.form))
    if found.steps:
        screen.show(heading("What will be done"), _steps(found.steps))
    if found.parts:
        screen.show(heading("What it brings with it"), _parts(found.parts))
    return 0


def _list(screen: Screen, found: CatalogueList) -> None:
    if not found.items:
        screen.show(f"{found.person} is offered nothing")
        screen.next("`items` in catalogue.yaml says what people may ask for: docs/how-to/offer-a-service.md")
        return
    grid = table("situation", "item", "cost", "approved by", "takes at most", "", wide=("situation", ""))
    for category, lines in groupby(found.items, key=lambda line: line.category):
        for number, line in enumerate(lines):
            grid.add_row(
                words.line("" if number else category),
                Text(line.name, "bold" if line.may_order else "dim"),
                _cost(line.cost),
                _approvals(line),
                line.promised or "",
                words.line(line.title if line.may_order else f"{line.title} (not for you: {line.why_not})"),
            )
    screen.show(grid)
    screen.say("")
    screen.next("`watchbill catalogue show ITEM` tells what is asked and what will be done")


def _head(found: ItemDetail) -> Iterator[tuple[str, RenderableType]]:
    line, times = found.line, words.Clock(found.timezone, found.at)
    yield "for", words.line(line.category)
    yield "cost", _cost(line.cost) or "nothing"
    yield "risk", line.risk.value
    yield "approved by", _approvals(line)
    for asks in line.approvals:
        for number, step in enumerate(asks.steps, 1):
            yield (f"  step {number}" if len(asks.steps) > 1 else "  decides"), words.line(step)
        if asks.pre_approved:
            yield "  or", "nobody, where its rules allow that"
    hours = f" in the hours of {found.calendar}" if found.calendar else ""
    now = f"; ordered now, until {times.when(found.promised_at)}" if found.promised_at else ""
    yield "takes at most", f"{line.promised}{hours}{now}" if line.promised else "no time is promised"
    yield "from", f"team {line.owner}{f', service {found.service}' if found.service else ''}"
    yield "you may order", FOR_OTHERS[line.for_others] if line.may_order else Text(f"no: {line.why_not}", "yellow")


def _cost(cost: Charge | None) -> str:
    if cost is None:
        return ""
    each = f" for each of {cost.each}" if cost.each else ""
    return f"{cost.amount:,.2f} {cost.currency}{each}{' a month' if cost.per is CostPer.MONTH else ''}"


def _approvals(line: ItemLine) -> str:
    return "; ".join(map(_asks, line.approvals)) or "nobody has to"


def _asks(asks: Asks) -> str:
    above = f" (above {asks.above:,.2f})" if asks.above is not None else ""
    return f"{asks.title}{above}"


def _form(form: tuple[FieldLine, ...]) -> RenderableType:
    grid = table("field", "type", "needed", "", wide=("",))
    for one in form:
        kind = f"{one.type.value}{', several' if one.several else ''}{', secret' if one.secret else ''}"
        said = [words.line(one.title), *([words.line(one.help)] if one.help else []), *_choices(one)]
        grid.add_row(Text(one.name, "bold"), kind, _needed(one), Text("\n").join(said))
    return grid


def _needed(one: FieldLine) -> str:
    asked = f"if {', '.join(one.when)}" if one.when else ""
    how = "yes" if one.required else f"no: {one.default}" if one.default is not None else "no"
    return f"{how}, {asked}" if asked else how


def _choices(one: FieldLine) -> Iterator[Text]:
    if one.all_choices:
        more = one.all_choices - MOST_CHOICES
        yield words.line(", ".join(one.choices[:MOST_CHOICES]) + (f" and {more} more" if more > 0 else ""), "dim")


def _steps(steps: tuple[StepLine, ...]) -> RenderableType:
    grid = table("step", "done by", "if", "", wide=("",))
    for step in steps:
        back = " (taken back when a later step fails)" if step.is_taken_back else ""
        grid.add_row(
            Text(step.name, "bold"), words.line(step.who), ", ".join(step.when), words.line(f"{step.title}{back}")
        )
    return grid


def _parts(parts: tuple[PartLine, ...]) -> RenderableType:
    grid = table("item", "if", "", wide=("",))
    for part in parts:
        grid.add_row(Text(part.item, "bold"), ", ".join(part.when), words.line(part.title))
    return grid
