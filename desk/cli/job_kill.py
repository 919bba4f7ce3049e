"""job kill: end a run on its hosts, and show the proof."""

from typing import Annotated

from cyclopts import Parameter

from desk.cli import exit_codes
from desk.cli.common import COMMON, Common
from desk.cli.following import Follower
from desk.cli.job_run import WAITING, Run, Waiting
from desk.cli.run_table import headline, host_table, shown
from desk.cli.screen import Screen
from desk.services import runs
from desk.services.opening import opened
from desk.services.runs import RunLine
from models import clock
from models.queries.runs import IN_DOUBT
from models.rules.outcomes import exit_code

PROOF = "2m"


def kill(
    run: Run,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it stands in the journal.", metavar="TEXT")],
    waiting: Waiting = WAITING,
    common: Common = COMMON,
) -> int:
    """End a run on every host and wait for the proof: 0 when everything is gone, 11 when a host cannot confirm it."""
    screen, seconds = common.screen(), waiting.seconds(PROOF)
    with opened(common.settings()) as database:
        how, line = runs.kill_run(database, run, common.who(), reason, clock.now())
        if not common.json:
            screen.say(f"{line.run}: {how}")
        if not line.has_ended and not waiting.no_wait:
            line = Follower(screen, database).follow(line, seconds)
    screen.json(line) if common.json else _show(screen, line)
    return _code(screen, line, waited=not waiting.no_wait)


def _show(screen: Screen, line: RunLine) -> None:
    now = clock.now()
    rows, _ = shown(line.hosts)
    if rows:
        screen.show(host_table(rows, now, waves=False), "")
    screen.show(headline(line, now))


def _code(screen: Screen, line: RunLine, *, waited: bool) -> int:
    """Gone is gone, also when the run ended by itself a moment before."""
    if not line.has_ended:
        screen.next(f"`watchbill job show {line.run}` tells when its end is proven")
        return exit_codes.NOT_ENDED if waited else exit_codes.OK
    if line.outcome in IN_DOUBT:
        screen.warn("something may still run: look on the hosts above, and tell the owner")
        screen.next(f"`watchbill job kill {line.run} --reason TEXT` asks them again")
        return exit_code(line.outcome)
    return exit_codes.OK
