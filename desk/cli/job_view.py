"""One job on the screen."""

import shlex
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from desk.cli import words
from desk.cli.screen import Screen, facts, heading, table
from desk.services.jobs import JobDetail
from models.rules.durations import format_duration
from models.rules.parameters import Parameter
from models.site.jobs import HostLock, Job
from models.vocabulary import Overlap, Repeat, SlotState

Rows = Iterator[tuple[str, RenderableType]]
MOST_HOSTS = 40


def show_job(screen: Screen, found: JobDetail) -> None:
    """Everything about one job."""
    times = words.Clock(found.timezone, found.at)
    screen.show(Text.assemble((found.name, "bold"), "  ", words.line(found.job.title)))
    for alarm in found.alarms:
        screen.show(Text.assemble((f"alarm: {alarm.kind}: ", "bold red"), times.line(alarm.text)))
    if found.paused:
        screen.show(Text(words.paused(found.paused, times), "yellow"))
    screen.show("", facts(_what(found.job)))
    screen.show(heading("When"), facts(_when(found, times)))
    screen.show(heading("Where"), facts(_where(found)))
    screen.show(heading("How"), facts(_how(found.job)))
    if found.job.parameters:
        screen.show(heading("Parameters"), _parameters(found.job.parameters))
    screen.show(heading("Last runs"))
    _history(screen, found, times)
    _hint(screen, found)


def _what(job: Job) -> Rows:
    yield "owner", job.owner
    if job.service:
        yield "service", job.service
    if job.description:
        yield "for", words.block(job.description.strip())
    yield "run-book", words.block(job.runbook.strip())
    if job.minutes_saved:
        yield "saves", f"{job.minutes_saved:g} minutes of a person's work a good run (estimate)"


def _when(found: JobDetail, times: words.Clock) -> Rows:
    job = found.job
    yield "due", found.schedule or "by hand only"
    use = job.calendars
    if use.only:
        yield "only in", " or ".join(use.only)
    if use.never:
        yield "never in", " or ".join(use.never)
    if use.only or use.never or use.working_days:
        working = f" of {use.working_days}" if use.working_days else ""
        yield "when closed", f"{use.on_closed.value}{working}"
    for dependency in job.after:
        yield "after", f"{dependency.job} ({dependency.when.value}), within {format_duration(job.within)}"
    if job.wait_for_file:
        file = job.wait_for_file
        yield "waits for", words.line(f"{file.path} on {file.host}, up to {format_duration(file.up_to)}")
    if job.wait_for_event:
        yield "waits for", words.event_wait(job.wait_for_event)
    if found.starts:
        yield "starts", ", ".join(found.starts)
    yield "late after", format_duration(job.late_after)
    yield "catch-up", f"{job.catch_up.policy.value}, at most {format_duration(job.catch_up.max_late)} late"
    if found.waiting:
        reason = times.line(found.waiting.reason or "it is its turn soon", "cyan")
        yield "due now", Text.assemble(f"since {times.when(found.waiting.due_at)}: ", reason)
    for number, slot in enumerate(found.next_runs):
        skipped = f"  {slot.state.value}: {slot.reason}" if slot.state is SlotState.SKIPPED else ""
        moved = f"  {slot.reason}" if slot.reason and not skipped else ""
        label = f"next ({times.zone_name})" if number == 0 else ""
        yield label, times.line(f"{times.when(slot.due_at)}{skipped}{moved}", "dim" if skipped else "")


def _where(found: JobDetail) -> Rows:
    if found.job.flow:
        yield "on", "wherever its flow works"
        return
    hosts = sum(len(wave) for wave in found.waves)
    yield "on", words.line(f"{found.filter}  ({hosts} host{'s' if hosts != 1 else ''})")
    batch = found.job.batch
    if len(found.waves) == 1:
        yield "at once", _hosts(found.waves[0])
        return
    for number, wave in enumerate(found.waves, 1):
        yield f"wave {number}", _hosts(wave)
    limit = f" when more than {batch.max_failures} failed" if batch.max_failures else ""
    yield "after a failure", f"{batch.on_failure.value}{limit}"
    if batch.pause:
        yield "between waves", format_duration(batch.pause)


def _hosts(wave: tuple[str, ...]) -> Text:
    more = f" and {len(wave) - MOST_HOSTS} more" if len(wave) > MOST_HOSTS else ""
    return Text(", ".join(wave[:MOST_HOSTS]) + more)


def _how(job: Job) -> Rows:
    yield from _action(job)
    if not job.flow:
        for name, value in job.environment.items():
            yield "environment", words.line(f"{name}={value}")
        for name, reference in job.secrets.items():
            yield "secret", f"{name} from {reference}"
        yield "deadline", f"{format_duration(job.deadline)}, kept by the host"
        yield "if unknown", "the command may be repeated" if job.repeat is Repeat.SAFE else "never repeated by itself"
        own = job.host_lock is HostLock.JOB
        yield "lock", "one run of this job at a time on each host" if own else "none"
    yield "attempts", words.attempts(job.retry, has_hosts=not job.flow)
    waiting = f", at most {job.overlap.max_queued} waiting" if job.overlap.policy is Overlap.QUEUE else ""
    yield "overlap", f"{job.overlap.policy.value}{waiting}"
    yield "alarms", ", ".join(_limits(job)) or "late, missed, failed"
    for wish in job.notify:
        yield "tells", f"{wish.to} when {', '.join(occasion.value for occasion in wish.on)}"


def _action(job: Job) -> Rows:
    if job.flow:
        yield "flow", words.line(words.flow(job.flow, job.order))
    elif job.script:
        yield "script", words.line(shlex.join([job.script, *job.arguments]))
    else:
        yield "command", words.line(shlex.join(job.command))


def _limits(job: Job) -> Iterator[str]:
    limits = {
        "too long": job.alarms.too_long,
        "too short": job.alarms.too_short,
        "no success for": job.alarms.no_success_for,
    }
    yield from (f"{name} {format_duration(limit)}" for name, limit in limits.items() if limit is not None)
    if job.alarms.over_usual:
        yield f"over usual {job.alarms.over_usual}"


def _parameters(parameters: dict[str, Parameter]) -> RenderableType:
    grid = table("name", "type", "default", "allowed", "what it is", wide=("allowed", "what it is"))
    for name, parameter in parameters.items():
        default = "required" if parameter.required else "" if parameter.default is None else str(parameter.default)
        grid.add_row(
            Text(name, "bold"),
            parameter.type.value,
            words.line(default),
            words.line(_allowed(parameter)),
            words.line(parameter.description),
        )
    return grid


def _allowed(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(parameter.choices)
    if parameter.pattern:
        return parameter.pattern
    least = f"{parameter.minimum:g}" if parameter.minimum is not None else ""
    most = f"{parameter.maximum:g}" if parameter.maximum is not None else ""
    return f"{least} to {most}" if least and most else f"from {least}" if least else f"up to {most}" if most else ""


def _history(screen: Screen, found: JobDetail, times: words.Clock) -> None:
    for run in found.active:
        since = words.ago(run.since, found.at)
        screen.show(
            Text(f"{run.run} {words.STATES[run.state]}, {since}{'; ' + run.waits_for if run.waits_for else ''}", "cyan")
        )
    if not found.last_runs:
        screen.show(Text("none yet", "dim"))
        return
    if found.usual:
        band = f"{words.took(found.usual.low)} to {words.took(found.usual.high)}"
        screen.show(f"usually takes {words.took(found.usual.median)} ({band}; n = {found.usual.n})")
    grid = table("", "run", "ended", "took", "outcome", "", wide=("",))
    for past in found.last_runs:
        grid.add_row(
            Text(words.sign_of(past), words.COLOURS[past.outcome]),
            past.run or "",
            times.when(past.ended_at),
            words.took(past.took),
            words.outcome(past.outcome),
            times.line(past.summary or ""),
        )
    screen.show(grid)


def _hint(screen: Screen, found: JobDetail) -> None:
    bad = next((past.run for past in found.last_runs[:1] if past.run and past.outcome != "ok"), None)
    screen.say("")
    if bad:
        screen.next(f"`watchbill job show {bad}` tells what happened, `watchbill job retry {bad}` tries again")
    else:
        screen.next(f"`watchbill job run {found.name} --dry-run` shows the exact commands")
