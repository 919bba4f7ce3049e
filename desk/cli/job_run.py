"""job run and job retry: ask for a run, follow it, and end with its outcome."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import exit_codes
from desk.cli.asking import ask_for_missing
from desk.cli.common import COMMON, Common, named_values
from desk.cli.dry_run import show_dry_run
from desk.cli.following import Follower
from desk.cli.run_table import headline, host_table, shown
from desk.cli.screen import Screen
from desk.cli.words import line as harmless_line
from desk.services import runs
from desk.services.errors import Misuse
from desk.services.opening import opened
from desk.services.runs import Ask, RunLine
from models import clock
from models.rules.durations import parse_duration
from models.rules.outcomes import exit_code
from models.vocabulary import Outcome

Run = Annotated[str, Parameter(name="RUN", help="A run, such as RUN000012.")]
FOLLOW = "30m"


@Parameter(name="*")
@dataclass(frozen=True)
class What:
    """What exactly a person wants to be run."""

    parameter: Annotated[
        tuple[str, ...],
        Parameter(
            name=["--parameter", "-p"],
            help="A parameter of the job; once for each.",
            metavar="NAME=VALUE",
            consume_multiple=False,
            allow_leading_hyphen=True,
        ),
    ] = ()
    on: Annotated[str | None, Parameter(help="Only on the hosts of this node filter.", metavar="FILTER")] = None
    dry_run: Annotated[bool, Parameter(help="Show the exact commands per host; change nothing.")] = False


@Parameter(name="*")
@dataclass(frozen=True)
class Waiting:
    """Whether and for how long a person follows a run."""

    no_wait: Annotated[bool, Parameter(help="Do not wait for its end.")] = False
    timeout: Annotated[
        str | None,
        Parameter(help="How long to wait: 30m, or 2m for a kill; the run itself goes on.", metavar="DURATION"),
    ] = None

    def seconds(self, default: str) -> float:
        """How long to wait. Raises Misuse for what is no duration."""
        try:
            return parse_duration(self.timeout or default).total_seconds()
        except ValueError as error:
            raise Misuse(f"--timeout: {error}") from None


WHAT, WAITING = What(), Waiting()


def run(
    job: Annotated[str, Parameter(name="JOB", help="The job.")],
    /,
    *,
    what: What = WHAT,
    waiting: Waiting = WAITING,
    common: Common = COMMON,
) -> int:
    """Run a job now and follow it to its end; the exit code is its outcome."""
    screen, seconds = common.screen(), waiting.seconds(FOLLOW)
    with opened(common.settings()) as database:
        given = ask_for_missing(screen, runs.parameters_of(database, job), named_values("--parameter", what.parameter))
        ask = Ask(job, common.who(), given, what.on)
        if what.dry_run:
            plan = runs.plan_run(database, ask)
            screen.json(plan) if common.json else show_dry_run(screen, plan)
            return exit_codes.OK
        line = runs.start_run(database, ask, clock.now())
        return _follow(Follower(screen, database), line, 0.0 if waiting.no_wait else seconds)


def start_and_follow(job: str, given: dict[str, str], waiting: Waiting, common: Common) -> int:
    """Run a job with these parameters and follow it to its end; the exit code is its outcome."""
    screen, seconds = common.screen(), waiting.seconds(FOLLOW)
    with opened(common.settings()) as database:
        line = runs.start_run(database, Ask(job, common.who(), given, None), clock.now())
        return _follow(Follower(screen, database), line, 0.0 if waiting.no_wait else seconds)


def retry(run: Run, /, *, waiting: Waiting = WAITING, common: Common = COMMON) -> int:
    """Run a job again, with the same parameters, only on the hosts where this run did not end well."""
    screen, seconds = common.screen(), waiting.seconds(FOLLOW)
    with opened(common.settings()) as database:
        line = runs.retry_run(database, run, common.who(), clock.now())
        return _follow(Follower(screen, database), line, 0.0 if waiting.no_wait else seconds)


def _follow(follower: Follower, line: RunLine, seconds: float) -> int:
    """Follow a run that was asked for, unless nobody waits for it."""
    screen = follower.screen
    follower.warn_of_silence()
    if not seconds:
        screen.json(line) if screen.as_json else screen.show(line.run)
        screen.next(f"`watchbill job show {line.run}` tells how it goes")
        return exit_codes.OK
    try:
        line = follower.follow(line, seconds)
    except KeyboardInterrupt:
        screen.say(f"\n{line.run} goes on without you.")
        screen.next(f"`watchbill job show {line.run}`, or `watchbill job kill {line.run} --reason TEXT`")
        return exit_codes.CANCELLED
    return _end(screen, line)


def _end(screen: Screen, line: RunLine) -> int:
    screen.json(line) if screen.as_json else _summary(screen, line)
    if line.outcome is None:
        screen.say(f"{line.run} goes on; the wait was over first.")
        screen.next(f"`watchbill job show {line.run}` tells how it goes")
        return exit_codes.NOT_ENDED
    if line.outcome is not Outcome.OK:
        bad = next((host.host for host in line.hosts if host.outcome not in (None, Outcome.OK)), None)
        log = f" --log {bad}" if bad else ""
        screen.next(
            f"`watchbill job show {line.run}{log}` says why, `watchbill job retry {line.run}` tries again there"
        )
    return exit_code(line.outcome)


def _summary(screen: Screen, line: RunLine) -> None:
    now = clock.now()
    rows, left_out = shown(line.hosts)
    if rows:
        screen.show(host_table(rows, now, waves=len({host.wave for host in line.hosts}) > 1), "")
    if left_out:
        screen.show(Text(f"and {left_out} more that are ok\n", "dim"))
    screen.show(headline(line, now))
    if line.summary and line.outcome is not Outcome.OK:
        screen.show(harmless_line(line.summary))
