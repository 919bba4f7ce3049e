"""approval list: one line an approval."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import approval_said, words
from desk.cli.common import LISTING, Listing
from desk.cli.screen import Screen, table
from desk.services import approvals
from desk.services.approvals import MOST_SHOWN, ApprovalLine, ApprovalList, Choice
from desk.services.errors import Misuse
from desk.services.opening import opened
from models import clock
from models.vocabulary import ApprovalState


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which approvals are wanted."""

    mine: Annotated[bool, Parameter(help="What you asked for.")] = False
    every: Annotated[bool, Parameter(name="--all", help="What is undecided, of everybody.")] = False
    state: Annotated[
        tuple[ApprovalState, ...],
        Parameter(help="Only open, sent-back, approved, denied ... ones; once for each.", consume_multiple=False),
    ] = ()

    def choice(self) -> Choice:
        """The same for the services. Raises Misuse for --mine beside --all."""
        if self.mine and self.every:
            raise Misuse("--mine and --all are two lists: keep one")
        return Choice(self.mine, self.every, self.state)


WHICH = Which()


def list_approvals(*, which: Which = WHICH, listing: Listing = LISTING) -> int:
    """What waits for your decision, for yourself or for who delegated to you: the oldest first."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = approvals.list_approvals(database, which.choice(), listing.who(), clock.now())
    if not listed.wrote(found, found.approvals, name="approval"):
        _show(listed.screen, found, which)
    return 0


def _show(screen: Screen, found: ApprovalList, which: Which) -> None:
    if not found.approvals:
        screen.show("nothing waits for your decision" if which == WHICH else "no such approval")
        return
    times = words.Clock(found.timezone, found.at)
    grid = table("approval", "about", "state", "until", "asked by", "waits for", "seen", "", wide=("",))
    for line in found.approvals:
        grid.add_row(
            Text(line.approval, "bold"),
            words.line(line.subject),
            approval_said.state(line),
            times.when(line.over_at) if line.over_at else "",
            _asked_by(line),
            _waits_for(line),
            Text(line.seen, "dim"),
            words.line(line.title),
        )
    screen.show(grid)
    if found.is_cut:
        screen.warn(f"only the first {MOST_SHOWN} are listed")
    screen.next(f"`watchbill approval show {found.approvals[0].approval}` shows what would change")


def _asked_by(line: ApprovalLine) -> Text:
    return words.line(
        line.requester if line.requester == line.beneficiary else f"{line.requester} for {line.beneficiary}"
    )


def _waits_for(line: ApprovalLine) -> Text:
    if line.whose is not None:
        return words.line(f"you, for {line.whose}")
    few = ", ".join(line.waits_for[:3])
    return words.line(f"{few} ..." if len(line.waits_for) > 3 else few)
