"""A dry run on the screen: the exact command for each host, and where everything of it would be."""

import hashlib
import shlex
from collections.abc import Iterator
from datetime import timedelta

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from desk.cli import words
from desk.cli.screen import Screen, facts, heading
from models.orders.plan import PlannedCommand, PlannedHost, RunPlan
from models.rules.durations import format_duration


def show_dry_run(screen: Screen, plan: RunPlan) -> None:
    """What a run of this plan would do."""
    screen.show(Text.assemble((plan.job, "bold"), ": dry run, nothing is changed"))
    screen.show("", facts(_facts(plan)))
    for number, wave in enumerate(plan.waves, 1):
        title = f"Wave {number} of {len(plan.waves)}" if len(plan.waves) > 1 else "All at once"
        screen.show(heading(title), _wave(plan, wave))
    screen.say("")
    screen.next(f"`watchbill job run {plan.job}` with the same options does it")


def _facts(plan: RunPlan) -> Iterator[tuple[str, RenderableType]]:
    if plan.flow:
        yield "flow", words.line(words.flow(plan.flow, plan.order))
    if plan.parameters:
        yield "parameters", words.line(", ".join(f"{name}={value}" for name, value in plan.parameters.items()))
    if plan.wait_for_file:
        file = plan.wait_for_file
        wait = format_duration(timedelta(seconds=file.up_to_seconds))
        yield "waits for", words.line(f"{file.path} on {file.host}, up to {wait}")
    if plan.command:
        yield from _command_facts(plan.command)
    if len(plan.waves) > 1:
        batch = plan.batch
        pause = f", {format_duration(batch.pause)} between waves" if batch.pause else ""
        yield "after a failure", f"{batch.on_failure.value}, {batch.max_failures} may fail{pause}"
    yield "attempts", words.attempts(plan.retry, has_hosts=bool(plan.waves))


def _command_facts(command: PlannedCommand) -> Iterator[tuple[str, RenderableType]]:
    if command.script is not None:
        body = command.script.encode()
        digest = hashlib.sha256(body).hexdigest()[:12]
        yield "script", f"{command.argv[0]}, {len(body):,} bytes, sha256 {digest}, sent along"
    for name, value in command.environment.items():
        yield "environment", words.line(f"{name}={value}")
    for name, reference in command.secrets.items():
        yield "secret", f"{name} from {reference}, read by the worker at the last moment"
    yield "deadline", f"{format_duration(timedelta(seconds=command.deadline_seconds))}, kept by each host itself"
    wait = timedelta(seconds=command.lock_wait_seconds)
    waits = f", waits up to {format_duration(wait)} for it" if wait else ", does not wait for it"
    yield "lock", f"locks/{command.lock} in the run directory of each host{waits}" if command.lock else "none"


def _wave(plan: RunPlan, wave: tuple[str, ...]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name in wave:
        host = plan.hosts[name]
        grid.add_row(Text(f"  {name}", "bold"), words.line(_reached(host), "dim"))
        if plan.command:
            grid.add_row("", words.line(shlex.join(plan.command.argv)))
    return grid


def _reached(host: PlannedHost) -> str:
    folder = f"in {host.run_directory}"
    if host.connection == "local":
        return f"this machine, {folder}"
    through = f" through {host.jump}" if host.jump else ""
    pinned = "" if host.host_keys else ", NO HOST KEY PINNED: it will be refused"
    return f"ssh {host.user}@{host.address}:{host.port}{through}, {folder}{pinned}"
