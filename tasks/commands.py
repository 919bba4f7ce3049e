"""Carry out a run's command on hosts: intent, act, verify, record."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Lock

from models import clock
from models.errors import HostError, StaleClaim
from models.orders.plan import PlannedFile, PlannedHost, RunPlan
from models.queries import runs
from models.queries.runs import ClaimedRun, OpenStep, StepResult
from models.queries.task_log import Stream
from models.rules.batch import may_go_on
from models.secrets import SecretStore
from models.vocabulary import HostFault, Outcome
from tasks.ledger import share_of_current, task
from tasks.recording import recorder
from tasks.tools.capture import kept
from tasks.tools.redaction import Redactor
from tasks.tools.ssh import CommandResult, Kept, OwnedCommand, Target
from tasks.workplace import database, host_pool, settings

POLL_SECONDS = 5
PAUSE_POLL_SECONDS = 1
KILL_LOOK_SECONDS = 0.25
"""Hosts whose turn comes within this time share one look; one that starts meanwhile is ended by the kill itself."""
THREADS = 32
"""Hosts at a time; a worker's memory and its sshd peers set the limit."""


@task()
def run_on_hosts(run: ClaimedRun, hosts: tuple[str, ...]) -> list[Outcome]:
    """Run the command on one wave of hosts at once; every host's result is recorded as it comes.

    A step that a dead worker left open is not started again: its result is collected from the host.
    """
    shares = [share_of_current(host, run.run_id) for host in hosts]
    secrets = secret_store().resolve_all(run.plan.command.secrets) if run.plan.command else {}
    with database().write() as session:
        if not runs.extend_lease(session, run):
            raise StaleClaim(f"{run.number} is in other hands: {len(hosts)} hosts were not touched")
        steps = runs.open_steps(session, run, shares)
    redactor = Redactor(secrets)
    pairs = [(target_of(run.plan, step.host), _command(run, step, secrets)) for step in steps]
    by_host = {step.host: step for step in steps}
    turns, kill = count(), KillWatch(run)

    def at_turn(target: Target, _command: OwnedCommand) -> CommandResult | None:
        # The first hosts start at once; a kill may come before a later one has its turn.
        return not_started(target.name) if next(turns) >= THREADS and kill.is_requested() else None

    with recorder() as recording:

        def record(result: CommandResult) -> None:
            recording.put(by_host[result.host], _step_result(result, redactor))

        results = host_pool().run_many(pairs, threads=THREADS, on_turn=at_turn, on_result=record)
    return [result.outcome for result in results]


class KillWatch:
    """Whether somebody asked for the end of a run, for many threads that ask often."""

    def __init__(self, run: ClaimedRun) -> None:
        self._run = run
        self._turn = Lock()
        self._looked = -KILL_LOOK_SECONDS
        self._is_requested = False

    def is_requested(self) -> bool:
        """As the database said it a moment ago."""
        with self._turn:
            if not self._is_requested and time.monotonic() - self._looked >= KILL_LOOK_SECONDS:
                self._is_requested = _is_kill_requested(self._run)
                self._looked = time.monotonic()
            return self._is_requested


def not_started(host: str) -> CommandResult:
    """The result of a host whose turn came after somebody had asked for the end of the run."""
    now, nothing = clock.now(), kept(b"")
    message = "killed before its turn: nothing was started"
    return CommandResult(host, Outcome.KILLED, None, None, now, now, nothing, nothing, message)


def _is_kill_requested(run: ClaimedRun) -> bool:
    with database().read() as session:
        return runs.is_kill_requested(session, run.run_id)


def wait_for_file(run: ClaimedRun) -> None:
    """Wait until the file that the job needs is on its host, if it needs one."""
    if run.plan.wait_for_file is not None:
        look_for_file(run, run.plan.wait_for_file)


@task()
def look_for_file(run: ClaimedRun, wanted: PlannedFile) -> None:
    """Look for a file every few seconds, until a kill is asked for. Raises HostError when it does not come in time."""
    deadline = time.monotonic() + wanted.up_to_seconds
    tries = 0
    while not _is_kill_requested(run):
        tries += 1
        probe = OwnedCommand(
            key=f"{run.step_key(wanted.host)}-file-{run.fence}-{tries}",
            argv=("test", "-e", wanted.path),
            deadline_seconds=30,
        )
        looked = host_pool().run(target_of(run.plan, wanted.host), probe)
        if looked.outcome is Outcome.OK:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            last = f" (the last look: {looked.fault.value}: {looked.message})" if looked.fault else ""
            message = f"{wanted.path} did not come in {wanted.up_to_seconds} s{last}"
            raise HostError(wanted.host, HostFault.TIMEOUT, message)
        time.sleep(min(POLL_SECONDS, max(0.1, left)))


def waves_in_turn(run: ClaimedRun) -> Iterator[tuple[str, ...]]:
    """The waves, one after the other, as long as the job's batch lets the run go on and nobody asked for its end."""
    for number, wave in enumerate(run.plan.waves):
        with database().read() as session:
            steps = runs.steps_of(session, run.run_id, run.attempt)
            outcomes = {step.host: step.outcome for step in steps if step.outcome}
        if not may_go_on(run.plan.batch, outcomes).allowed:
            return
        if number:
            _pause(run)
        if _is_kill_requested(run):
            return
        yield wave


def _pause(run: ClaimedRun) -> None:
    """Wait between two waves as the job's batch says; a kill ends the waiting."""
    end = time.monotonic() + run.plan.batch.pause.total_seconds()
    while (left := end - time.monotonic()) > 0 and not _is_kill_requested(run):
        time.sleep(min(PAUSE_POLL_SECONDS, left))


def secret_store() -> SecretStore:
    """Where this worker finds secrets."""
    return SecretStore(settings().secrets_folder)


def target_of(plan: RunPlan, host: str) -> Target:
    """A planned host as the SSH tool needs it; its key file is looked up here, on the worker."""
    planned = plan.hosts[host]
    return Target(
        name=planned.name,
        address=planned.address,
        port=planned.port,
        user=planned.user,
        key_file=_key_file(planned),
        host_keys=planned.host_keys,
        jump=target_of(plan, planned.jump) if planned.jump else None,
        run_directory=_run_directory(planned),
        connection=planned.connection,
        transport=planned.transport,
        slots=planned.slots,
    )


def _run_directory(host: PlannedHost) -> str:
    """On a host, a relative folder starts at the login's home; on this machine, at Watchbill's own home."""
    if host.connection == "local":
        return str(settings().home.resolve() / host.run_directory)
    return host.run_directory


def _key_file(host: PlannedHost) -> Path | None:
    if host.key is None:
        return None
    if host.key.startswith("secret://"):
        return secret_store().path(host.key)
    return settings().site / host.key


def _command(run: ClaimedRun, step: OpenStep, secrets: dict[str, str]) -> OwnedCommand:
    planned = run.plan.command
    if planned is None:
        raise StaleClaim(f"{run.number} has no command: its job starts the flow {run.plan.flow}")
    return OwnedCommand(
        key=step.key,
        argv=planned.argv if planned.script is None else planned.argv[1:],
        script=planned.script.encode() if planned.script is not None else None,
        environment={"WATCHBILL_RUN": run.number, "WATCHBILL_ATTEMPT": str(run.attempt), **planned.environment},
        secrets=secrets,
        deadline_seconds=planned.deadline_seconds,
        lock=planned.lock,
        lock_wait_seconds=planned.lock_wait_seconds,
        repeat=planned.repeat,
    )


def _step_result(result: CommandResult, redactor: Redactor) -> StepResult:
    streams = tuple(
        _stream(name, kept, redactor) for name, kept in (("stdout", result.stdout), ("stderr", result.stderr))
    )
    return StepResult(
        started_at=result.started_at,
        ended_at=result.ended_at,
        outcome=result.outcome,
        fault=result.fault,
        exit_code=result.exit_code,
        message=redactor.clean(result.message.encode()).decode(),
        first_error_line=None if result.outcome is Outcome.OK else _first_line(streams),
        attached=result.attached,
        streams=streams,
    )


def _stream(name: str, kept: Kept, redactor: Redactor) -> Stream:
    if kept.cut:
        head, tail = redactor.clean_cut(kept.head, kept.tail)
    else:
        head, tail = redactor.clean(kept.head + kept.tail), b""
    return Stream(name, head, tail, kept.size, kept.sha256)


def _first_line(streams: tuple[Stream, ...]) -> str | None:
    """What a person wants to see first: the first line of stderr, or else of stdout."""
    for stream in reversed(streams):
        for line in (stream.head + stream.tail).splitlines():
            if line.strip():
                return line.decode(errors="backslashreplace")[:300]
    return None
