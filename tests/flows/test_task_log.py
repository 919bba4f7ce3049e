"""No task can run without its row in task_log: on success, failure, timeout, kill and crash."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prefect import flow
from sqlalchemy import select

from models.database import Database
from models.errors import DatabaseError, HostError, Refused
from models.records import TaskLog
from models.settings import CHECKOUT
from models.vocabulary import HostFault, Outcome
from tasks.ledger import task
from tests.flows.conftest import StartRun

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("prefect_server")]


def rows(database: Database) -> list[TaskLog]:
    with database.read() as session:
        found = list(session.scalars(select(TaskLog).order_by(TaskLog.id)))
        session.expunge_all()
        return found


def test_a_task_that_succeeds_has_its_row_with_prefects_ids(worker_database: Database) -> None:
    @task()
    def add(left: int, right: int) -> int:
        (row,) = rows(worker_database)
        assert (row.outcome, row.ended_at) == (None, None), "the row is there while the body runs"
        return left + right

    @flow
    def work() -> int:
        return add(2, right=3)

    assert work() == 5
    (row,) = rows(worker_database)
    assert (row.task, row.outcome, row.attempt) == ("add", Outcome.OK, 1)
    assert row.flow_run_id
    assert row.task_run_id
    assert row.worker.endswith(f":{os.getpid()}")


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (Refused("the policy says no"), 1),
        (HostError("web1", HostFault.UNREACHABLE, "no route"), 3),
        (RuntimeError("a bug"), 3),
    ],
    ids=["permanent", "may pass", "unexpected"],
)
def test_each_attempt_of_a_failing_task_has_its_row(worker_database: Database, error: Exception, tries: int) -> None:
    @task(retries=2, retry_delay_seconds=0)
    def fail() -> None:
        raise error

    @flow
    def work() -> None:
        fail()

    with pytest.raises(type(error)):
        work()
    found = rows(worker_database)
    assert [(row.outcome, row.attempt) for row in found] == [(Outcome.FAILED, n + 1) for n in range(tries)]
    assert found[0].message == f"{type(error).__name__}: {error}"


def test_a_task_past_its_time_out_is_logged_as_timed_out(worker_database: Database) -> None:
    @task(timeout_seconds=1.5)  # its row is written within it, on a busy machine too
    def hang() -> None:
        for _ in range(200):
            time.sleep(0.05)

    @flow
    def work() -> None:
        hang()

    with pytest.raises(TimeoutError):
        work()
    assert [row.outcome for row in rows(worker_database)] == [Outcome.TIMED_OUT]


def test_tasks_in_threads_each_have_their_row(worker_database: Database) -> None:
    @task()
    def double(number: int) -> int:
        return number * 2

    @flow
    def work() -> list[int]:
        return double.map([1, 2, 3]).result()

    assert work() == [2, 4, 6]
    assert [row.outcome for row in rows(worker_database)] == [Outcome.OK] * 3


def test_without_the_database_no_task_acts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHBILL_DATABASE_URL", f"sqlite:///{home}/nowhere/watchbill.db")
    acted: list[bool] = []

    @task()
    def act() -> None:
        acted.append(True)

    @flow
    def work() -> None:
        act()

    with pytest.raises(DatabaseError):
        work()
    assert acted == []


@pytest.mark.fault
@pytest.mark.parametrize(("number", "outcome"), [(signal.SIGTERM, Outcome.KILLED), (signal.SIGKILL, None)])
def test_a_task_whose_process_is_ended_leaves_its_row(
    start_run: StartRun,
    worker_database: Database,
    home: Path,
    prefect_server: dict[str, str],
    number: signal.Signals,
    outcome: Outcome | None,
) -> None:
    code = (
        "import time\n"
        "from pathlib import Path\n"
        "from prefect import flow\n"
        "from tasks.ledger import task\n"
        "@task()\n"
        "def act():\n"
        f"    Path({str(home / 'began')!r}).touch(); time.sleep(60)\n"
        "@flow\n"
        "def work(): act()\n"
        "work()\n"
    )
    ours = {name: value for name, value in os.environ.items() if name.startswith("WATCHBILL_")}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**prefect_server, **ours, "PYTHONPATH": str(CHECKOUT)}, cwd=home
    )
    deadline = time.monotonic() + 60
    while not (home / "began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    process.wait(timeout=60)
    assert [(row.task, row.outcome) for row in rows(worker_database)] == [("act", outcome)]
