"""What happens on the hosts of a running Watchbill: kills, lost lines, full disks, files to wait for, blackouts."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deployments.lab.processes import marked
from desk.services.runs import kill_run, read_run
from models import clock
from models.errors import Refused
from models.orders.run_job import run_id_of
from models.queries import recovery, runs
from models.records import Output
from models.vocabulary import HostFault, Outcome, RunState, SlotState
from tests.servers import need_root
from tests.stack import Stack, job_of, once_at, until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


def alive(stack: Stack, number: str) -> list[int]:
    """The processes that a run has on its hosts."""
    return [pid for step in stack.steps(number) for pid in marked(f"WATCHBILL_STEP={step.key}")]


def kill(stack: Stack, number: str) -> str:
    said, _ = kill_run(stack.database, number, "ann", "it hangs", clock.now())
    return said


def test_a_command_that_ignores_term_is_killed_with_proof(stack: Stack) -> None:
    script = "trap '' TERM HUP; echo x >> ~/stubborn; while :; do sleep 0.2; done"
    stack.reapply(job_of("stubborn", script, on="host in (web1, web2)"))
    number = stack.run("stubborn")
    stack.until_effect("stubborn")
    stack.until_effect("stubborn", "web2")
    assert len(alive(stack, number)) >= 2
    assert kill(stack, number) == "its hosts are told to end it"
    run = stack.wait(number)
    assert run.outcome is Outcome.KILLED
    assert alive(stack, number) == []
    assert {step.outcome for step in stack.steps(number)} == {Outcome.KILLED}
    until(lambda: [row.task for row in stack.task_log(number)].count("record-proofs"), why=stack.explain)
    until(lambda: all(row.outcome for row in stack.task_log(number)), why=stack.explain)


@pytest.mark.fault
def test_a_kill_whose_host_is_gone_is_unconfirmed_until_the_host_itself_says_more(stack: Stack) -> None:
    stack.reapply(job_of("gone", "echo x >> ~/gone; sleep 300", "deadline: 5m\n", on="host in (web2, web3)"))
    number = stack.run("gone")
    stack.until_effect("gone", "web2")
    stack.until_effect("gone", "web3")
    stack.lab.stop_host("web2")
    try:
        kill(stack, number)
        until(lambda: all(step.outcome for step in stack.steps(number)), why=lambda: stack.explain(number))
        outcomes = {step.host: step.outcome for step in stack.steps(number)}
        assert outcomes == {"web2": Outcome.KILL_UNCONFIRMED, "web3": Outcome.KILLED}
        assert len(alive(stack, number)) > 0, "it does live on: unconfirmed was the truth"
        assert stack.record(number).state is RunState.RUNNING, "nobody gives up a host before its deadline"
    finally:
        stack.lab.start_host("web2")
    kill(stack, number)
    assert stack.wait(number).outcome is Outcome.KILLED
    assert alive(stack, number) == []


@pytest.mark.fault
def test_a_run_that_was_given_up_in_doubt_is_killed_again_and_settled(stack: Stack) -> None:
    stack.reapply(job_of("doubtful", "echo x >> ~/doubtful; sleep 300", "deadline: 5m\n"))
    number = stack.run("doubtful")
    stack.until_effect("doubtful")
    os.kill(stack.process_of(number), signal.SIGKILL)
    with stack.database.write() as session:
        runs.get(session, run_id_of(number)).recoveries = recovery.MOST_RECOVERIES
    stack.expire_lease(number)
    assert stack.wait(number).outcome is Outcome.UNKNOWN
    assert len(alive(stack, number)) > 0, "unknown was the truth"
    assert kill(stack, number) == "its hosts are asked again, and told to end it"
    until(lambda: read_run(stack.database, number).has_ended, why=lambda: stack.explain(number))
    assert stack.record(number).outcome is Outcome.KILLED
    assert alive(stack, number) == []
    assert stack.moves(number) == ["dispatch", "claim", "give-up", "request-kill", "settle"]
    with pytest.raises(Refused, match="no host is in doubt"):
        kill(stack, number)


def test_killing_a_job_that_is_a_flow_ends_its_process_and_its_run(stack: Stack) -> None:
    report = "order: {report: daily-operations}\n"
    stack.reapply(f"renders:\n  title: Render\n  owner: ops\n  runbook: call ops\n  flow: render_report\n  {report}")
    for _ in range(5):
        number = stack.run("renders")
        until(lambda: stack.record(number).state is not RunState.DISPATCHED, why=stack.explain)  # noqa: B023
        process = stack.process_of(number)
        with stack.frozen(process):
            if stack.record(number).state is not RunState.RUNNING:
                continue  # it was faster than we
            kill(stack, number)
            until(lambda: not stack.is_there(process), why=stack.explain)  # noqa: B023
        break
    run = stack.record(number)
    assert run.state is RunState.RUNNING
    with stack.prefect() as prefect:
        until(lambda: prefect.state_of(run.flow_run_id or "") == "CANCELLED", why=stack.explain)
    stack.expire_lease(number)
    run = stack.wait(number)
    assert run.outcome is Outcome.KILLED
    assert stack.moves(number) == ["dispatch", "claim", "request-kill", "give-up"]


@pytest.mark.fault
def test_a_line_that_is_cut_under_a_command_costs_nothing(stack: Stack) -> None:
    stack.reapply(job_of("cut", "echo x >> ~/cut; sleep 4; echo told; exit 7", on="host=web3"))
    number = stack.run("cut")
    stack.until_effect("cut", "web3")
    for session in stack.lab.sessions("web3"):
        os.kill(session, 9)
    run = stack.wait(number)
    assert run.summary == "not ok on 1 of 1 hosts: web3 exit code 7"
    assert stack.effects("cut", "web3") == ["x"]
    (row,) = [row for row in stack.task_log(number) if row.host]
    assert [output.head for output in stack.all_of(Output, Output.task_log_id == row.id)] == [b"told\n"]


def test_a_flood_of_output_is_kept_in_part_and_measured_whole(stack: Stack) -> None:
    script = "head -c 3000000 /dev/zero | tee /dev/stderr; echo end"
    stack.reapply(job_of("flood", script))
    number = stack.run("flood")
    assert stack.wait(number).outcome is Outcome.OK
    (row,) = [row for row in stack.task_log(number) if row.host]
    kept = {output.stream: output for output in stack.all_of(Output, Output.task_log_id == row.id)}
    assert {name: output.size_bytes for name, output in kept.items()} == {"stdout": 3_000_004, "stderr": 3_000_000}
    assert {len(output.head) for output in kept.values()} == {65_536}
    assert kept["stdout"].tail.endswith(b"\0end\n")


@pytest.fixture
def full_disk(stack: Stack) -> Iterator[Path]:
    """The run directory of web2 on a disk of 2 MB that is full."""
    need_root()
    folder = Path(stack.lab.host("web2").run_directory)
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(folder)], check=True)
    try:
        filler = os.open(folder / "filler", os.O_CREAT | os.O_WRONLY)
        with contextlib.suppress(OSError):
            while True:
                os.write(filler, b"x" * 4096)
        os.close(filler)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.fault
def test_a_full_disk_on_a_host_is_named_and_nothing_starts_there(stack: Stack, full_disk: Path) -> None:
    stack.reapply(job_of("full", "echo x >> ~/full", on="host in (web1, web2)"))
    number = stack.run("full")
    run = stack.wait(number)
    assert run.outcome is Outcome.PARTIAL
    (step,) = [step for step in stack.steps(number) if step.host == "web2"]
    assert (step.outcome, step.fault) == (Outcome.FAILED, HostFault.UNUSABLE)
    assert "No space left on device" in (step.message or "")
    assert (stack.effects("full"), stack.effects("full", "web2")) == (["x"], [])
    (full_disk / "filler").unlink()
    assert stack.wait(stack.run("full")).outcome is Outcome.OK


def test_a_job_waits_for_its_file_and_then_runs(stack: Stack) -> None:
    ready = stack.lab.host("web2").folder / "home" / "ready"
    wanted = f"wait_for_file: {{host: web2, path: {ready}, up_to: 5m}}\n"
    stack.reapply(job_of("waits", "echo x >> ~/waits", wanted))
    number = stack.run("waits")
    looks = Path(stack.lab.host("web2").run_directory) / "runs"
    until(lambda: list(looks.rglob(f"{number}-*-file-*.state")), why=stack.explain)
    assert stack.effects("waits") == []
    ready.touch()
    assert stack.wait(number).outcome is Outcome.OK
    assert stack.effects("waits") == ["x"]


def test_a_blackout_that_began_while_the_run_waited_for_a_worker_wins(stack: Stack) -> None:
    jobs = job_of(
        "late", "echo x >> ~/late", once_at(clock.now() + timedelta(seconds=3)) + "calendars: {never: [freeze]}\n"
    )
    stack.reapply(jobs, freeze("2020-01-01T00:00:00", "2020-01-02T00:00:00"))
    with stack.stopped("worker"):
        number = stack.wait_for_run_of("late")
        stack.wait(number, RunState.DISPATCHED)
        until(lambda: stack.record(number).flow_run_id, why=stack.explain)
        stack.reapply(jobs, freeze("2020-01-01T00:00:00", "2100-01-01T00:00:00"))
    run = stack.wait(number)
    assert run.outcome is Outcome.MISSED
    assert "reached its worker" in (run.summary or "")
    assert "the stock is counted" in (run.summary or "")
    assert stack.effects("late") == []
    assert [slot.state for slot in stack.slots("late")] == [SlotState.MISSED]


def freeze(starts: str, ends: str) -> str:
    window = f"{{starts: {starts}, ends: {ends}, reason: the stock is counted}}"
    return f"calendars:\n  freeze:\n    windows:\n      - {window}\n"
