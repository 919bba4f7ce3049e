"""What a command says after it has done something with an approval."""

from rich.text import Text

from desk.cli.common import Common
from desk.services.approval_moves import Act
from desk.services.approvals import ApprovalLine
from models import clock
from models.vocabulary import ApprovalState

COLOURS = {
    ApprovalState.OPEN: "yellow",
    ApprovalState.SENT_BACK: "magenta",
    ApprovalState.APPROVED: "green",
    ApprovalState.DENIED: "red",
    ApprovalState.EXPIRED: "red",
    ApprovalState.WITHDRAWN: "dim",
    ApprovalState.VOID: "dim",
}


def act_of(approval: str, common: Common) -> Act:
    """The act of the person who calls, now."""
    return Act(approval, common.who(), clock.now())


def tell(common: Common, line: ApprovalLine) -> int:
    """One line of how it stands now; or JSON."""
    screen = common.screen()
    if common.json:
        screen.json(line)
        return 0
    text = Text.assemble((line.approval, "bold"), " is ", state(line))
    screen.show(text.append(_who(line), "not bold default"))
    return 0


def state(line: ApprovalLine) -> Text:
    """Where it stands."""
    return Text(line.state.value, COLOURS[line.state])


def _who(line: ApprovalLine) -> str:
    if line.state is ApprovalState.OPEN:
        return f", and waits for {', '.join(line.waits_for) or 'nobody: an administrator can reassign it'}"
    return f", and waits for {line.requester}" if line.state is ApprovalState.SENT_BACK else ""
