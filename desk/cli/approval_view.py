"""approval show: what would change, who decides, what was decided."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter
from rich.console import RenderableType
from rich.text import Text

from desk.cli import approval_said, words
from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen, facts, heading, table
from desk.services import approval_details
from desk.services.approval_details import ApprovalDetail, StepView
from desk.services.opening import opened
from models import clock
from models.vocabulary import ApprovalState, ApprovalVerdict

Approval = Annotated[str, Parameter(name="APPROVAL", help="An approval, such as APR000012.")]
Rows = Iterator[tuple[str, RenderableType]]


def show(approval: Approval, /, *, common: Common = COMMON) -> int:
    """Everything about one approval: what would change, its steps, what was decided, and its timeline."""
    with opened(common.settings()) as database:
        found = approval_details.show(database, approval, common.who(), clock.now())
    screen = common.screen()
    if common.json:
        screen.json(found)
    else:
        show_detail(screen, found)
    return 0


def show_detail(screen: Screen, found: ApprovalDetail) -> None:
    """The page for people."""
    times, line = words.Clock(found.timezone, found.at), found.line
    screen.show(Text.assemble((line.approval, "bold"), "  ", words.line(line.title)))
    screen.show("", facts(_head(found, times)))
    if found.facts:
        screen.show(
            heading("What is asked"), facts((name, words.line(str(value))) for name, value in found.facts.items())
        )
    screen.show(heading("What would change"), words.block(found.difference.strip() or "nothing was computed"))
    if found.steps:
        screen.show(heading(f"Steps of {found.scheme_title}"), _steps(found, times))
    _timeline(screen, found, times)
    if line.state is ApprovalState.OPEN:
        screen.say("")
        if found.may_decide:
            screen.next(f"`watchbill approval approve {line.approval} --seen {line.seen}`, or `deny`, or `send-back`")
        else:
            screen.next(f"nothing for you: {found.ruling}")


def _head(found: ApprovalDetail, times: words.Clock) -> Rows:
    line = found.line
    yield "state", approval_said.state(line).append(f"  {line.outcome or ''}", "not bold default")
    yield "about", words.line(line.subject)
    yield "asked", words.line(f"{times.when(line.asked_at)} by {line.requester}")
    if line.beneficiary != line.requester:
        yield "for", words.line(line.beneficiary)
    if line.state is ApprovalState.OPEN:
        yield "waits for", words.line(", ".join(line.waits_for) or "nobody who may decide")
    if line.over_at:
        yield "until", times.when(line.over_at)
    if found.earliest_at or found.latest_at:
        ends = [times.when(at) if at else "any time" for at in (found.earliest_at, found.latest_at)]
        yield "to be done", f"from {ends[0]} to {ends[1]}"
    again = f" (round {found.round})" if found.round > 1 else ""
    yield "seen", Text.assemble((line.seen, "bold"), again)


def _steps(found: ApprovalDetail, times: words.Clock) -> RenderableType:
    grid = table("step", "state", "needed", "", wide=("",), right=("needed",))
    for step in found.steps:
        grid.add_row(
            words.line(f"{step.stage}. {step.title}"), step.state.value, str(step.needed), _people(step, times)
        )
    return grid


def _people(step: StepView, times: words.Clock) -> Text:
    said = []
    for one in step.decisions:
        verb = "approved" if one.verdict is ApprovalVerdict.APPROVE else "denied"
        whose = f" for {one.whose}" if one.whose else ""
        comment = f": {one.comment}" if one.comment else ""
        said.append(f"{one.person} {verb}{whose} {times.when(one.at)}{comment}")
    said += [f"{name} ({rule})" for name, rule in step.seats.items()]
    return words.block("\n".join(said))


def _timeline(screen: Screen, found: ApprovalDetail, times: words.Clock) -> None:
    grid = table("when", "who", "", wide=("",))
    for moment in found.timeline:
        grid.add_row(
            times.exact(moment.at),
            words.line(moment.who),
            times.line(f"{moment.what}{f' ({moment.why})' if moment.why else ''}"),
        )
    screen.show(heading(f"Timeline ({times.zone_name})"), grid)
