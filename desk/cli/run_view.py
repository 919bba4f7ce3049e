"""One run on the screen: how it went, step by step, host by host, and what was said."""

import shlex
from collections.abc import Iterator
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from desk.cli import words
from desk.cli.run_table import headline, host_table, shown
from desk.cli.screen import Screen, facts, heading, table
from desk.services.run_details import RunDetail
from desk.services.small_words import several
from models.queries.desk_runs import HostOutput, KeptStream, Moment
from models.queries.runs import IN_DOUBT
from models.vocabulary import Outcome

HEAD_LINES, TAIL_LINES = 5, 10
MOST_OUTPUTS = 3
SAID = {
    "operations:run:request": "asked for",
    "operations:run:request-kill": "its end was asked for",
    "operations:run:dispatch": "sent to a worker",
    "operations:run:dispatch-again": "sent to a worker again",
    "operations:run:claim": "claimed by a worker",
    "operations:run:take-over": "taken over by another worker",
    "operations:run:lose": "lost: its worker went silent",
    "operations:run:retry-later": "put back, to try the failed hosts again",
    "operations:run:end": "ended",
    "operations:run:cancel": "cancelled before it started",
    "operations:run:drop": "dropped before it started",
    "operations:run:give-up": "given up",
    "operations:run:settle": "settled by what its hosts proved",
    "operations:slot:fall-late": "its slot fell late",
    "operations:slot:start": "its slot was started",
    "operations:slot:finish": "its slot is done",
    "operations:slot:catch-up": "its slot is caught up",
    "operations:slot:fail": "its slot failed",
    "operations:slot:miss": "its slot was missed",
    "operations:slot:skip": "its slot was skipped",
}


def show_run(screen: Screen, found: RunDetail, now: datetime) -> None:
    """Everything about one run."""
    times, line = words.Clock(found.timezone, now), found.line
    screen.show(headline(line, now))
    if line.summary:
        screen.show(times.line(line.summary))
    screen.show("", facts(_facts(found, times)))
    screen.show(heading("Timeline"), _timeline(found, times))
    if line.hosts:
        rows, left_out = shown(line.hosts)
        screen.show(heading("Hosts"), host_table(rows, now, waves=len(found.plan.waves) > 1))
        if left_out:
            screen.show(Text(f"and {left_out} more that are ok or wait", "dim"))
    _tasks(screen, found, now)
    _outputs(screen, found)
    _hint(screen, found)


def _facts(found: RunDetail, times: words.Clock) -> Iterator[tuple[str, RenderableType]]:
    line, plan = found.line, found.plan
    yield "why", f"{line.trigger.value}, asked for by {line.requested_by}"
    if line.retry_of:
        yield "tries again", line.retry_of
    if found.due_at:
        yield "due", times.full(found.due_at)
    for name, instant in (("queued", line.queued_at), ("started", line.started_at), ("ended", line.ended_at)):
        if instant:
            yield name, times.full(instant)
    if line.next_attempt_at:
        yield "next attempt", times.full(line.next_attempt_at)
    if plan.command:
        yield "command", words.line(shlex.join(plan.command.argv))
    if plan.flow:
        yield "flow", words.line(words.flow(plan.flow, plan.order))
    if plan.parameters:
        yield "parameters", words.line(", ".join(f"{name}={value}" for name, value in plan.parameters.items()))
    if line.worker:
        yield "worker", line.worker
    for trouble in found.delivery_troubles[:1]:
        yield "not sent yet", words.line(trouble, "red")


def _timeline(found: RunDetail, times: words.Clock) -> RenderableType:
    grid = table("at", "what", "who", "why", wide=("why",))
    for moment in found.timeline:
        grid.add_row(times.exact(moment.at), _said(moment), words.line(moment.actor), times.line(moment.reason or ""))
    if not found.timeline:
        return Text("nothing yet", "dim")
    return grid


def _said(moment: Moment) -> str:
    return SAID.get(moment.tag, f"{moment.tag.rsplit(':', 1)[-1]}: {moment.source or ''} to {moment.target or ''}")


def _tasks(screen: Screen, found: RunDetail, now: datetime) -> None:
    """The tasks themselves; the hosts' shares of them stand above."""
    own = [task for task in found.tasks if task.host is None]
    if not own:
        return
    grid = table("task", "started", "took", "outcome", "worker", "", wide=("",), right=("took",))
    times = words.Clock(found.timezone, now)
    for task in own:
        grid.add_row(
            task.task,
            times.exact(task.started_at),
            words.took((task.ended_at or now) - task.started_at),
            words.outcome(task.outcome) if task.outcome else Text("running", "cyan"),
            task.worker,
            times.line(task.message or ""),
        )
    screen.show(heading("Tasks"), grid)


def _outputs(screen: Screen, found: RunDetail) -> None:
    """What the hosts that went wrong said; without any, the first few. All is a `--log` away."""
    bad = {host.host for host in found.line.hosts if host.outcome not in (None, Outcome.OK)}
    wanted = [output for output in found.outputs if output.host in bad] or list(found.outputs)
    for output in wanted[:MOST_OUTPUTS]:
        screen.show(heading(f"Output of {output.host}"))
        for stream in output.streams:
            _excerpt(screen, stream)
    left_out = len(found.outputs) - len(wanted[:MOST_OUTPUTS])
    if left_out:
        screen.show(Text(f"\nthe output of {several(left_out, 'more host')} is kept", "dim"))


def _excerpt(screen: Screen, stream: KeptStream) -> None:
    lines = [*stream.head.decode("utf-8", "replace").splitlines(), *stream.tail.decode("utf-8", "replace").splitlines()]
    screen.show(Text(f"{stream.stream}, {stream.size_bytes:,} bytes, sha256 {stream.sha256[:12]}", "dim"))
    if len(lines) <= HEAD_LINES + TAIL_LINES:
        screen.show(words.block("\n".join(lines)))
        return
    screen.show(words.block("\n".join(lines[:HEAD_LINES])))
    screen.show(Text(f"... {len(lines) - HEAD_LINES - TAIL_LINES} kept lines between ...", "dim"))
    screen.show(words.block("\n".join(lines[-TAIL_LINES:])))


def show_output(screen: Screen, output: HostOutput) -> None:
    """All that was kept of what one host said, each stream under its name."""
    for stream in output.streams:
        left_out = stream.size_bytes - len(stream.head) - len(stream.tail)
        screen.say(Text(f"{stream.stream}, {stream.size_bytes:,} bytes, sha256 {stream.sha256}", "dim"))
        screen.show(words.block(stream.head.decode("utf-8", "replace").rstrip("\n")))
        if left_out > 0:
            screen.say(Text(f"... {left_out:,} bytes were not kept ...", "dim"))
        if stream.tail:
            screen.show(words.block(stream.tail.decode("utf-8", "replace").rstrip("\n")))


def _hint(screen: Screen, found: RunDetail) -> None:
    line = found.line
    screen.say("")
    if found.outputs:
        bad = next((host.host for host in line.hosts if host.outcome not in (None, Outcome.OK)), found.outputs[0].host)
        screen.next(f"`watchbill job show {line.run} --log {bad}` prints everything that was kept")
    if not line.has_ended:
        screen.next(f"`watchbill job kill {line.run} --reason TEXT` ends it")
        return
    if line.outcome in IN_DOUBT:
        screen.next(f"`watchbill job kill {line.run} --reason TEXT` asks its hosts again, and ends what is left")
    if line.outcome is not Outcome.OK:
        screen.next(f"`watchbill job retry {line.run}` runs it again where it failed")
