"""known-error list and show."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter
from rich.console import RenderableType
from rich.text import Text

from desk.cli import words
from desk.cli.chain_view import AsChain, show_chain
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.screen import Screen, facts, heading, table
from desk.services import known_errors
from desk.services.known_errors import KnownErrorDetail, KnownErrorLine, KnownErrorList
from desk.services.opening import opened
from desk.services.small_words import several
from models import clock
from models.queries.known_error_listing import NewestUse
from models.vocabulary import KnownErrorState

Number = Annotated[str, Parameter(name="KE", help="A known error, such as KE000012.")]
COLOURS = {KnownErrorState.DRAFT: "yellow", KnownErrorState.PUBLISHED: "green", KnownErrorState.RETIRED: "dim"}
NEXT = {
    KnownErrorState.DRAFT: "`watchbill known-error publish {}` suggests it for incidents that it fits",
    KnownErrorState.PUBLISHED: "`watchbill incident resolve INC --known-error {}` says that it solved one",
    KnownErrorState.RETIRED: "`watchbill known-error publish {}` suggests it again",
}
"""The step that most often comes next."""
Rows = Iterator[tuple[str, RenderableType]]


def list_known_errors(
    *,
    state: Annotated[
        tuple[KnownErrorState, ...],
        Parameter(help="Only draft, published or retired ones; once for each.", consume_multiple=False),
    ] = (),
    every: Annotated[bool, Parameter(name="--all", help="Also those that are retired.")] = False,
    service: Annotated[str | None, Parameter(help="Only those of this service, or of any.")] = None,
    listing: Listing = LISTING,
) -> int:
    """The known errors: how often each was used, how often that worked, and when it is reviewed."""
    listed = listing.listed()
    states = state or (tuple(KnownErrorState) if every else ())
    with opened(listing.settings()) as database:
        found = known_errors.list_known_errors(database, states, service, clock.now())
    if not listed.wrote(found, found.known_errors, name="known_error"):
        _list(listed.screen, found)
    return 0


def show(known_error: Number, /, *, chain: AsChain = False, common: Common = COMMON) -> int:
    """Everything about one known error: how it is recognised, what helps, and what became of its newest uses."""
    if chain:
        return show_chain(f"known-error/{known_errors.key_of(known_error)}", common)
    with opened(common.settings()) as database:
        found = known_errors.show(database, known_error, clock.now())
    tell(common, found)
    return 0


def tell(common: Common, found: KnownErrorDetail) -> None:
    """All of it, or JSON."""
    screen = common.screen()
    if common.json:
        screen.json(found)
        return
    times, line = words.Clock(found.timezone, found.at), found.line
    screen.show(Text.assemble((line.known_error, "bold"), "  ", words.line(line.title)))
    screen.show("", facts(_head(found, times)))
    if found.uses:
        _uses(screen, found.uses, times)
    screen.say("")
    screen.next(NEXT[line.state].format(line.known_error))


def _list(screen: Screen, found: KnownErrorList) -> None:
    if not found.known_errors:
        screen.show("no such known error")
        screen.next("`watchbill known-error new TITLE --symptom TEXT` writes one down")
        return
    grid = table(
        "known error", "state", "service", "used", "worked", "review", "", wide=("",), right=("used", "worked")
    )
    for line in found.known_errors:
        grid.add_row(
            Text(line.known_error, "bold"),
            Text(line.state.value, COLOURS[line.state]),
            words.line(line.service or ""),
            str(line.used),
            _share(line),
            _review(line),
            words.line(line.title),
        )
    screen.show(grid)
    due = [line for line in found.known_errors if line.is_review_due]
    if due:
        screen.warn(f"{several(len(due), 'review')} due: `watchbill known-error show {due[0].known_error}`")


def _share(line: KnownErrorLine) -> str:
    return "" if line.worked_percent is None else f"{line.worked_percent} %"


def _review(line: KnownErrorLine) -> Text:
    return Text(line.review_on.isoformat() if line.review_on else "", "bold red" if line.is_review_due else "")


def _head(found: KnownErrorDetail, times: words.Clock) -> Rows:
    line = found.line
    yield "state", Text(line.state.value, COLOURS[line.state])
    yield "symptom", words.block(found.symptom)
    yield "recognises", words.line(found.recognises)
    if line.problem:
        yield "problem", line.problem
    if found.root_cause:
        yield "root cause", words.block(found.root_cause)
    if found.workaround:
        yield "workaround", words.block(found.workaround)
    if found.workaround_job:
        yield "job", words.line(found.workaround_job + _by_itself(found))
    if found.check_job:
        yield "checked by", found.check_job
    for name, text in (("risk", found.risk), ("permanent fix", found.permanent_fix)):
        if text:
            yield name, words.block(text)
    yield "owner", words.line(line.owner or "nobody")
    if line.review_on:
        yield "review", _review(line)
    counted = f"{several(line.used, 'time')}, suggested {several(line.suggested, 'time')}"
    known = f"; it worked {line.worked} and failed {line.failed} times" if line.worked or line.failed else ""
    share = f" ({_share(line)})" if known else ""
    yield "used", f"{counted}{known}{share}"
    yield "written", words.line(f"{times.when(found.created_at)} by {found.created_by}")
    for name, at in (("published", found.published_at), ("retired", found.retired_at)):
        if at:
            yield name, times.when(at)


def _by_itself(found: KnownErrorDetail) -> str:
    if found.may_run_itself:
        is_published = found.line.state is KnownErrorState.PUBLISHED
        return ", runs by itself" if is_published else ", runs by itself once it is published"
    return f", would run by itself, but {found.why_not}" if found.why_not else ""


def _uses(screen: Screen, uses: tuple[NewestUse, ...], times: words.Clock) -> None:
    grid = table("incident", "when", "used by", "worked", "", wide=("",))
    for use in uses:
        verdict = Text("") if use.worked is None else Text("yes", "green") if use.worked else Text("no", "red")
        drill = "(drill) " if use.is_drill else ""
        said = f"{drill}{use.title}: {use.reason or use.why}"
        grid.add_row(
            Text(use.incident, "bold"), times.when(use.at), words.line(use.used_by or ""), verdict, words.line(said)
        )
    screen.show(heading("Newest incidents"), grid)
