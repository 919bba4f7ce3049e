"""The warm runner and the worker's rules, without a Prefect server."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse

from deployments.engine.lost_runs import START_TIME, Claim, how_it_ended, is_lost
from deployments.engine.prefect_environment import prefect_environment, server_keys
from deployments.engine.status_file import started_at
from deployments.engine.warm_link import LOST, WarmLink
from deployments.engine.warm_run import Order
from deployments.engine.warm_runner import load_whole
from deployments.engine.warm_worker import HERE, module_entrypoint
from models.clock import now
from models.errors import EngineError
from models.settings import CHECKOUT

HOST = "here"
CLAIM = Claim("watchbill", HOST)


def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Any) -> Any:
    """What `work(link)` answers with a running runner whose Prefect server is away."""
    for name, value in prefect_environment(tmp_path, port=9, keys=server_keys(tmp_path)).items():
        monkeypatch.setenv(name, value)

    async def run() -> Any:
        running = WarmLink()
        await running.start(["tests.engine.flows"])
        try:
            return await work(running)
        finally:
            await running.stop()

    return asyncio.run(run())


def order(environment: dict[str, str] | None = None) -> Order:
    flow_run = FlowRun(id=uuid4(), flow_id=uuid4(), parameters={"path": "/nowhere/at/all"})
    entrypoint = "tests.engine.flows.leave_note"
    return Order(str(flow_run.id), flow_run.model_dump_json(), entrypoint, environment or {})


def test_a_run_is_a_process_and_session_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(running: WarmLink) -> tuple[int, int, int]:
        fork = await running.order(order())
        pid = fork.pid.result()
        session = await session_of_its_own(pid)
        return pid, session, await fork.status

    pid, session, status = link(tmp_path, monkeypatch, work)
    assert session == pid != os.getsid(0)
    # Without a server the engine cannot even begin: that is the process's failure.
    assert status == 1
    assert not started_at(pid)


async def session_of_its_own(pid: int) -> int:
    """The child's session: it is forked into ours, and leaves it as the first thing it does."""
    for _ in range(200):
        if (session := os.getsid(pid)) == pid:
            return session
        await asyncio.sleep(0.005)
    return os.getsid(pid)


def test_many_runs_ordered_at_once_each_get_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(running: WarmLink) -> set[int]:
        forks = await asyncio.gather(*(running.order(order()) for _ in range(5)))
        await asyncio.gather(*(fork.end(5) for fork in forks))
        return {fork.pid.result() for fork in forks}

    assert len(link(tmp_path, monkeypatch, work)) == 5


def test_runs_end_with_the_runner_and_are_said_to_be_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(running: WarmLink) -> tuple[int, int]:
        fork = await running.order(order())
        # Before that it holds the runner's end of the line, and stopped it would hold it for good.
        await session_of_its_own(fork.pid.result())
        os.kill(fork.pid.result(), signal.SIGSTOP)
        running.process.kill()
        status = await asyncio.wait_for(asyncio.shield(fork.status), 10)
        await running.ended.wait()
        os.kill(fork.pid.result(), signal.SIGCONT)
        for _ in range(200):
            if not started_at(fork.pid.result()):
                break
            await asyncio.sleep(0.05)
        return status, started_at(fork.pid.result())

    assert link(tmp_path, monkeypatch, work) == (LOST, 0)


def test_a_runner_that_cannot_load_what_runs_need_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "threaded_flows.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(5,)).start()\n"
    )
    for name, value in prefect_environment(tmp_path, port=9, keys=server_keys(tmp_path)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", f"{CHECKOUT}{os.pathsep}{tmp_path}")

    async def start() -> None:
        await WarmLink().start(["threaded_flows"])

    with pytest.raises(EngineError, match="could not load threaded_flows"):
        asyncio.run(start())


def test_a_flow_that_cannot_be_imported_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    package = tmp_path / "some_flows"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "broken.py").write_text("import no_such_library\n")
    (package / "whole.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    load_whole("some_flows")
    assert "some_flows.whole" in sys.modules
    assert "some_flows.broken cannot be imported" in caplog.text


def run_in(state: StateType, *, pid: str | None = None, message: str = "", age: timedelta = timedelta(0)) -> FlowRun:
    return FlowRun(
        flow_id=uuid4(),
        infrastructure_pid=pid,
        state=State(type=state, message=message, timestamp=now() - age),
    )


LATE = START_TIME + timedelta(seconds=1)
IMPORTED = now()
LOST_RUNS = [
    (run_in(StateType.RUNNING, pid=f"{HOST}:{os.getpid()}"), True, "the process is there, but is no run"),
    (run_in(StateType.RUNNING, pid=f"{HOST}:999999999"), True, "the process is gone"),
    (run_in(StateType.CANCELLING, pid=f"{HOST}:999999999"), True, "the process is gone"),
    (run_in(StateType.RUNNING, pid="elsewhere:999999999"), False, "another machine's worker knows"),
    (run_in(StateType.PENDING, message=CLAIM.message), False, "it was taken a moment ago"),
    (run_in(StateType.PENDING, message=CLAIM.message, age=LATE), True, "taken here, and never started"),
    (run_in(StateType.PENDING, message="taken by watchbill@elsewhere", age=LATE), False, "another worker's"),
    (run_in(StateType.PENDING, age=LATE), False, "another kind of worker's"),
    (run_in(StateType.RUNNING, age=LATE), False, "nobody said where it runs"),
]


@pytest.mark.parametrize(("flow_run", "lost", "reason"), LOST_RUNS)
def test_only_a_run_of_this_machine_without_a_process_is_lost(flow_run: FlowRun, lost: bool, reason: str) -> None:
    aged = flow_run.model_copy(deep=True)
    if aged.state:
        # The cases are made when the module is imported, which may be long ago.
        aged.state = aged.state.model_copy(update={"timestamp": aged.state.timestamp + (now() - IMPORTED)})
    assert is_lost(aged, CLAIM) is lost, reason


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (-9, "its process was ended by signal 9 (SIGKILL)"),
        (-15, "its process was ended by signal 15 (SIGTERM)"),
        (3, "its process ended with status 3; the worker's log says why"),
    ],
)
def test_an_exit_status_is_said_in_words(status: int, words: str) -> None:
    assert how_it_ended(status) == words


FETCH = {"prefect.deployments.steps.git_clone": {"repository": "x"}}


@pytest.mark.parametrize(
    ("entrypoint", "steps", "expected", "reason"),
    [
        ("flows.run_job.run_job", HERE, "flows.run_job.run_job", "our own register"),
        ("flows.run_job.run_job", None, "flows.run_job.run_job", "nothing to fetch"),
        ("flows.run_job.run_job", [FETCH], None, "the code must be fetched: Prefect loads it"),
        ("flows/run_job.py:run_job", HERE, None, "a file, not a module: Prefect loads it"),
        (None, HERE, None, "Prefect says what is wrong with it"),
    ],
)
def test_a_flow_is_taken_from_what_is_loaded_only_when_it_is_the_same(
    entrypoint: str | None, steps: list[dict[str, Any]] | None, expected: str | None, reason: str
) -> None:
    deployment = DeploymentResponse(name="x", flow_id=uuid4(), entrypoint=entrypoint, pull_steps=steps)
    assert module_entrypoint(deployment) == expected, reason
