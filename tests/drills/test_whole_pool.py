"""The whole of Watchbill with Prefect's own process worker: nothing but a setting is different."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from deployments.engine.prefect_environment import engine_environment
from deployments.engine.prefect_server import known_port
from deployments.engine.up import part_environment
from models.settings import CHECKOUT
from models.vocabulary import Outcome, RunState
from tests.stack import Stack, job_of, running_stack, until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]
SLOW_SECONDS = 300
"""Prefect's own worker looks for work every two seconds and loads everything anew for each run."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("pool")
    with running_stack(folder, work_pool="night", work_pool_type="process") as running:
        yield running


def told(stack: Stack, *words: str, **chosen: str) -> Any:
    """What a command of this home answers."""
    environment = {**engine_environment(stack.settings.home, port=known_port(stack.settings.home))}
    code = "from desk.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--json"],
        env={**environment, **part_environment(stack.settings), **chosen},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return json.loads(done.stdout)


def test_a_setting_is_all_that_prefects_own_worker_needs(stack: Stack) -> None:
    stack.reapply(job_of("stock", "echo x >> ~/stock; exit 3", on="host in (web1, web2)"))
    number = stack.run("stock")
    run = stack.wait(number, seconds=SLOW_SECONDS)
    assert run.summary == "not ok on 2 of 2 hosts: web1 exit code 3; web2 exit code 3"
    assert (run.state, run.outcome) == (RunState.ENDED, Outcome.FAILED)
    assert stack.effects("stock") == stack.effects("stock", "web2") == ["x"]
    assert {row.task for row in stack.task_log(number)} == {"claim-run", "run-on-hosts", "close-run"}
    assert all(row.outcome for row in stack.task_log(number))
    assert stack.moves(number) == ["dispatch", "claim", "end"]
    with stack.prefect() as prefect:
        until(lambda: prefect.state_of(run.flow_run_id or "") == "COMPLETED", why=stack.explain)


def test_a_worker_that_prefects_own_command_starts_is_enough(stack: Stack) -> None:
    stack.reapply(job_of("by-hand", "echo x >> ~/by-hand"))
    with stack.stopped("worker"), stack.another("worker", "-m", "prefect", "worker", "start", "--pool", "night"):
        run = stack.wait(stack.run("by-hand"), seconds=SLOW_SECONDS)
    assert (run.outcome, stack.effects("by-hand")) == (Outcome.OK, ["x"])


def test_the_doctor_and_the_plan_look_at_the_chosen_pool(stack: Stack) -> None:
    def finding(**chosen: str) -> tuple[str, str]:
        (found,) = [one for one in told(stack, "doctor", **chosen)["findings"] if one["what"] == "work pool"]
        return found["state"], found["text"]

    state, text = finding()
    assert state == "ok"
    assert re.fullmatch(r"night \(process\), [12] workers? online", text), text
    assert finding(WATCHBILL_WORK_POOL_TYPE="watchbill-warm")[0] == "fail"


def test_the_plan_shows_a_changed_pool(stack: Stack) -> None:
    def changes() -> dict[str, list[str]] | None:
        found: dict[str, list[str]] = told(stack, "plan", WATCHBILL_WORK_POOL="day")["prefect"]
        return found if "job-stay" in found["changed"] else None

    stack.reapply(job_of("stay", "true"))
    found = until(changes, why=stack.explain)
    assert found["added"] == ["work pool day (process)"]
    assert found["changed"][0] == "work pool day instead of night"
