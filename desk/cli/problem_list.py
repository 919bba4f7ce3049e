"""problem list: one line a problem."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import problem_said, words
from desk.cli.common import LISTING, Listing
from desk.cli.screen import Screen, table
from desk.services import problems
from desk.services.errors import Misuse
from desk.services.opening import opened
from desk.services.problems import MOST_SHOWN, ProblemLine, ProblemList
from models import clock
from models.queries.desk_problems import Choice
from models.vocabulary import ProblemOrigin, ProblemState


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which problems are wanted."""

    team: Annotated[str | None, Parameter(help="Only those of this team.")] = None
    mine: Annotated[bool, Parameter(help="Only those that you own.")] = False
    owner: Annotated[str | None, Parameter(help="Only those that this person owns.", metavar="PERSON")] = None
    service: Annotated[str | None, Parameter(help="Only those of this service.")] = None
    state: Annotated[
        tuple[ProblemState, ...],
        Parameter(help="Only new, assessed, known-error, watching ... ones; once for each.", consume_multiple=False),
    ] = ()
    origin: Annotated[ProblemOrigin | None, Parameter(help="Only reactive, proactive or imported ones.")] = None
    every: Annotated[bool, Parameter(name="--all", help="Also those that are closed.")] = False

    def choice(self, person: str) -> Choice:
        """The same for the services. Raises Misuse for --mine beside --owner."""
        if self.mine and self.owner is not None:
            raise Misuse("--mine and --owner say the same twice: keep one")
        owner = person if self.mine else self.owner
        return Choice(self.team, owner, self.service, self.state, self.origin, self.every)


WHICH = Which()


def list_problems(*, which: Which = WHICH, listing: Listing = LISTING) -> int:
    """The problems that are not closed: first those whose next step is to be decided first, then by age."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = problems.list_problems(database, which.choice(listing.who()), clock.now())
    if not listed.wrote(found, found.problems, name="problem"):
        _show(listed.screen, found)
    return 0


def _show(screen: Screen, found: ProblemList) -> None:
    if not found.problems:
        screen.show("no such problem")
        screen.next("`watchbill problem new --from INC000012` makes one of an incident; `--all` lists closed ones, too")
        return
    times = words.Clock(found.timezone, found.at)
    grid = table(
        "problem", "priority", "state", "next", "incidents", "owner", "opened", "", wide=("",), right=("incidents",)
    )
    for line in found.problems:
        grid.add_row(
            Text(line.problem, "bold"),
            line.priority,
            problem_said.state(line),
            _next(line, found, times),
            str(line.incidents),
            line.owner or Text(line.team or "nobody", "dim"),
            words.ago(line.opened_at, found.at),
            words.line(f"(drill) {line.title}" if line.is_drill else line.title),
        )
    screen.show(grid)
    if found.is_cut:
        screen.warn(f"only the first {MOST_SHOWN} are listed: choose with --team, --service, --state")
    screen.next(f"`watchbill problem show {found.problems[0].problem}` tells everything about it")


def _next(line: ProblemLine, found: ProblemList, times: words.Clock) -> Text:
    """What falls due, and when; red when it has."""
    parts = Text()
    if line.next_at is not None:
        parts.append(times.when(line.next_at), "bold red" if line.next_at <= found.at else "")
    if line.review_due_at is not None:
        parts.append(", review" if parts else "review", "bold red" if line.review_due_at <= found.at else "yellow")
    if line.overdue_tasks:
        parts.append(", tasks" if parts else "tasks", "bold red")
    return parts
