"""problem candidates, candidate show, accept, dismiss."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import RenderableType
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.screen import Screen, facts, heading, table
from desk.services import problem_candidates
from desk.services.opening import opened
from desk.services.problem_candidates import Act, CandidateDetail, CandidateList, Decided
from desk.services.small_words import several
from models import clock
from models.queries.problem_candidates import Decision
from models.rules.figure_words import hours_text, money_text
from models.vocabulary import CandidateState

candidate = App("candidate", help="What recurs and may be a problem, with its evidence.")
candidate.command("desk.cli.problem_candidates:show", name="show", help="One candidate with its evidence.")

Number = Annotated[str, Parameter(name="CANDIDATE", help="A problem candidate, such as CAN000012.")]
COLOURS = {CandidateState.OPEN: "yellow", CandidateState.ACCEPTED: "green", CandidateState.DISMISSED: "dim"}
MOST_TROUBLES = 20
Rows = Iterator[tuple[str, RenderableType]]


def list_candidates(
    *,
    state: Annotated[
        tuple[CandidateState, ...],
        Parameter(help="Only open, accepted or dismissed ones; once for each.", consume_multiple=False),
    ] = (),
    every: Annotated[bool, Parameter(name="--all", help="Also those that are decided.")] = False,
    listing: Listing = LISTING,
) -> int:
    """What recurs and nobody has decided about yet: how often, how unusual that is, and what it has cost."""
    listed = listing.listed()
    states = state or (tuple(CandidateState) if every else (CandidateState.OPEN,))
    with opened(listing.settings()) as database:
        found = problem_candidates.list_candidates(database, states, clock.now())
    if not listed.wrote(found, found.candidates, name="candidate"):
        _list(listed.screen, found)
    return 0


def show(candidate: Number, /, *, common: Common = COMMON) -> int:
    """Everything about one candidate: its pattern, how unusual it is, and the trouble that it explains."""
    with opened(common.settings()) as database:
        found = problem_candidates.show_candidate(database, candidate, clock.now())
    screen = common.screen()
    if common.json:
        screen.json(found)
    else:
        _show(screen, found)
    return 0


def accept(
    candidate: Number,
    /,
    *,
    title: Annotated[str | None, Parameter(help="What the problem is called; default: as the candidate.")] = None,
    team: Annotated[str | None, Parameter(help="The team that gets it; default: that of `detection:`.")] = None,
    reason: Annotated[str | None, Parameter(help="Why; it stands in the timeline.", metavar="TEXT")] = None,
    common: Common = COMMON,
) -> int:
    """Make a candidate a problem, which causes its incidents."""
    with opened(common.settings()) as database:
        act = Act(candidate, common.who(), clock.now(), reason)
        done = problem_candidates.accept(database, act, Decision(title, team))
    return _tell(common, done)


def dismiss(
    candidate: Number,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why it is none; it stands in the journal.", metavar="TEXT")],
    common: Common = COMMON,
) -> int:
    """A candidate is no problem: it is not asked about again for a time, unless it gets clearly worse."""
    with opened(common.settings()) as database:
        done = problem_candidates.dismiss(database, Act(candidate, common.who(), clock.now(), reason))
    return _tell(common, done)


def _tell(common: Common, done: Decided) -> int:
    screen, line = common.screen(), done.line
    if common.json:
        screen.json(done)
        return 0
    screen.show(Text.assemble((line.candidate, "bold"), " is ", (line.state.value, COLOURS[line.state])))
    if line.forget_after is not None:
        screen.say(f"it is not asked about again until {line.forget_after:%Y-%m-%d}, unless it gets clearly worse")
    if done.problem is not None:
        many = several(done.problem.incidents, "incident")
        screen.show(Text.assemble((done.problem.problem, "bold"), f" has {many}: ", words.line(done.problem.title)))
        screen.next(f"`watchbill problem assess {done.problem.problem}` says how grave it is")
    return 0


def _list(screen: Screen, found: CandidateList) -> None:
    if not found.candidates:
        screen.show("no such candidate")
        if not found.is_searched:
            screen.next("write `detection: {owner: TEAM}` in problems.yaml: then the history is searched each day")
        return
    times = words.Clock(found.timezone, found.at)
    numbers = ("times", "expected", "hours")
    grid = table("candidate", "state", *numbers, "last", "", wide=("",), right=numbers)
    for line in found.candidates:
        grid.add_row(
            Text(line.candidate, "bold"),
            Text(line.state.value, COLOURS[line.state]),
            f"{line.times:,}",
            "-" if line.expected is None else f"{line.expected:.1f}",
            hours_text(line.hours_lost),
            times.when(line.last_seen_at),
            words.line(line.title),
        )
    screen.show(grid)
    screen.next(f"`watchbill problem candidate show {found.candidates[0].candidate}` tells why")


def _show(screen: Screen, found: CandidateDetail) -> None:
    times, line = words.Clock(found.timezone, found.at), found.line
    screen.show(Text.assemble((line.candidate, "bold"), "  ", words.line(line.title)))
    screen.show("", facts(_facts(found, times)))
    grid = table("what", "when", "", wide=("",))
    for trouble in found.troubles[-MOST_TROUBLES:]:
        grid.add_row(Text(trouble.subject, "bold"), times.when(trouble.at), words.line(trouble.title))
    screen.show(heading("What it explains"), grid)
    if len(found.troubles) > MOST_TROUBLES:
        screen.show(f"and {len(found.troubles) - MOST_TROUBLES:,} before; --json has all")
    if line.state is CandidateState.OPEN:
        screen.say("")
        accept, dismiss = (f"watchbill problem {action} {line.candidate}" for action in ("accept", "dismiss"))
        screen.next(f"`{accept}`, or `{dismiss} --reason TEXT`")


def _facts(found: CandidateDetail, times: words.Clock) -> Rows:
    line = found.line
    decided = f" as {line.problem}" if line.problem else ""
    yield "state", Text(line.state.value, COLOURS[line.state]).append(decided, "not bold default")
    yield "how unusual", words.line(line.said)
    if found.why_again:
        yield "asked again", words.line(found.why_again)
    if found.words:
        yield "what binds it", words.line(", ".join(found.words))
    if found.example:
        yield "for example", words.line(found.example)
    for name in ("service", "host", "category"):
        value = found.pattern[name]
        if value:
            yield name, words.line(value)
    cost = money_text(found.cost)
    yield "lost", f"{hours_text(line.hours_lost)}{f', {cost}' if cost else ''}"
    yield "found", times.when(line.found_at)
    if line.decided_at:
        said = f": {line.reason}" if line.reason else ""
        yield "decided", words.line(f"{times.when(line.decided_at)} by {line.decided_by}{said}")
    if line.forget_after:
        yield "asked again after", times.when(line.forget_after)
