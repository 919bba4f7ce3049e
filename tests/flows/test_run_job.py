"""run_job on this machine, against a real Prefect server: every host is recorded, every task has its row."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from flows.run_job import run_job
from models import clock
from models.database import Database
from models.errors import StaleClaim
from models.orders import RunJob
from models.queries import dispatching, recovery, runs, task_log
from models.queries.book import read_book
from models.records import Output, Run, Step, TaskLog
from models.settings import CHECKOUT
from models.vocabulary import HostFault, Outcome, RunState
from tests.flows.conftest import StartRun

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("prefect_server")]
LOCAL = "title: T\n  owner: ops\n  runbook: call ops\n  on: local\n"


def local_job(command: str, more: str = "") -> str:
    """A job `work` on this machine that runs a shell line."""
    return f"work:\n  {LOCAL}  command: [sh, -c, {command!r}]\n" + "".join(f"  {line}\n" for line in more.splitlines())


def rows(database: Database, run_id: int = 1) -> list[TaskLog]:
    with database.read() as session:
        found = task_log.of_run(session, run_id)
        session.expunge_all()
        return found


def the_run(database: Database, run_id: int = 1) -> Run:
    with database.read() as session:
        run = runs.get(session, run_id)
        session.expunge_all()
        return run


def test_a_run_records_its_tasks_its_host_and_its_output(start_run: StartRun, worker_database: Database) -> None:
    start_run(local_job("echo out; echo err >&2"), "work")
    run_job(RunJob(run="RUN000001"))
    assert the_run(worker_database).outcome is Outcome.OK
    log = rows(worker_database)
    assert [(row.task, row.host, row.outcome) for row in log] == [
        ("claim-run", None, Outcome.OK),
        ("run-on-hosts", None, Outcome.OK),
        ("run-on-hosts", "local", Outcome.OK),
        ("close-run", None, Outcome.OK),
    ]
    assert log[2].parent_id == log[1].id
    assert all(row.flow_run_id and row.task_run_id and row.ended_at for row in log)
    with worker_database.read() as session:
        kept = {output.stream: output.head for output in session.scalars(select(Output))}
    assert kept == {"stdout": b"out\n", "stderr": b"err\n"}


def test_a_failing_command_ends_the_run_as_failed_with_its_first_line(
    start_run: StartRun, worker_database: Database
) -> None:
    start_run(local_job("echo; echo no space left >&2; exit 3"), "work")
    run_job(RunJob(run="RUN000001"))
    run = the_run(worker_database)
    assert (run.outcome, run.summary) == (Outcome.FAILED, "not ok on 1 of 1 hosts: local exit code 3")
    with worker_database.read() as session:
        assert session.scalars(select(Step.first_error_line)).one() == "no space left"


def test_a_command_past_its_deadline_is_ended_by_the_host(start_run: StartRun, worker_database: Database) -> None:
    start_run(local_job("sleep 60", "deadline: 1s"), "work")
    run_job(RunJob(run="RUN000001"))
    assert the_run(worker_database).outcome is Outcome.TIMED_OUT


def test_a_secret_reaches_the_command_and_nothing_else(
    start_run: StartRun, worker_database: Database, home: Path
) -> None:
    (home / "secrets").mkdir()
    (home / "secrets" / "shop").write_text("s3cr3t-canary\n")
    (home / "secrets" / "shop").chmod(0o600)
    start_run(
        local_job("printf %s $PASSWORD | wc -c; echo got $PASSWORD", "secrets: {PASSWORD: 'secret://shop'}"),
        "work",
    )
    run_job(RunJob(run="RUN000001"))
    assert the_run(worker_database).outcome is Outcome.OK
    with worker_database.read() as session:
        assert session.scalars(select(Output.head)).one() == b"13\ngot [redacted:PASSWORD]\n"
    for path in home.rglob("*"):
        # What the command itself printed lies on its host, for its own account only.
        if path.is_file() and not {"secrets", ".watchbill"} & set(path.parts):
            assert b"s3cr3t-canary" not in path.read_bytes(), path


def test_a_script_is_sent_along_with_its_arguments(start_run: StartRun, worker_database: Database, home: Path) -> None:
    (home / "site" / "scripts").mkdir(parents=True)
    (home / "site" / "scripts" / "say.sh").write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    text = local_job("-").replace("command: [sh, -c, '-']", "script: scripts/say.sh\n  arguments: ['a b', '{word}']")
    start_run(text + "  parameters: {word: {default: '$(id)'}}\n", "work")
    run_job(RunJob(run="RUN000001"))
    with worker_database.read() as session:
        assert session.scalars(select(Output.head)).one() == b"<a b><$(id)>"


def test_a_missing_secret_fails_the_run_before_anything_is_sent(start_run: StartRun, worker_database: Database) -> None:
    start_run(local_job("echo ran", "secrets: {PASSWORD: 'secret://nowhere'}"), "work")
    with pytest.raises(Exception, match="secret://nowhere: no such file"):
        run_job(RunJob(run="RUN000001"))
    run = the_run(worker_database)
    assert run.outcome is Outcome.FAILED
    assert "secret://nowhere" in (run.summary or "")
    with worker_database.read() as session:
        assert session.scalars(select(Step)).all() == []


def test_an_unreachable_host_is_named_and_the_other_one_is_done(
    start_run: StartRun, worker_database: Database, home: Path
) -> None:
    gone = f"{{address: 127.0.0.1, port: 1, host_keys: ['{KEY}'], key: key}}"
    hosts = f"  here: {{connection: local}}\n  gone: {gone}\n"
    (home / "site").mkdir()
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (home / "site" / "key").write_bytes(private)
    (home / "site" / "key").chmod(0o600)
    start_run(local_job("echo hi").replace("on: local", "on: all"), "work", hosts=hosts)
    run_job(RunJob(run="RUN000001"))
    assert the_run(worker_database).outcome is Outcome.PARTIAL
    with worker_database.read() as session:
        found = {step.host: (step.outcome, step.fault) for step in session.scalars(select(Step))}
    assert found == {"here": (Outcome.OK, None), "gone": (Outcome.FAILED, HostFault.REFUSED)}


def test_a_stopped_batch_leaves_the_other_hosts_alone(start_run: StartRun, worker_database: Database) -> None:
    hosts = "".join(f"  h{n}: {{connection: local, rank: {n}, run_directory: h{n}}}\n" for n in (1, 2, 3))
    text = local_job('test "$WATCHBILL_RUN" = no', "batch: {size: 1, on_failure: stop}").replace("on: local", "on: all")
    start_run(text, "work", hosts=hosts)
    run_job(RunJob(run="RUN000001"))
    with worker_database.read() as session:
        assert [step.host for step in session.scalars(select(Step))] == ["h1"]
    assert "not reached: h2, h3" in (the_run(worker_database).summary or "")


def test_a_copy_of_a_run_that_is_done_touches_nothing(
    start_run: StartRun, worker_database: Database, home: Path
) -> None:
    start_run(local_job(f"echo x >> {home}/effects"), "work")
    run_job(RunJob(run="RUN000001"))
    with pytest.raises(StaleClaim):
        run_job(RunJob(run="RUN000001"))
    assert (home / "effects").read_text() == "x\n"


def test_a_retry_runs_only_where_it_failed(start_run: StartRun, worker_database: Database, home: Path) -> None:
    hosts = "".join(f"  h{n}: {{connection: local, run_directory: {home}/h{n}}}\n" for n in (1, 2))
    line = f"echo $WATCHBILL_ATTEMPT >> {home}/attempts; mkdir {home}/first"  # only one host can make the folder
    text = local_job(line, "retry: {attempts: 1, delay: 1s}\nrepeat: safe").replace("on: local", "on: all")
    start_run(text, "work", hosts=hosts)
    run_job(RunJob(run="RUN000001"))
    run = the_run(worker_database)
    assert (run.state, run.attempt) == (RunState.RETRY_WAIT, 2)
    with worker_database.write() as session:
        due = run.next_attempt_at or clock.now()
        assert list(dispatching.start_due(session, read_book(session), due, "planner")) != []
    run_job(RunJob(run="RUN000001", attempt=2))
    assert (home / "attempts").read_text().split() == ["1", "1", "2"]


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJlB1sVUgQfrAhL0c4lI6WnX9Yp1Yx0v7iFf8gQ4X9zz"


def _worker(environment: Mapping[str, str], home: Path) -> subprocess.Popen[bytes]:
    """A worker process that runs the flow, as one would under any work pool."""
    code = "from flows.run_job import run_job; from models.orders import RunJob; run_job(RunJob(run='RUN000001'))"
    ours = {"WATCHBILL_HOME": str(home), "WATCHBILL_SITE": str(home / "site")}
    ours["WATCHBILL_DATABASE_URL"] = os.environ["WATCHBILL_DATABASE_URL"]
    return subprocess.Popen(
        [sys.executable, "-c", code], env={**environment, **ours}, cwd=CHECKOUT, start_new_session=True
    )


def _until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.fault
def test_a_worker_that_is_killed_leaves_rows_and_its_run_is_finished_from_the_host(
    start_run: StartRun, worker_database: Database, home: Path, prefect_server: dict[str, str]
) -> None:
    start_run(local_job(f"echo x >> {home}/effects; sleep 3; exit 7"), "work")
    worker = _worker(prefect_server, home)
    _until((home / "effects").exists)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    open_rows = [row.task for row in rows(worker_database) if row.ended_at is None]
    assert open_rows == ["run-on-hosts", "run-on-hosts"], "the intent was committed before the act"
    with worker_database.write() as session:
        runs.get(session, 1).lease_until = clock.now() - timedelta(seconds=1)
    with worker_database.write() as session:
        assert len(recovery.take_up_lost_runs(session, clock.now(), "planner")) == 1
    assert {row.outcome for row in rows(worker_database) if row.task == "run-on-hosts"} == {Outcome.UNKNOWN}
    run_job(RunJob(run="RUN000001"))
    run = the_run(worker_database)
    assert run.summary == "not ok on 1 of 1 hosts: local exit code 7", "the true exit code was read back"
    assert (home / "effects").read_text() == "x\n", "it was started exactly once"
    with worker_database.read() as session:
        assert session.scalars(select(Step.attached)).one() is True
