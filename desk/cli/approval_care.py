"""approval answer, comment, withdraw, reassign."""

from typing import Annotated

from cyclopts import Parameter

from desk.cli import approval_said
from desk.cli.approval_view import Approval
from desk.cli.common import COMMON, Common
from desk.services import approval_moves
from desk.services.opening import opened
from models.queries.approvals import Reassignment

Text = Annotated[str, Parameter(name="TEXT", help="Your words; all who see it read them.")]
Person = Annotated[str | None, Parameter(metavar="PERSON", help="Who loses the decision; default: nobody.")]


def answer(approval: Approval, text: Text, /, *, common: Common = COMMON) -> int:
    """Say what was asked for: it goes on where it was."""
    with opened(common.settings()) as database:
        line = approval_moves.answer(database, approval_said.act_of(approval, common), text)
    return approval_said.tell(common, line)


def comment(approval: Approval, text: Text, /, *, common: Common = COMMON) -> int:
    """Say something for everybody who sees it."""
    with opened(common.settings()) as database:
        line = approval_moves.comment(database, approval_said.act_of(approval, common), text)
    return approval_said.tell(common, line)


def withdraw(
    approval: Approval,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why.", metavar="TEXT")] = None,
    common: Common = COMMON,
) -> int:
    """Want no more what you asked for."""
    with opened(common.settings()) as database:
        line = approval_moves.withdraw(database, approval_said.act_of(approval, common), reason)
    return approval_said.tell(common, line)


def reassign(
    approval: Approval,
    /,
    *,
    to: Annotated[str, Parameter(help="Who decides.", metavar="PERSON")],
    reason: Annotated[str, Parameter(help="Why; all read it.", metavar="TEXT")],
    instead_of: Person = None,
    common: Common = COMMON,
) -> int:
    """Let somebody else decide, besides those who may or instead of one of them. For administrators."""
    with opened(common.settings()) as database:
        act = approval_said.act_of(approval, common)
        line = approval_moves.reassign(database, act, Reassignment(to, instead_of), reason)
    return approval_said.tell(common, line)
