"""What a command says after it has moved an incident."""

from rich.text import Text

from desk.cli import incident_words
from desk.cli.common import Common
from desk.services.incident_moves import Act, Moved
from models import clock
from models.vocabulary import IncidentState

NEXT = {
    IncidentState.NEW: "`watchbill incident take {}` begins the work on it",
    IncidentState.IN_PROGRESS: "`watchbill incident resolve {} --code fixed --note TEXT` writes the solution down",
    IncidentState.ON_HOLD: "`watchbill incident resume {}` goes on with it",
    IncidentState.RESOLVED: "`watchbill incident reopen {} --reason TEXT` if it is none",
}
"""The step that most often comes next."""


def act_of(incident: str, common: Common, reason: str | None = None) -> Act:
    """The act of the person who calls, now."""
    return Act(incident, common.who(), clock.now(), reason)


def tell(common: Common, moved: Moved, done: str = "") -> int:
    """One line of what was done, or of how it stands now with the next step, and who moved with it; or JSON."""
    screen, line = common.screen(), moved.incident
    if common.json:
        screen.json(moved)
        return 0
    if done:
        screen.show(Text.assemble((line.incident, "bold"), " ", done))
        return 0
    text = Text.assemble((line.incident, "bold"), " is ", incident_words.state(line))
    screen.show(text.append(f", {line.priority}, with {incident_words.who_has_it(line)}", "not bold default"))
    if moved.along:
        screen.show(f"with it: {', '.join(moved.along)}")
    if line.state in NEXT:
        screen.next(NEXT[line.state].format(line.incident))
    return 0
