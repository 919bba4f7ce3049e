"""request list and show."""

from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import RenderableType
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.screen import Screen, facts, heading, table
from desk.services import requests
from desk.services.opening import opened
from desk.services.requests import RequestDetail, RequestLine, RequestList
from models import clock
from models.vocabulary import PublicState

Number = Annotated[str, Parameter(name="REQUEST", help="A request, such as REQ000456.")]
COLOURS = {
    PublicState.RECEIVED: "cyan",
    PublicState.WAITING_FOR_APPROVAL: "yellow",
    PublicState.WAITING_FOR_YOU: "magenta",
    PublicState.IN_PROGRESS: "cyan",
    PublicState.DONE: "green",
}


def list_requests(
    *,
    every: Annotated[bool, Parameter(name="--all", help="Also those that are over.")] = False,
    of_all: Annotated[bool, Parameter(name="--everybody", help="Those of all people.")] = False,
    listing: Listing = LISTING,
) -> int:
    """What you ordered and what was ordered for you, newest first: where it stands, who has it, what is promised."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = requests.list_requests(database, listing.who(), clock.now(), every=every, of_all=of_all)
    if not listed.wrote(found, found.requests, name="request"):
        _list(listed.screen, found)
    return 0


def show(request: Number, /, *, common: Common = COMMON) -> int:
    """Everything about one request: where it stands, what was answered, what will be done, who decides."""
    with opened(common.settings()) as database:
        found = requests.show(database, request, common.who(), clock.now())
    tell(common, found)
    return 0


def tell(common: Common, found: RequestDetail) -> None:
    """All of it, or JSON."""
    screen, line = common.screen(), found.line
    if common.json:
        screen.json(found)
        return
    screen.show(Text.assemble((line.request, "bold"), "  ", words.line(line.title)), "", facts(_head(found)))
    if found.plan:
        screen.show(heading("What will be done"), words.block(found.plan))
    if found.parts:
        screen.show(heading("What it brings with it"), _table(found.parts, words.Clock(found.timezone, found.at)))


def answer_rows(answers: dict[str, Any]) -> Iterator[tuple[str, RenderableType]]:
    """What was answered, by field."""
    for name, answer in answers.items():
        yield name, words.block(", ".join(answer) if isinstance(answer, list) else str(answer))


def _list(screen: Screen, found: RequestList) -> None:
    if not found.requests:
        screen.show("no such request")
        screen.next("`watchbill catalogue list` shows what you may ask for")
        return
    screen.show(_table(found.requests, words.Clock(found.timezone, found.at)))
    if found.is_cut:
        screen.warn(f"there are more: only the newest {len(found.requests)} are shown")


def _table(lines: tuple[RequestLine, ...], times: words.Clock) -> RenderableType:
    grid = table("request", "state", "for", "with", "promised", "", wide=("",))
    for line in lines:
        promised = times.when(line.promised_at) if line.promised_at else ""
        grid.add_row(
            Text(line.request, "bold"),
            state(line),
            words.line(line.beneficiary),
            words.line(line.with_whom),
            Text(promised, "bold red" if line.is_late else ""),
            words.line(line.title),
        )
    return grid


def state(line: RequestLine) -> Text:
    """Where it stands; how it ended stands behind it."""
    end = f" ({line.exact_state.value})" if line.state is PublicState.DONE else ""
    return Text(f"{line.state.value}{end}", COLOURS[line.state])


def _head(found: RequestDetail) -> Iterator[tuple[str, RenderableType]]:
    line, times = found.line, words.Clock(found.timezone, found.at)
    yield "state", state(line)
    if line.with_whom:
        yield "with", words.line(line.with_whom)
    yield "item", words.line(line.item)
    yield "ordered", words.line(f"{times.when(line.opened_at)} by {line.requester} for {line.beneficiary}")
    if line.promised_at:
        late = " (late)" if line.is_late else ""
        yield "promised", Text(f"until {times.when(line.promised_at)}{late}", "bold red" if line.is_late else "")
    if found.approval:
        yield "approval", f"{found.approval}, {found.approval_state}"
    if found.closed_at:
        yield "over", times.when(found.closed_at)
    if found.parent:
        yield "part of", found.parent
    yield from answer_rows(found.answers)
