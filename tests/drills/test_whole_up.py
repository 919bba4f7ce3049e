"""`watchbill up` as a person starts it: one engine a home, what falls is mended, and nothing stays when it is killed.

How it ends with Ctrl-C the tutorial's drill shows.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.engine.prefect_environment import database_file
from deployments.engine.status_file import StatusFile
from deployments.engine.supervisor import marked
from models.settings import CHECKOUT
from tests.desk.conftest import Said, real_watchbill
from tests.sites import write_site
from tests.stack import READY_SECONDS, job_of, until

pytestmark = [pytest.mark.drill, pytest.mark.fault, pytest.mark.timeout(900)]
READY = "Ctrl-C here ends everything"
GONE_SECONDS = 150.0
"""After kill -9 of `watchbill up` the kernel asks its children to end; the warm runner gives its runs 15 s."""


@dataclass
class Up:
    """A running `watchbill up`, and what it said."""

    process: subprocess.Popen[bytes]
    said: Path

    def until_said(self, word: str, times: int = 1) -> None:
        def heard() -> bool:
            assert self.process.poll() is None, self.said.read_text()
            return self.said.read_text().count(word) >= times

        until(heard, READY_SECONDS, why=self.said.read_text)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_lines(tmp_path, "true")
    return tmp_path / "state"


def write_lines(folder: Path, *scripts: str) -> None:
    """A site with a job on this machine for each script."""
    jobs = "".join(job_of(f"job-{number}", script, on="local") for number, script in enumerate(scripts, start=1))
    write_site(folder / "site", jobs, hosts="  {}\n")


def ours(home: Path) -> dict[str, str]:
    return {"WATCHBILL_HOME": str(home), "WATCHBILL_SITE": str(home.parent / "site"), "COLUMNS": "200"}


def watchbill(home: Path, *words: str) -> Said:
    return real_watchbill(*words, environment=ours(home))


@pytest.fixture
def up(home: Path, tmp_path: Path) -> Iterator[Callable[[], Up]]:
    """Starts `watchbill up`; whatever a test leaves of it is ended."""
    with ExitStack() as ending:

        def start() -> Up:
            said = tmp_path / "said"
            bare = {
                name: value for name, value in os.environ.items() if not name.startswith(("WATCHBILL_", "PREFECT_"))
            }
            command = [sys.executable, "-c", "from desk.cli import main; main()", "up"]
            with said.open("wb") as output:
                process = subprocess.Popen(
                    command, env={**bare, **ours(home)}, cwd=CHECKOUT, stdout=output, stderr=subprocess.STDOUT
                )
            ending.callback(end, process)
            return Up(process, said)

        yield start


def end(process: subprocess.Popen[bytes]) -> None:
    """End it if it still runs, as Ctrl-C twice does."""
    for _ in range(2):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    process.wait(60)


def test_up_mends_what_falls_and_leaves_no_process_however_it_is_killed(home: Path, up: Callable[[], Up]) -> None:
    first = up()
    first.until_said(READY)
    first_mark = mark_of(home)
    assert len(marked(first_mark)) >= 5, "Prefect, planner, relay, worker and its warm runner"

    write_lines(home.parent, "true", f"echo x >> {home}/effects; sleep 20; echo x >> {home}/over")
    again = watchbill(home, "up")
    assert again.code == 0
    assert f"runs already (process {first.process.pid})" in again.words
    fallen = {name: child(home, name) for name in ("prefect", "planner", "worker")}
    for process in fallen.values():
        os.kill(process, signal.SIGKILL)
    for name, process in fallen.items():
        first.until_said(f"{name}: ended with signal SIGKILL, starting it again")
        first.until_said(f"{name}: ready after", times=2)
        assert child(home, name) != process
    asked = watchbill(home, "job", "run", "job-2", "--no-wait")
    assert asked.code == 0, asked.err
    until((home / "effects").exists, why=first.said.read_text)

    kill(first)
    second = up()
    second.until_said(READY)
    assert marked(first_mark) == [], names_of(marked(first_mark))
    second_mark = mark_of(home)
    kill(second)
    # Nobody starts it again: that it is swept away by the next `up` is no help then.
    until(lambda: not marked(second_mark), GONE_SECONDS, why=lambda: names_of(marked(second_mark)))
    assert database_file(home).exists()
    assert "Traceback" not in second.said.read_text()
    until((home / "over").exists)
    assert (home / "effects").read_text() == "x\n", "the command is the host's own, and outlives all of it"


def mark_of(home: Path) -> str:
    note = StatusFile(home / "up.json").read()
    assert note
    return note["mark"]


def kill(running: Up) -> None:
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait(10)


def child(home: Path, name: str) -> int:
    note = StatusFile(home / "up.json").read()
    running = note["children"][name] if note else None
    assert running
    return running["pid"]


def names_of(pids: list[int]) -> str:
    """The processes that should be gone, in words."""
    return "\n".join(f"{pid} {Path(f'/proc/{pid}/cmdline').read_text()!r}" for pid in pids)
