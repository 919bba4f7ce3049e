"""What runs on a source's host before its backup, and afterwards, whatever happened."""

import logging
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from models.errors import BackupError, HostError
from models.queries.runs import ClaimedRun
from models.vocabulary import BackupFault, Outcome
from tasks.commands import target_of
from tasks.ledger import task
from tasks.places import plan_of
from tasks.sources import seconds_of
from tasks.tools.ssh import CommandResult, OwnedCommand
from tasks.workplace import host_pool

log = logging.getLogger("watchbill.backups")

SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Hook:
    """One command of a plan, and its place: before 1, afterwards 2."""

    when: str
    number: int
    argv: tuple[str, ...]

    @property
    def name(self) -> str:
        """As people know it."""
        return f"{self.when} {self.number} ({shlex.join(self.argv)[:SHOWN_CHARACTERS]})"


def hook_key(run: ClaimedRun, host: str, hook: Hook) -> str:
    """Under which key a hook runs on its host; whoever kills the run ends it by this."""
    return f"{run.step_key(host)}-{hook.when}{hook.number}-{run.fence}"


@contextmanager
def around_source(run: ClaimedRun) -> Iterator[None]:
    """Run the plan's commands before the block, and those for afterwards at its end, whatever happened.

    Raises BackupError for the first command that failed. When the block failed too, its error is the one that is
    raised, and that of the command is noted beside it.
    """
    source = plan_of(run).source
    try:
        for number, argv in enumerate(source.before, start=1):
            run_hook(run, Hook("before", number, argv))
        yield
    except BaseException as error:
        for failure in _clean_up(run):
            error.add_note(f"afterwards, too: {failure}")
            log.warning("%s: after %s: %s", run.number, type(error).__name__, failure)
        raise
    failures = _clean_up(run)
    if failures:
        raise failures[0]


def _clean_up(run: ClaimedRun) -> list[BackupError | HostError]:
    """Run every command for afterwards, also after one that failed; what they failed with."""
    failures: list[BackupError | HostError] = []
    for number, argv in enumerate(plan_of(run).source.afterwards, start=1):
        try:
            run_hook(run, Hook("afterwards", number, argv))
        except (BackupError, HostError) as error:
            failures.append(error)
    return failures


@task()
def run_hook(run: ClaimedRun, hook: Hook) -> None:
    """Run one command on the source's host. Raises BackupError (hook failed), HostError when nothing was started."""
    plan = plan_of(run)
    host = plan.source.on
    command = OwnedCommand(
        key=hook_key(run, host, hook),
        argv=hook.argv,
        deadline_seconds=seconds_of(plan),
        environment={"WATCHBILL_RUN": run.number, "WATCHBILL_ATTEMPT": str(run.attempt)},
    )
    result = host_pool().run(target_of(run.plan, host), command)
    if result.outcome is Outcome.FAILED and result.fault is not None:
        raise HostError(host, result.fault, f"{hook.name}: {result.message}")
    if result.outcome is not Outcome.OK:
        words = f"{hook.name} on {host}: {result.message}{_last_line(result)}; run it by hand there, and look"
        raise BackupError(plan.name, BackupFault.HOOK, words)


def _last_line(result: CommandResult) -> str:
    """What it said last, on its standard error or else on its standard output."""
    for kept in (result.stderr, result.stdout):
        lines = [line.strip() for line in kept.text().splitlines() if line.strip()]
        if lines:
            return f": {lines[-1][-300:]}"
    return ""
