"""What a command says after it has moved a problem."""

from datetime import datetime, timedelta

from rich.text import Text

from desk.cli.common import Common
from desk.services.errors import Misuse
from desk.services.problem_moves import Act, Moved
from desk.services.problems import ProblemLine
from models import clock
from models.rules.durations import parse_duration
from models.rules.wall_clock import to_instant, zone_of
from models.vocabulary import ProblemState

COLOURS = {
    ProblemState.NEW: "yellow",
    ProblemState.ASSESSED: "yellow",
    ProblemState.UNDER_INVESTIGATION: "cyan",
    ProblemState.ROOT_CAUSE_KNOWN: "cyan",
    ProblemState.KNOWN_ERROR: "magenta",
    ProblemState.FIX_IN_PROGRESS: "cyan",
    ProblemState.WATCHING: "green",
    ProblemState.RESOLVED: "green",
    ProblemState.CLOSED: "dim",
    ProblemState.RISK_ACCEPTED: "magenta",
}
NEXT = {
    ProblemState.NEW: "`watchbill problem assess {}` says how grave it is",
    ProblemState.ASSESSED: "`watchbill problem investigate {}` begins to look for its cause",
    ProblemState.UNDER_INVESTIGATION: "`watchbill problem find-cause {} TEXT` writes its root cause down",
    ProblemState.ROOT_CAUSE_KNOWN: (
        "`watchbill problem publish-workaround {0} TEXT` helps its incidents; `watchbill problem begin-fix {0}`"
    ),
    ProblemState.KNOWN_ERROR: "`watchbill problem begin-fix {}` when it is to be fixed",
    ProblemState.FIX_IN_PROGRESS: "`watchbill problem publish-fix {} TEXT` when the fix is in",
    ProblemState.WATCHING: "it is resolved by itself when nothing comes back",
    ProblemState.RESOLVED: "`watchbill problem reopen {} --reason TEXT` if the fix is none",
    ProblemState.RISK_ACCEPTED: "`watchbill problem reopen {} --reason TEXT` when the risk is not accepted any more",
}
"""The step that most often comes next."""
IS = {
    ProblemState.ROOT_CAUSE_KNOWN: ": ",
    ProblemState.KNOWN_ERROR: " is a ",
    ProblemState.FIX_IN_PROGRESS: ": ",
}
"""What stands before a state that is no adjective."""


def act_of(problem: str, common: Common, reason: str | None = None) -> Act:
    """The act of the person who calls, now."""
    return Act(problem, common.who(), clock.now(), reason)


def tell(common: Common, moved: Moved, done: str = "") -> int:
    """One line of what was done, or of how it stands now with the next step; or JSON."""
    screen, line = common.screen(), moved.problem
    if common.json:
        screen.json(moved)
        return 0
    if done:
        screen.show(Text.assemble((line.problem, "bold"), " ", done))
        return 0
    text = Text.assemble((line.problem, "bold"), IS.get(line.state, " is "), state(line))
    text.append(f" ({line.outcome.value})" if line.outcome else "", "not bold default")
    screen.show(text.append(f", {line.priority}, with {who_has_it(line)}", "not bold default"))
    if line.state in NEXT:
        screen.next(NEXT[line.state].format(line.problem))
    return 0


def state(line: ProblemLine) -> Text:
    """Where it stands."""
    return Text(line.state.value, COLOURS[line.state])


def who_has_it(line: ProblemLine) -> str:
    """ada of deck; deck, nobody yet; nobody."""
    if line.owner:
        return f"{line.owner} of {line.team}" if line.team else line.owner
    return f"{line.team}, nobody yet" if line.team else "nobody"


def day_of(option: str, text: str, now: datetime, zone: str) -> datetime:
    """The instant that a day (its end), a time, or a span from now (`14d`) means.

    Raises Misuse for what is none, and for what has passed.
    """
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return now + parse_duration(text)
        except (ValueError, OverflowError):
            raise Misuse(f"{option} {text!r}: write 2026-12-24, '2026-12-24 18:00' or 14d") from None
    if len(text.strip()) == len("2026-12-24"):
        wall += timedelta(hours=23, minutes=59)
    instant = wall if wall.tzinfo else to_instant(wall, zone_of(zone))
    if instant <= now:
        raise Misuse(f"{option} {text!r} has passed: write a day that comes")
    return instant
