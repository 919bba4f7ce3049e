"""The warm worker against a real Prefect server."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.prefect_lab import PrefectLab, until

pytestmark = pytest.mark.drill
FLOWS = "tests.engine.flows"
NAMES = (
    "leave_note",
    "leave_environment",
    "go_on_until",
    "fail",
    "vanish",
    "leave_note_async",
    "return_secretly",
)


@pytest.fixture
def lab(prefect_lab: PrefectLab) -> PrefectLab:
    """The lab with the drills' flows deployed; quick when the test before left them there."""
    prefect_lab.register(*(f"{FLOWS}.{name}" for name in NAMES))
    return prefect_lab


@pytest.fixture(scope="module")
def worker(prefect_lab: PrefectLab) -> Iterator[subprocess.Popen[bytes]]:
    with prefect_lab.worker(FLOWS) as process:
        yield process


def test_a_run_is_made_and_reported(lab: PrefectLab, worker: object, tmp_path: Path) -> None:
    run = lab.trigger("leave_note", {"path": str(tmp_path / "note")})
    lab.until_state(run, "Completed")
    assert (tmp_path / "note").read_text() == "done\n"


def test_a_run_has_its_process_noted_for_cancellation(lab: PrefectLab, worker: object, tmp_path: Path) -> None:
    run = lab.trigger("go_on_until", {"started": str(tmp_path / "pid"), "enough": str(tmp_path / "enough")})
    pid = process_of(tmp_path / "pid")
    assert until(lambda: lab.run(run).infrastructure_pid) == f"{os.uname().nodename}:{pid}"
    (tmp_path / "enough").touch()
    lab.until_state(run, "Completed")


def test_a_failing_flow_is_failed_and_not_crashed(lab: PrefectLab, worker: object) -> None:
    run = lab.until_state(lab.trigger("fail", {"message": "no paper"}), "Failed", "Crashed")
    assert run.state and run.state.name == "Failed"
    assert "no paper" in (run.state.message or "")


def test_an_async_flow_runs_too(lab: PrefectLab, worker: object, tmp_path: Path) -> None:
    lab.until_state(lab.trigger("leave_note_async", {"path": str(tmp_path / "note")}), "Completed")
    assert (tmp_path / "note").read_text() == "done\n"


def test_a_run_whose_process_is_killed_is_crashed(lab: PrefectLab, worker: object) -> None:
    run = lab.until_state(lab.trigger("vanish"), "Crashed")
    assert run.state and "ended by signal 9 (SIGKILL)" in (run.state.message or "")


def test_a_cancelled_run_ends_and_is_cancelled(lab: PrefectLab, worker: object, tmp_path: Path) -> None:
    run = lab.trigger("go_on_until", {"started": str(tmp_path / "pid"), "enough": str(tmp_path / "never")})
    pid = process_of(tmp_path / "pid")
    lab.cancel(run)
    lab.until_state(run, "Cancelled")
    assert not is_alive(pid)


def test_job_variables_reach_the_run_alone(lab: PrefectLab, worker: object, tmp_path: Path) -> None:
    lab.set_job_variables("leave_environment", {"env": {"PAPER": "blue"}})
    for path in ("one", "two"):
        run = lab.trigger("leave_environment", {"path": str(tmp_path / path), "name": "PAPER"})
        lab.until_state(run, "Completed")
        assert (tmp_path / path).read_text() == "blue\n"
    lab.until_state(lab.trigger("leave_note", {"path": str(tmp_path / "other")}), "Completed")


def test_runs_leave_no_result_on_the_disk(lab: PrefectLab, worker: object) -> None:
    """Not even the exception of a failed one, which Prefect's engine pickles whatever it is told."""
    storage = lab.home / "prefect" / "storage"
    before = set(storage.iterdir())
    lab.until_state(lab.trigger("return_secretly", {"value": "s3cret"}), "Completed")
    lab.until_state(lab.trigger("fail", {"message": "s3cret"}), "Failed")
    until(lambda: set(storage.iterdir()) == before)


def test_a_planted_result_is_not_read(lab: PrefectLab, worker: object, tmp_path: Path) -> None:
    """FAULTS S34: a record in the storage folder is code to whoever unpickles it."""
    canary = tmp_path / "canary"
    plant = f"cos\nsystem\n(S'touch {canary}'\ntR.".encode()
    run = lab.trigger("return_secretly", {"value": "plain"})
    lab.until_state(run, "Completed")
    for name in (str(run), f"{run}.pkl", "result"):
        (lab.home / "prefect" / "storage" / name).write_bytes(plant)
    lab.until_state(lab.trigger("return_secretly", {"value": "plain"}), "Completed")
    assert not canary.exists()
    for path in (lab.home / "prefect" / "storage").iterdir():
        path.unlink()


def test_no_more_runs_at_a_time_than_allowed_and_a_worker_that_is_asked_to_end_lets_them_finish(
    lab: PrefectLab, tmp_path: Path
) -> None:
    with lab.pool("narrow", f"{FLOWS}.go_on_until"):
        with lab.worker(FLOWS, pool="narrow", limit=2, drain_seconds=60) as process:
            runs = [hold(lab, tmp_path, f"run-{number}") for number in range(3)]
            until(lambda: len(list(tmp_path.glob("run-*.pid"))) == 2)
            assert sorted(lab.state(run) for run in runs) == ["Running", "Running", "Scheduled"]
            process.terminate()
            late = hold(lab, tmp_path, "late")
            release(tmp_path)
            assert process.wait(60) == 0
        assert sorted(lab.state(run) for run in runs) == ["Completed", "Completed", "Scheduled"]
        assert lab.state(late) == "Scheduled"


def test_two_workers_make_a_run_once(lab: PrefectLab, tmp_path: Path) -> None:
    with lab.pool("shared", f"{FLOWS}.leave_note"), lab.worker(FLOWS, pool="shared"), lab.worker(FLOWS, pool="shared"):
        runs = [lab.trigger("leave_note", {"path": str(tmp_path / "note"), "text": str(n)}) for n in range(6)]
        for run in runs:
            lab.until_state(run, "Completed")
    assert sorted((tmp_path / "note").read_text().split()) == ["0", "1", "2", "3", "4", "5"]


def test_a_run_that_outlasts_the_grace_is_ended_and_reported(lab: PrefectLab, tmp_path: Path) -> None:
    with lab.pool("hurried", f"{FLOWS}.go_on_until"):
        with lab.worker(FLOWS, pool="hurried", drain_seconds=0.2) as process:
            run = hold(lab, tmp_path, "run")
            pid = process_of(tmp_path / "run.pid")
            process.terminate()
            assert process.wait(60) == 0
        assert lab.state(run) == "Crashed"
        assert not is_alive(pid)


def test_a_killed_worker_leaves_no_run_running(lab: PrefectLab, tmp_path: Path) -> None:
    with lab.pool("killed", f"{FLOWS}.go_on_until"):
        with lab.worker(FLOWS, pool="killed") as process:
            run = hold(lab, tmp_path, "run")
            pid = process_of(tmp_path / "run.pid")
            process.kill()
            process.wait(10)
        until(lambda: not is_alive(pid))
        lab.until_state(run, "Crashed")


def test_a_run_whose_worker_and_process_were_killed_is_reported_by_the_next_worker(
    lab: PrefectLab, tmp_path: Path
) -> None:
    with lab.pool("lost", f"{FLOWS}.go_on_until"):
        with lab.worker(FLOWS, pool="lost") as process:
            run = hold(lab, tmp_path, "run")
            pid = process_of(tmp_path / "run.pid")
            until(lambda: lab.run(run).infrastructure_pid)
            process.send_signal(signal.SIGSTOP)
            os.kill(pid, signal.SIGKILL)
            process.kill()
            process.wait(10)
        assert lab.state(run) == "Running"
        with lab.worker(FLOWS, pool="lost"):
            found = lab.until_state(run, "Crashed")
        assert found.state and found.state.message == "its worker ended, and its process with it"


def hold(lab: PrefectLab, folder: Path, name: str) -> UUID:
    """A run that goes on until it is released."""
    return lab.trigger("go_on_until", {"started": str(folder / f"{name}.pid"), "enough": str(folder / "enough")})


def release(folder: Path) -> None:
    (folder / "enough").touch()


def process_of(note: Path) -> int:
    """The process that left the note."""
    return int(until(lambda: note.read_text().strip() if note.exists() else ""))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
