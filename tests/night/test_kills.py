"""Parts of a running Watchbill are killed while a night goes on: every run ends once, with its true outcome."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest

from models import clock
from models.records import Slot
from models.vocabulary import Outcome, RunState, SlotState, StepState
from tests.stack import Stack, job_of, once_at, until

pytestmark = [pytest.mark.drill, pytest.mark.fault, pytest.mark.timeout(900)]


def slow(name: str, seconds: int, code: int = 7) -> str:
    """A job that leaves its mark, takes its time, and ends with a code of its own."""
    return job_of(name, f"echo x >> ~/{name}; sleep {seconds}; exit {code}")


def kill_worker(stack: Stack, _number: str) -> None:
    ready = stack.heard("worker", "ready after")
    stack.kill("worker")
    stack.until_heard("worker", "ready after", ready)


def kill_run_process(stack: Stack, number: str) -> None:
    os.kill(stack.process_of(number), signal.SIGKILL)


def kill_everything_but_the_planner(stack: Stack, _number: str) -> None:
    ready = {name: stack.heard(name, "ready after") for name in ("prefect", "relay", "worker")}
    for name in ready:
        stack.kill(name)
    for name, times in ready.items():
        stack.until_heard(name, "ready after", times)


@pytest.mark.parametrize(
    "kill", [kill_worker, kill_run_process, kill_everything_but_the_planner], ids=lambda kill: kill.__name__
)
def test_a_command_whose_controller_was_killed_runs_once_and_its_true_exit_code_is_collected(
    stack: Stack, kill: Callable[[Stack, str], None]
) -> None:
    name = kill.__name__.replace("_", "-")
    stack.reapply(slow(name, 6))
    number = stack.run(name)
    stack.until_effect(name)
    first = stack.process_of(number)
    kill(stack, number)
    until(lambda: not stack.is_there(first), why=stack.explain)
    stack.expire_lease(number)
    run = stack.wait(number)
    assert run.summary == "not ok on 1 of 1 hosts: web1 exit code 7"
    assert (run.outcome, run.fence, run.recoveries) == (Outcome.FAILED, 2, 1)
    assert stack.effects(name) == ["x"], "it was started exactly once"
    (step,) = stack.steps(number)
    assert (step.state, step.exit_code, step.attached) == (StepState.ENDED, 7, True)
    assert stack.moves(number) == ["dispatch", "claim", "lose", "claim", "end"]
    rows = [(row.task, row.outcome) for row in stack.task_log(number) if row.host]
    assert rows == [("run-on-hosts", Outcome.UNKNOWN), ("run-on-hosts", Outcome.FAILED)]


def test_a_controller_that_was_frozen_past_its_lease_changes_nothing_when_it_wakes(stack: Stack) -> None:
    stack.reapply(slow("frozen", 6))
    number = stack.run("frozen")
    stack.until_effect("frozen")
    old = stack.process_of(number)
    with stack.frozen(old):
        stack.expire_lease(number)
        run = stack.wait(number)
        log = stack.task_log(number)
    until(lambda: not stack.is_there(old), why=stack.explain)
    after = stack.record(number)
    assert (after.outcome, after.summary, after.ended_at, after.fence) == (run.outcome, run.summary, run.ended_at, 2)
    assert stack.effects("frozen") == ["x"]
    assert stack.moves(number) == ["dispatch", "claim", "lose", "claim", "end"]
    told = {row.id: row for row in stack.task_log(number)}
    for row in log:
        # A row that was given up as unknown may get its own last word after all.
        assert told.pop(row.id).outcome is row.outcome or row.outcome is Outcome.UNKNOWN
    assert all("StaleClaim" in (row.message or "") for row in told.values()), "all else it did was to be refused"


def test_a_slot_that_is_due_while_the_planner_is_dead_runs_once_after_its_restart(stack: Stack) -> None:
    due = clock.now() + timedelta(seconds=4)
    stack.reapply(job_of("planner-dies", "echo x >> ~/planner-dies", once_at(due)))
    until(lambda: stack.slots("planner-dies"), why=stack.explain)
    ready = stack.heard("planner", "ready after")
    with stack.stopped("planner"):
        until(lambda: clock.now() > due + timedelta(seconds=1))
        assert [slot.state for slot in stack.slots("planner-dies")] == [SlotState.EXPECTED]
        stack.kill("planner")
    stack.until_heard("planner", "ready after", ready)
    run = stack.wait(stack.wait_for_run_of("planner-dies"))
    assert run.outcome is Outcome.OK
    assert stack.effects("planner-dies") == ["x"]
    assert [slot.state for slot in stack.slots("planner-dies")] == [SlotState.DONE]


def test_two_planners_at_once_start_each_slot_once(stack: Stack) -> None:
    due = clock.now() + timedelta(seconds=8)
    names = [f"twice-{number}" for number in range(1, 4)]
    stack.reapply("".join(job_of(name, f"echo x >> ~/{name}", once_at(due)) for name in names))
    with stack.another("planner"):
        ended = [stack.wait(stack.wait_for_run_of(name)) for name in names]
    assert [run.outcome for run in ended] == [Outcome.OK] * 3
    assert [stack.effects(name) for name in names] == [["x"]] * 3
    slots = stack.all_of(Slot, Slot.job.in_(names))
    assert [slot.state for slot in slots] == [SlotState.DONE] * 3


def test_of_two_flow_runs_for_one_run_one_executes(stack: Stack) -> None:
    stack.reapply(slow("copied", 3, code=0))
    number = stack.run("copied")
    stack.until_effect("copied")
    order = {"order": {"run": number, "attempt": 1}}
    with stack.prefect() as prefect:
        beside = prefect.create_run("job-copied", order, "a copy beside it")
        assert stack.wait(number).outcome is Outcome.OK
        after = prefect.create_run("job-copied", order, "a copy after it")
        for copy in (beside, after):
            until(lambda: prefect.state_of(copy) == "FAILED", why=stack.explain)  # noqa: B023 - used at once
    assert stack.effects("copied") == ["x"]
    assert stack.moves(number) == ["dispatch", "claim", "end"]
    refused = [row.message for row in stack.task_log(number) if row.outcome is Outcome.FAILED]
    assert [f"StaleClaim: {number} is" in (message or "") for message in refused] == [True, True]


def test_a_retry_outlives_the_worker_and_the_planner(stack: Stack) -> None:
    script = "echo $WATCHBILL_ATTEMPT >> ~/retried; mkdir ~/retried-first && exit 5; true"
    stack.reapply(job_of("retried", script, "retry: {attempts: 1, delay: 6s}\nrepeat: safe\n"))
    number = stack.run("retried")
    waiting = stack.wait(number, RunState.RETRY_WAIT)
    stack.kill("planner")
    stack.kill("worker")
    run = stack.wait(number)
    assert (run.outcome, run.attempt) == (Outcome.OK, 2)
    assert stack.effects("retried") == ["1", "2"]
    second = stack.steps(number)[1]
    assert waiting.next_attempt_at is not None
    assert second.intended_at >= waiting.next_attempt_at, "the delay counts from the failure, not from the restart"
