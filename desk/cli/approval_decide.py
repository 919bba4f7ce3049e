"""approval approve, deny, send-back."""

import sys
from typing import Annotated

from cyclopts import Parameter

from desk.cli import approval_said
from desk.cli.approval_view import Approval, show_detail
from desk.cli.common import COMMON, Common
from desk.services import approval_details, approval_moves
from desk.services.approval_moves import Act
from desk.services.errors import Misuse
from desk.services.opening import opened
from models.database import Database
from models.vocabulary import ApprovalVerdict

Seen = Annotated[
    str | None, Parameter(help="The signs beside `seen` in `approval show`: what you decide about.", metavar="SIGNS")
]
Why = Annotated[str, Parameter(name="TEXT", help="Why; all read it.")]
Comment = Annotated[str | None, Parameter(help="What you have to say about it; all read it.", metavar="TEXT")]


def approve(approval: Approval, /, *, seen: Seen = None, comment: Comment = None, common: Common = COMMON) -> int:
    """Approve what you have seen. At a terminal it is shown to you before, unless you name it."""
    return _decide(approval, ApprovalVerdict.APPROVE, seen, comment, common)


def deny(approval: Approval, text: Why, /, *, seen: Seen = None, common: Common = COMMON) -> int:
    """Deny what you have seen: that ends it, whoever else had to decide."""
    return _decide(approval, ApprovalVerdict.DENY, seen, text, common)


def send_back(
    approval: Approval,
    text: Annotated[str, Parameter(name="TEXT", help="What you want to know.")],
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Ask who asks for more before you decide; meanwhile its time stands still."""
    with opened(common.settings()) as database:
        line = approval_moves.send_back(database, approval_said.act_of(approval, common), text)
    return approval_said.tell(common, line)


def _decide(approval: str, verdict: ApprovalVerdict, seen: str | None, comment: str | None, common: Common) -> int:
    act = approval_said.act_of(approval, common)
    with opened(common.settings()) as database:
        named = seen or _shown(database, act, verdict, common)
        line = approval_moves.decide(database, act, verdict, named, comment)
    return approval_said.tell(common, line)


def _shown(database: Database, act: Act, verdict: ApprovalVerdict, common: Common) -> str:
    """Show it and ask; what was said yes to. Raises Misuse where nobody can answer, and for a no.

    Who may not decide sees it and is refused by the decision itself.
    """
    found = approval_details.show(database, act.approval, act.person, act.now)
    screen = common.screen()
    if not found.may_decide:
        return found.line.seen
    if common.json or not (sys.stdin.isatty() and screen.talk.is_terminal):
        raise Misuse(f"name what you have seen, as `watchbill approval show {found.line.approval}` says: --seen SIGNS")
    show_detail(screen, found)
    if screen.talk.input(f"{verdict.value} it? yes or no: ").strip().lower() not in ("yes", "y"):
        raise Misuse("nothing was decided")
    return found.line.seen
