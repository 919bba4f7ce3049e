"""The engine as `watchbill up` runs it, and with Prefect's own worker instead of ours."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.engine.prefect_environment import engine_environment
from deployments.engine.prefect_server import (
    PrefectServer,
    chosen_port,
    is_healthy,
    prepare_database,
    server_command,
)
from deployments.engine.status_file import StatusFile
from deployments.engine.supervisor import Child, Supervisor, marked
from deployments.engine.wake import is_listening
from tests.prefect_lab import BOUND_SECONDS, WORKER, PrefectLab, until

pytestmark = pytest.mark.drill
FLOWS = "tests.engine.flows"


def test_prefects_own_worker_runs_the_same_deployments(prefect_lab: PrefectLab, tmp_path: Path) -> None:
    with prefect_lab.pool("stock", f"{FLOWS}.leave_note", f"{FLOWS}.fail", kind="process"):
        with stock_worker(prefect_lab, "stock"):
            run = prefect_lab.trigger("leave_note", {"path": str(tmp_path / "note")})
            other = prefect_lab.trigger("fail", {"message": "no paper"})
            prefect_lab.until_state(run, "Completed", seconds=120)
            prefect_lab.until_state(other, "Failed", seconds=120)
        assert (tmp_path / "note").read_text() == "done\n"


def test_what_falls_is_started_again_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    lines: list[str] = []
    port, children = engine(tmp_path)
    with Supervisor(tmp_path, children, lines.append) as supervisor:
        supervisor.wait_ready(3 * BOUND_SECONDS)
        lab = PrefectLab(tmp_path, PrefectServer(tmp_path, port, engine_environment(tmp_path, port=port), None))  # type: ignore[arg-type]  # the supervisor has the process
        lab.register(f"{FLOWS}.leave_note", f"{FLOWS}.go_on_until")
        lab.until_state(lab.trigger("leave_note", {"path": str(tmp_path / "note")}), "Completed")

        for name in ("prefect", "worker"):
            os.kill(process_of(tmp_path, name), signal.SIGKILL)
        until(lambda: len([line for line in lines if "ready after" in line]) == 4, 3 * BOUND_SECONDS)
        lab.until_state(lab.trigger("leave_note", {"path": str(tmp_path / "note")}), "Completed")

        lab.trigger("go_on_until", {"started": str(tmp_path / "pid"), "enough": str(tmp_path / "never")})
        until((tmp_path / "pid").exists)
        lab.close()
    until(lambda: marked(supervisor.mark) == [])
    assert not is_healthy(port)
    assert [line for line in lines if "SIGKILL" in line] != []


@pytest.fixture(autouse=True)
def _tidy(prefect_lab: PrefectLab) -> Iterator[None]:
    yield
    prefect_lab.forget_deployments()


def engine(home: Path) -> tuple[int, list[Child]]:
    """A server and a warm worker, as `up` starts them."""
    port = chosen_port(home)
    prepare_database(home)
    environment = engine_environment(home, port=port)
    arguments = (str(home), "watchbill", "4", "0.5", FLOWS)
    return port, [
        Child("prefect", server_command(port), environment, ready=lambda: is_healthy(port), ready_seconds=180),
        Child(
            "worker",
            (sys.executable, "-c", WORKER, *arguments),
            environment,
            ready=lambda: is_listening(home),
            needs=("prefect",),
            ready_seconds=180,
        ),
    ]


def process_of(home: Path, name: str) -> int:
    note = StatusFile(home / "up.json").read()
    running = note["children"][name] if note else None
    assert running
    return running["pid"]


@contextlib.contextmanager
def stock_worker(lab: PrefectLab, pool: str) -> Iterator[None]:
    """Prefect's own process worker."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"]
    log = lab.home / "logs" / "stock.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=lab.server.environment, stdout=output, stderr=output)
    try:
        yield
    except AssertionError as error:
        error.add_note(log.read_text()[-3000:])
        raise
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            # Now and then Prefect's worker heard the signal and stayed. How it ends is not what is tried here.
            process.kill()
            process.wait()
