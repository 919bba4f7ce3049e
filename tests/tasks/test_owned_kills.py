"""A kill of an owned command: proven, before its start, after its end, and asked for again."""

import os
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from models.vocabulary import Outcome
from tasks.tools.ssh import HostPool, Target
from tests.drills.ssh_lab import new_key, shell, until
from tests.tasks.owned_lab import diary, has, in_thread, lose

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_a_kill_is_proven_and_escaped_children_are_named(here: Target, pool: HostPool) -> None:
    owned = shell("setsid sleep 71 & sleep 72 & sleep 73")
    thread, results = in_thread(pool, here, owned)
    until(lambda: has(diary(here, owned.key), "started"))
    time.sleep(0.2)
    proof = pool.kill(here, owned.key, 2)
    thread.join()
    assert (proof.outcome, proof.gone, proof.survivors) == (Outcome.KILLED, True, ())
    assert [name.partition(":")[2] for name in proof.escaped] == ["sleep"]
    assert proof.signals == ("TERM",)
    assert (results[0].outcome, results[0].message) == (Outcome.KILLED, "killed on request")
    collected = pool.collect(here, owned.key)
    assert collected is not None
    assert collected.outcome is Outcome.KILLED


def test_a_command_that_ignores_term_is_killed_after_the_grace(tmp_path: Path, here: Target, pool: HostPool) -> None:
    owned = shell(f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 0.1; done")
    thread, _ = in_thread(pool, here, owned)
    until((tmp_path / "deaf").exists)
    proof = pool.kill(here, owned.key, 1)
    thread.join()
    assert (proof.outcome, proof.signals) == (Outcome.KILLED, ("TERM", "KILL"))


def test_a_proof_names_the_kill_that_the_deadlines_keeper_sent_first(
    tmp_path: Path, here: Target, pool: HostPool
) -> None:
    owned = shell(f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 0.1; done", kill_grace_seconds=1)
    thread, _ = in_thread(pool, here, owned)
    until((tmp_path / "deaf").exists)
    proof = pool.kill(here, owned.key, 10)
    thread.join()
    assert (proof.outcome, proof.signals) == (Outcome.KILLED, ("TERM", "KILL"))
    assert proof.message.startswith("gone after TERM and KILL")


def test_a_kill_before_the_turn_came_means_that_nothing_ever_ran(tmp_path: Path, here: Target, pool: HostPool) -> None:
    holder, waiter = shell("sleep 30", lock="turn"), shell(f"touch {tmp_path}/ran", lock="turn", lock_wait_seconds=30)
    first, _ = in_thread(pool, here, holder)
    until(lambda: has(diary(here, holder.key), "started"))
    second, results = in_thread(pool, here, waiter)
    until(lambda: has(diary(here, waiter.key), "claimed"))
    assert pool.kill(here, waiter.key, 1).outcome is Outcome.KILLED
    second.join()
    pool.kill(here, holder.key, 1)
    first.join()
    assert results[0].outcome is Outcome.KILLED
    assert not (tmp_path / "ran").exists()


def test_a_kill_of_what_had_ended_before_tells_its_true_end(here: Target, pool: HostPool) -> None:
    owned = shell("exit 3")
    pool.run(here, owned)
    before = diary(here, owned.key).read_text()
    proof = pool.kill(here, owned.key)
    assert (proof.outcome, proof.signals, proof.gone) == (Outcome.FAILED, (), True)
    collected = pool.collect(here, owned.key)
    assert collected is not None
    assert (diary(here, owned.key).read_text(), collected.exit_code) == (before, 3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "a plain command"),
        ({"argv": (), "script": b"#!/bin/sh\necho ran >> ran\n"}, "a script, which is sent after the request"),
        ({"lock": "late", "lock_wait_seconds": 5}, "one that would wait for its turn"),
        ({"repeat": True}, "one that may be started twice"),
    ],
)
def test_a_kill_that_comes_before_the_start_keeps_the_command_from_ever_starting(
    tmp_path: Path, pool: HostPool, changes: dict[str, object], reason: str
) -> None:
    target = Target("new", connection="local", run_directory=str(tmp_path / "watchbill"))
    owned = replace(shell(f"echo ran >> {tmp_path}/ran"), **changes)  # type: ignore[arg-type]  # fields by name
    proof = pool.kill(target, owned.key)
    assert (proof.outcome, proof.gone, proof.signals) == (Outcome.KILLED, True, ()), reason
    assert proof.message == "the host has no trace of it; it will refuse to start it"
    for _ in range(2):
        late = pool.run(target, owned)
        assert (late.outcome, late.fault) == (Outcome.KILLED, None), reason
        assert late.message == "killed before its turn: the host does not start it"
    assert not (tmp_path / "ran").exists(), reason
    assert pool.kill(target, owned.key).outcome is Outcome.KILLED
    collected = pool.collect(target, owned.key)
    assert collected is not None
    assert collected.outcome is Outcome.KILLED


@pytest.mark.parametrize(
    ("lines", "words", "reason"),
    [
        ("", "the host has no trace of it; it will refuse", "its diary was only begun"),
        ("claimed 1 1 {boot} 1.00 99999999\n", "the host had not begun it; it will refuse", "lost before it began"),
        ("claimed 1 1 {boot} 1.00 99999999\nstarted 1.00\n", "the host had lost it: nothing", "lost while it ran"),
        ("claimed 1 1 other-boot 1.00 99\nstarted 1.00\n", "the host had lost it: nothing", "the host restarted"),
    ],
)
def test_a_kill_of_what_was_lost_lets_no_second_life_begin(
    tmp_path: Path, here: Target, pool: HostPool, lines: str, words: str, reason: str
) -> None:
    owned = shell(f"touch {tmp_path}/ran", repeat=True)
    diary(here, owned.key).parent.mkdir(parents=True, exist_ok=True)
    diary(here, owned.key).write_text(lines.format(boot=BOOT))
    proof = pool.kill(here, owned.key)
    assert (proof.outcome, proof.gone) == (Outcome.KILLED, True), reason
    assert proof.message.startswith(words), reason
    assert pool.run(here, owned).outcome is Outcome.KILLED, reason
    assert not (tmp_path / "ran").exists(), reason


def test_a_second_life_is_killed_like_a_first_one(tmp_path: Path, here: Target, pool: HostPool) -> None:
    owned = shell(f"echo ran >> {tmp_path}/ran; sleep 30", repeat=True)
    lose(here, owned)
    thread, results = in_thread(pool, here, owned)
    until(lambda: has(diary(here, f"{owned.key}~2"), "started"))
    proof = pool.kill(here, owned.key, 1)
    thread.join()
    assert (proof.outcome, proof.signals, results[0].outcome) == (Outcome.KILLED, ("TERM",), Outcome.KILLED)


def test_a_start_and_a_kill_at_the_same_moment_see_each_other(tmp_path: Path, here: Target, pool: HostPool) -> None:
    for number in range(12):
        ran = tmp_path / f"ran-{number}"
        owned = shell(f"touch {ran}; sleep 30")
        thread, results = in_thread(pool, here, owned)
        time.sleep(number * 0.004)  # a start takes some 20 ms: before, amid and after its claim
        proof = pool.kill(here, owned.key, 1)
        thread.join()
        assert (proof.outcome, proof.gone, results[0].outcome) == (Outcome.KILLED, True, Outcome.KILLED)
        assert proof.signals or not ran.exists(), "where nothing was ended, nothing had begun"


def test_a_command_that_ended_by_itself_is_not_called_killed_because_a_kill_was_on_its_way(
    tmp_path: Path, here: Target, pool: HostPool
) -> None:
    owned = shell(f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; exit 4")
    thread, results = in_thread(pool, here, owned)
    until(lambda: has(diary(here, owned.key), "started"))
    diary(here, owned.key).with_suffix(".killed").touch()  # what a kill does first; then it looks
    (tmp_path / "go").touch()
    thread.join()
    assert (results[0].outcome, results[0].exit_code) == (Outcome.FAILED, 4)
    proof = pool.kill(here, owned.key)
    assert (proof.outcome, proof.message) == (Outcome.FAILED, "had ended before: exit code 4")


@pytest.mark.parametrize(
    ("end", "outcome", "reason"),
    [
        ("exit 143 killed 2.00 ", Outcome.KILLED, "the first kill could not end all of it"),
        ("exit 124 deadline 2.00 ", Outcome.TIMED_OUT, "the deadline could not"),
    ],
)
def test_what_survived_an_end_is_ended_by_a_kill_that_comes_later(
    here: Target, pool: HostPool, end: str, outcome: Outcome, reason: str
) -> None:
    key = new_key()
    diary(here, key).parent.mkdir(parents=True, exist_ok=True)
    diary(here, key).write_text(f"claimed 1 1 {BOOT} 1.00 99\nstarted 1.00\n{end}\nkept 0 - 0 -\n")
    survivor = subprocess.Popen(["sleep", "60"], env={**os.environ, "WATCHBILL_STEP": key})
    reaper = threading.Thread(target=survivor.wait)
    reaper.start()
    proof = pool.kill(here, key, 1)
    reaper.join(5)
    assert survivor.returncode == -15, reason
    assert (proof.outcome, proof.gone, proof.signals) == (outcome, True, ("TERM",)), reason
    again = pool.kill(here, key, 1)
    assert (again.outcome, again.gone, again.signals) == (outcome, True, ()), reason


def test_a_kill_that_can_leave_no_mark_is_not_confirmed(tmp_path: Path, pool: HostPool) -> None:
    (tmp_path / "file").write_text("")
    target = Target("full", connection="local", run_directory=str(tmp_path / "file/watchbill"))
    proof = pool.kill(target, new_key())
    assert (proof.outcome, proof.gone) == (Outcome.KILL_UNCONFIRMED, False)
    assert proof.message.startswith("nothing keeps the host from starting it later: Not a directory")
