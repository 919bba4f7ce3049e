"""Kills over real sshd: one that overtakes its command, and one that is asked for again."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.lab import Lab
from deployments.lab.processes import marked
from models.vocabulary import Outcome
from tasks.tools.ssh import HostPool
from tests.drills.ssh_lab import as_target, shell, until
from tests.servers import need
from tests.tasks.owned_lab import diary, has, in_thread

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=2) as lab:
        yield lab


@pytest.fixture
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


def test_a_kill_that_overtakes_the_start_leaves_nothing_to_start(lab: Lab, pool: HostPool, tmp_path: Path) -> None:
    """The start waits in a shell of the host that was stopped; the kill comes by another connection meanwhile."""
    target = as_target(lab.hosts[0])
    first = shell("true")
    assert pool.run(target, first).outcome is Outcome.OK, "its shell now waits for the next request"
    idle = [int(shell_id) for shell_id in _waiting_shells(lab.hosts[0].folder)]
    assert idle
    late = shell(f"touch {tmp_path}/ran")
    for shell_id in idle:
        os.kill(shell_id, signal.SIGSTOP)
    try:
        thread, results = in_thread(pool, target, late)
        time.sleep(0.5)
        with HostPool() as other:
            proof = other.kill(target, late.key, 1)
    finally:
        for shell_id in idle:
            os.kill(shell_id, signal.SIGCONT)
    thread.join()
    assert (proof.outcome, proof.gone, proof.signals) == (Outcome.KILLED, True, ())
    assert proof.message == "the host has no trace of it; it will refuse to start it"
    assert (results[0].outcome, results[0].attached) == (Outcome.KILLED, False)
    assert not (tmp_path / "ran").exists()
    assert pool.run(target, shell("echo next")).stdout.text() == "next\n"


def _waiting_shells(home: Path) -> list[str]:
    """The wrappers of one lab host that wait for a request: nobody else's shell has that last argument and home."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            is_there = (folder / "cwd").resolve().is_relative_to(home)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if words[-2:-1] == [b"watchbill"] and is_there:
            found.append(folder.name)
    return found


def test_starts_and_kills_that_race_over_two_connections_agree(lab: Lab, pool: HostPool, tmp_path: Path) -> None:
    target = as_target(lab.hosts[1])
    pool.run(target, shell("true"))
    with HostPool() as other:
        other.run(target, shell("true"))
        for number in range(10):
            ran = tmp_path / f"ran-{number}"
            owned = shell(f"touch {ran}; sleep 30")
            thread, results = in_thread(pool, target, owned)
            time.sleep(number * 0.004)
            proof = other.kill(target, owned.key, 1)
            thread.join()
            assert (proof.outcome, proof.gone, results[0].outcome) == (Outcome.KILLED, True, Outcome.KILLED)
            assert proof.signals or not ran.exists()
            assert marked(f"WATCHBILL_STEP={owned.key}") == []


def test_a_kill_that_could_not_be_confirmed_is_confirmed_when_the_host_is_back(lab: Lab, pool: HostPool) -> None:
    host = lab.hosts[0]
    target, owned = as_target(host), shell("sleep 60")
    thread, results = in_thread(pool, target, owned)
    until(lambda: has(diary(target, owned.key), "started"))
    with HostPool() as other:
        away = other.kill(as_target(host, port=1), owned.key, 1)
        assert (away.outcome, away.gone) == (Outcome.KILL_UNCONFIRMED, False)
        back = other.kill(target, owned.key, 1)
    thread.join()
    assert (back.outcome, back.gone, back.signals) == (Outcome.KILLED, True, ("TERM",))
    assert results[0].outcome is Outcome.KILLED
