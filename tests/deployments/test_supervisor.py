"""The supervisor: order of start, restart, Ctrl-C, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.engine.status_file import Note, StatusFile, is_running, started_at
from deployments.engine.supervisor import Child, Supervisor, marked
from models.errors import EngineError

ENVIRONMENT = {"PATH": os.environ["PATH"]}
BOUND_SECONDS = 15.0


def shell(name: str, script: str, **more: object) -> Child:
    return Child(name, ("/bin/sh", "-c", script), ENVIRONMENT, **more)  # type: ignore[arg-type]  # fields by name


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + BOUND_SECONDS
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@pytest.fixture
def lines() -> list[str]:
    return []


def test_a_child_is_started_only_when_what_it_needs_is_ready(tmp_path: Path, lines: list[str]) -> None:
    flag = tmp_path / "flag"
    server = shell("server", f"sleep 0.3; touch {flag}; exec sleep 60", ready=flag.exists)
    worker = shell("worker", f"test -e {flag} || exit 9; exec sleep 60", needs=("server",))
    with Supervisor(tmp_path, [worker, server], lines.append) as supervisor:
        supervisor.wait_ready(BOUND_SECONDS)
    assert [line.split(":")[0] for line in lines] == ["server", "worker"]


def test_children_that_need_each_other_are_refused_before_anything_starts(tmp_path: Path) -> None:
    one = shell("one", "exec sleep 60", needs=("other",))
    other = shell("other", "exec sleep 60", needs=("one",))
    with pytest.raises(EngineError, match="one needs other, other needs one"):
        Supervisor(tmp_path, [one, other], print)


def test_a_child_that_falls_is_started_again_and_said_so(tmp_path: Path, lines: list[str]) -> None:
    with Supervisor(tmp_path, [shell("worker", "exec sleep 60")], lines.append) as supervisor:
        supervisor.wait_ready(BOUND_SECONDS)
        first = children(tmp_path)["worker"]
        os.kill(first, signal.SIGKILL)
        until(lambda: len([line for line in lines if "ready" in line]) == 2)
        assert children(tmp_path)["worker"] != first
    assert any("ended with signal SIGKILL, starting it again in 0.5 s" in line for line in lines)


def test_a_child_that_cannot_start_ends_the_start_with_the_end_of_its_log(tmp_path: Path, lines: list[str]) -> None:
    broken = shell("server", "echo the port is taken; exit 3", ready=lambda: False)
    steady = shell("worker", "exec sleep 60")
    with (
        Supervisor(tmp_path, [steady, broken], lines.append) as supervisor,
        pytest.raises(EngineError, match="server ended with status 3 before it was ready:\nthe port is taken"),
    ):
        supervisor.wait_ready(BOUND_SECONDS)
    assert not marked(supervisor.mark)


def test_a_child_that_never_gets_ready_is_an_error_not_a_hang(tmp_path: Path, lines: list[str]) -> None:
    slow = shell("server", "exec sleep 60", ready=lambda: False, ready_seconds=0.2)
    with (
        Supervisor(tmp_path, [slow], lines.append) as supervisor,
        pytest.raises(EngineError, match="server is not ready after"),
    ):
        supervisor.wait_ready(BOUND_SECONDS)


def test_a_question_that_fails_is_asked_again(tmp_path: Path, lines: list[str]) -> None:
    answers = iter([EngineError("away"), EngineError("away"), True])

    def ready() -> bool:
        answer = next(answers)
        if isinstance(answer, EngineError):
            raise answer
        return answer

    with Supervisor(tmp_path, [shell("server", "exec sleep 60", ready=ready)], lines.append) as supervisor:
        supervisor.wait_ready(BOUND_SECONDS)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = Child("worker", ("/nowhere/worker",), ENVIRONMENT)
    with (
        Supervisor(tmp_path, [missing], print) as supervisor,
        pytest.raises(EngineError, match=r"worker cannot be started: .*/nowhere/worker"),
    ):
        supervisor.wait_ready(BOUND_SECONDS)


def test_children_end_in_the_reverse_order_of_need(tmp_path: Path) -> None:
    log = tmp_path / "ends"
    script = "trap 'sleep 0.2; echo {0} >>{1}; exit' TERM; touch {1}.{0}; while :; do sleep 0.05; done"
    server = shell("server", script.format("server", log), ready=(tmp_path / "ends.server").exists)
    worker = shell("worker", script.format("worker", log), ready=(tmp_path / "ends.worker").exists, needs=("server",))
    with Supervisor(tmp_path, [server, worker], print) as supervisor:
        supervisor.wait_ready(BOUND_SECONDS)
    assert log.read_text().split() == ["worker", "server"]


def test_a_child_that_ignores_the_request_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    deaf = shell("deaf", "trap '' TERM; sleep 61 & setsid sleep 62 & wait", stop_seconds=0.3)
    with Supervisor(tmp_path, [deaf], print) as supervisor:
        supervisor.wait_ready(BOUND_SECONDS)
        until(lambda: len(marked(supervisor.mark)) >= 3)
    assert marked(supervisor.mark) == []


def test_a_supervisor_ends_nothing_of_another_in_the_same_process(tmp_path: Path, lines: list[str]) -> None:
    with Supervisor(tmp_path / "one", [shell("worker", "exec sleep 60")], lines.append) as one:
        one.wait_ready(BOUND_SECONDS)
        before = children(tmp_path / "one")
        with Supervisor(tmp_path / "other", [shell("worker", "exec sleep 60")], lines.append) as other:
            other.wait_ready(BOUND_SECONDS)
        assert marked(one.mark) == list(before.values())
    assert [line for line in lines if "ended with" in line] == []


def test_a_home_is_not_run_twice(tmp_path: Path) -> None:
    with Supervisor(tmp_path, [shell("worker", "exec sleep 60")], print) as supervisor:
        supervisor.wait_ready(BOUND_SECONDS)
        with pytest.raises(EngineError, match=rf"is up already \(process {os.getpid()}, since"):
            Supervisor(tmp_path, [shell("worker", "exec sleep 60")], print).run()


def test_the_status_file_names_who_runs_and_goes_with_them(tmp_path: Path) -> None:
    with Supervisor(tmp_path, [shell("worker", "exec sleep 60")], print) as supervisor:
        supervisor.wait_ready(BOUND_SECONDS)
        note = StatusFile(tmp_path / "up.json").read()
        assert note and is_running(note["children"]["worker"])
    assert not (tmp_path / "up.json").exists()
    assert not is_running(note["children"]["worker"])


def test_a_note_of_a_dead_supervisor_whose_id_was_given_to_another_is_not_believed(tmp_path: Path) -> None:
    note = {
        "supervisor": {"pid": os.getpid(), "started": started_at(os.getpid()) - 1},
        "mark": "",
        "since": "",
        "children": {},
    }
    (tmp_path / "up.json").write_text(json.dumps(note))
    assert StatusFile(tmp_path / "up.json").read() is None


SUPERVISE = """
import sys
from pathlib import Path
from deployments.engine.supervisor import Child, Supervisor
home, script = sys.argv[1:]
child = Child("worker", ("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"}, stop_seconds=60)
sys.exit(Supervisor(Path(home), [child], lambda line: print(line, flush=True)).run())
"""


@pytest.fixture
def supervise(tmp_path: Path) -> Callable[[str], subprocess.Popen[str]]:
    """A supervisor in a process of its own, ready."""

    def start(script: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SUPERVISE, str(tmp_path), script]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout and "ready" in process.stdout.readline()
        return process

    return start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_or_a_request_to_end_leaves_no_process(
    tmp_path: Path, supervise: Callable[[str], subprocess.Popen[str]], number: int
) -> None:
    with supervise("sleep 63 & exec sleep 64") as process:
        mark = note_of(tmp_path)["mark"]
        until(lambda: len(marked(mark)) == 2)
        process.send_signal(number)
        assert process.wait(BOUND_SECONDS) == 0
    assert marked(mark) == []


def test_a_second_ctrl_c_does_not_wait(supervise: Callable[[str], subprocess.Popen[str]]) -> None:
    with supervise("trap '' TERM; while :; do sleep 0.1; done") as process:
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(BOUND_SECONDS) == 0
        assert time.monotonic() - begun < 10


def test_a_supervisor_that_is_killed_takes_its_children_with_it(
    tmp_path: Path, supervise: Callable[[str], subprocess.Popen[str]]
) -> None:
    with supervise("exec sleep 65") as process:
        worker = children(tmp_path)["worker"]
        process.kill()
        process.wait(BOUND_SECONDS)
        until(lambda: not started_at(worker))


def test_what_a_killed_supervisor_left_is_ended_by_the_next_one(
    tmp_path: Path, supervise: Callable[[str], subprocess.Popen[str]], lines: list[str]
) -> None:
    with supervise("trap '' TERM; while :; do sleep 0.1; done") as process:
        worker = children(tmp_path)["worker"]
        process.kill()
        process.wait(BOUND_SECONDS)
    assert started_at(worker)
    with Supervisor(tmp_path, [shell("worker", "exec sleep 60")], lines.append) as supervisor:
        supervisor.wait_ready(BOUND_SECONDS)
        assert not started_at(worker)


def children(home: Path) -> dict[str, int]:
    return {name: running["pid"] for name, running in note_of(home)["children"].items() if running}


def note_of(home: Path) -> Note:
    note = StatusFile(home / "up.json").left_behind()
    assert note
    return note
