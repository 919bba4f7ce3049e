"""kill -9 while restic works: no false point, the next take works, and only a dead owner's lock goes (F5)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.errors import BackupError
from models.settings import CHECKOUT
from models.vocabulary import BackupFault
from tasks.tools.backup.owners import is_dead
from tests.drills.restic_lab import Vault, vault
from tests.drills.ssh_lab import until

__all__ = ["vault"]
pytestmark = [pytest.mark.drill, pytest.mark.fault]


@pytest.mark.parametrize("moment", [0.05, 0.3, 0.7, 1.1, 1.5, 2.0])
def test_a_worker_that_dies_at_any_moment_leaves_no_false_point(vault: Vault, moment: float) -> None:
    vault.fill(120)
    with _worker(vault, "RUN1", "tree") as worker:
        assert worker.stdout
        worker.stdout.readline()
        time.sleep(moment)  # the moment is what is tried
        worker.kill()
        worker.wait()
    until(lambda: not _restics(vault), 20)
    whole = vault.engine.points("shop")
    for point in whole:  # it had ended just before: then it is whole, whether its manifest was written or not
        assert vault.restored(point.point_id, f"copy-{point.point_id[:8]}")
        assert _size(vault.folder / f"copy-{point.point_id[:8]}") == 120 << 20
    vault.engine.unlock(is_dead)
    assert vault.engine.lock_owners() == []
    taken = vault.take("RUN2")
    assert [point.run for point in vault.engine.points("shop")] == [*(point.run for point in whole), "RUN2"]
    vault.prove(taken)
    assert vault.engine.check(None).faults == ()


def test_a_worker_that_dies_while_it_feeds_leaves_no_half_stream(vault: Vault) -> None:
    with _worker(vault, "RUN1", "stream") as worker:
        assert worker.stdout
        while b"hangs" not in worker.stdout.readline():
            pass
        until(lambda: _restics(vault))
        worker.kill()
        worker.wait()
    until(lambda: not _restics(vault), 20)
    assert vault.engine.points("shop") == [], "restic saw no end of its input"
    (owner,) = vault.engine.lock_owners()
    assert is_dead(owner)
    assert vault.engine.unlock(is_dead) == [owner]
    assert vault.engine.check(None).faults == ()


def test_restic_itself_killed_is_an_error_and_its_lock_goes_when_it_is_proven_dead(vault: Vault) -> None:
    vault.fill(4)
    with _worker(vault, "RUN1", "stream") as worker:
        assert worker.stdout
        while b"hangs" not in worker.stdout.readline():
            pass
        (owner,) = vault.engine.lock_owners()
        with pytest.raises(BackupError, match=f"process {owner.pid}") as raised:
            vault.engine.unlock(is_dead)
        assert raised.value.fault is BackupFault.LOCKED, "it lives"
        with pytest.raises(BackupError) as raised:
            vault.engine.check(None)
        assert raised.value.fault is BackupFault.LOCKED
        os.kill(owner.pid, signal.SIGKILL)
        words = worker.communicate(timeout=60)
        assert b"engine failed" in words[1]
        assert worker.returncode == 1
    assert vault.engine.points("shop") == []
    with pytest.raises(BackupError) as raised:
        vault.engine.check(None)
    assert raised.value.fault is BackupFault.LOCKED, "the lock outlived it"
    assert vault.engine.unlock(is_dead) == [owner]
    vault.prove(vault.take("RUN2"))


@contextmanager
def _worker(vault: Vault, run: str, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.drills.restic_worker", str(vault.program), str(vault.folder), run, kind]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def _restics(vault: Vault) -> list[int]:
    """The restics that work on this repository."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"RESTIC_REPOSITORY={vault.repository}".encode() in (path / "environ").read_bytes().split(b"\0"):
                found.append(int(path.name))
        except (OSError, ProcessLookupError):
            continue
    return found


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
