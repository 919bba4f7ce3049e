"""A kill reaches all that a run started, whatever dies meanwhile, and nothing of it starts afterwards."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from deployments.lab.processes import marked
from models import clock
from models.database import Database
from models.orders import KillRun
from models.orders.run_job import run_id_of
from models.queries import closing, dispatching, recovery, runs
from models.queries.task_log import Started
from models.records import Run, Step
from models.vocabulary import Outcome, RunState, StepState
from tasks import commands, kills
from tasks.tools.ssh import OwnedCommand
from tests.faults import crashing
from tests.faults.conftest import QueueRun
from tests.stack import job_of, until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]


def ask_for_kill(database: Database, number: str) -> None:
    with database.write() as session:
        dispatching.request_kill(session, runs.get(session, run_id_of(number)), clock.now(), "ann", "it hangs")


def kill_now(number: str) -> None:
    """What the flow `kill-run` does, without Prefect."""
    order = KillRun(run=number, requested_by="ann")
    kills.record_proofs.fn(order, kills.kill_on_hosts.fn(order))


def lines_of(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def steps_of(database: Database) -> list[Step]:
    with database.read() as session:
        found = list(session.scalars(select(Step).order_by(Step.id)))
        session.expunge_all()
        return found


def test_a_host_whose_turn_comes_after_the_kill_is_not_touched(
    home: Path, worker_database: Database, queue_run: QueueRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "THREADS", 2)
    hosts = "".join(f"  h{n}: {{connection: local, run_directory: {home}/h{n}}}\n" for n in range(1, 6))
    number = queue_run(job_of("wide", f"echo x >> {home}/effects; sleep 60", on="*"), "wide", hosts)
    with worker_database.write() as session:
        claimed = runs.claim(session, run_id_of(number), 1, "worker:1")
    outcomes: list[Outcome] = []

    def work() -> None:
        outcomes.extend(commands.run_on_hosts.fn(claimed, claimed.plan.host_names))

    working = threading.Thread(target=work)
    working.start()
    until(lambda: len(lines_of(home / "effects")) == 2)
    ask_for_kill(worker_database, number)
    kill_now(number)
    working.join(60)
    assert outcomes == [Outcome.KILLED] * 5
    assert len(lines_of(home / "effects")) == 2, "three hosts had not had their turn"
    assert [step.outcome for step in steps_of(worker_database)] == [Outcome.KILLED] * 5
    with worker_database.write() as session:
        assert closing.close(session, claimed, "worker:1", failed_with=None) is Outcome.KILLED


def test_a_kill_in_the_pause_between_two_waves_ends_the_pause_and_starts_nothing(
    home: Path, worker_database: Database, queue_run: QueueRun
) -> None:
    hosts = "".join(f"  h{n}: {{connection: local, run_directory: {home}/h{n}}}\n" for n in (1, 2))
    rolling = "batch: {size: 1, pause: 10m}\n"
    number = queue_run(job_of("rolls", f"echo x >> {home}/effects", rolling, on="*"), "rolls", hosts)
    with worker_database.write() as session:
        claimed = runs.claim(session, run_id_of(number), 1, "worker:1")
    waves = commands.waves_in_turn(claimed)
    commands.run_on_hosts.fn(claimed, next(waves))
    left: list[tuple[str, ...]] = []
    waiting = threading.Thread(target=lambda: left.extend(waves), daemon=True)
    waiting.start()
    ask_for_kill(worker_database, number)
    waiting.join(20)
    assert not waiting.is_alive(), "ten minutes are not waited for"
    assert (left, lines_of(home / "effects")) == ([], ["x"])


def test_a_kill_whose_flow_died_is_done_by_the_worker_that_takes_the_run_up(
    home: Path, environment: dict[str, str], worker_database: Database, queue_run: QueueRun
) -> None:
    number = queue_run(job_of("hangs", f"echo x >> {home}/effects; sleep 60", on="local"), "hangs")
    worker = crashing.start(number, environment)
    until(lambda: lines_of(home / "effects"))
    ask_for_kill(worker_database, number)
    worker.kill()
    worker.join()
    (step,) = steps_of(worker_database)
    assert step.state is StepState.INTENDED
    assert marked(f"WATCHBILL_STEP={step.key}") != [], "the command outlives its worker"
    with worker_database.write() as session:
        session.execute(update(Run).values(lease_until=clock.now() - timedelta(seconds=1)))
    with worker_database.write() as session:
        assert len(recovery.take_up_lost_runs(session, clock.now(), "planner")) == 1
    assert crashing.carry_out(number, environment) == 0
    assert marked(f"WATCHBILL_STEP={step.key}") == []
    (step,) = steps_of(worker_database)
    with worker_database.read() as session:
        run = runs.get(session, run_id_of(number))
        assert (run.state, run.outcome, step.outcome) == (RunState.ENDED, Outcome.KILLED, Outcome.KILLED)
    assert lines_of(home / "effects") == ["x"]


def test_a_run_that_was_given_up_as_unknown_is_ended_by_a_kill_that_comes_later(
    home: Path, environment: dict[str, str], worker_database: Database, queue_run: QueueRun
) -> None:
    number = queue_run(job_of("hangs", f"echo x >> {home}/effects; sleep 60", on="local"), "hangs")
    worker = crashing.start(number, environment)
    until(lambda: lines_of(home / "effects"))
    worker.kill()
    worker.join()
    over = {"lease_until": clock.now() - timedelta(seconds=1), "recoveries": recovery.MOST_RECOVERIES}
    with worker_database.write() as session:
        session.execute(update(Run).values(over))
    with worker_database.write() as session:
        recovery.take_up_lost_runs(session, clock.now(), "planner")
    (step,) = steps_of(worker_database)
    assert (step.outcome, marked(f"WATCHBILL_STEP={step.key}") != []) == (Outcome.UNKNOWN, True)
    ask_for_kill(worker_database, number)
    kill_now(number)
    assert marked(f"WATCHBILL_STEP={step.key}") == []
    (step,) = steps_of(worker_database)
    with worker_database.read() as session:
        run = runs.get(session, run_id_of(number))
        assert (run.outcome, step.outcome) == (Outcome.KILLED, Outcome.KILLED)
        assert "gone after TERM, read twice" in (run.summary or "")


def test_a_kill_that_comes_before_its_hosts_were_reached_leaves_nothing_to_start(
    home: Path, worker_database: Database, queue_run: QueueRun
) -> None:
    number = queue_run(job_of("late", f"echo x >> {home}/effects", on="local"), "late")
    with worker_database.write() as session:
        claimed = runs.claim(session, run_id_of(number), 1, "worker:1")
        share = Started("run-on-hosts", clock.now(), "worker:1", claimed.run_id, "local")
        runs.open_steps(session, claimed, [share])
    ask_for_kill(worker_database, number)
    kill_now(number)
    (step,) = steps_of(worker_database)
    assert step.outcome is Outcome.KILLED
    late = commands.host_pool().run(commands.target_of(claimed.plan, "local"), OwnedCommand(step.key, ("true",), 5))
    assert late.outcome is Outcome.KILLED, "what the worker sends now is refused by the host"
    assert lines_of(home / "effects") == []


def test_a_run_that_waits_for_its_file_can_be_killed(
    home: Path, environment: dict[str, str], worker_database: Database, queue_run: QueueRun
) -> None:
    hosts = f"  h1: {{connection: local, run_directory: {home}/h1}}\n"
    wanted = f"wait_for_file: {{host: h1, path: {home}/never, up_to: 10m}}\n"
    number = queue_run(job_of("waits", f"echo x >> {home}/effects", wanted, on="host=h1"), "waits", hosts)
    worker = crashing.start(number, environment)
    until(lambda: list((home / "h1" / "runs").rglob("*-file-*.state")))
    ask_for_kill(worker_database, number)
    worker.join(60)
    assert worker.exitcode == 0
    with worker_database.read() as session:
        assert runs.get(session, run_id_of(number)).outcome is Outcome.KILLED
    assert lines_of(home / "effects") == []


def test_a_file_that_never_comes_is_waited_for_once_and_named(
    home: Path, environment: dict[str, str], worker_database: Database, queue_run: QueueRun
) -> None:
    hosts = f"  h1: {{connection: local, run_directory: {home}/h1}}\n"
    wanted = f"wait_for_file: {{host: h1, path: {home}/never, up_to: 1s}}\n"
    number = queue_run(job_of("waits", f"echo x >> {home}/effects", wanted, on="host=h1"), "waits", hosts)
    crashing.start(number, environment).join(60)
    with worker_database.read() as session:
        run = runs.get(session, run_id_of(number))
        assert run.outcome is Outcome.FAILED
        assert f"h1: deadline passed: {home}/never did not come in 1 s" in (run.summary or "")
    assert lines_of(home / "effects") == []
