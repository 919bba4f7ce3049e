"""A host whose disk is full: nothing is started by half, and no command dies of it (F20)."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import HostPool, Target
from tests.drills.ssh_lab import shell
from tests.servers import need_root

pytestmark = [pytest.mark.drill, pytest.mark.fault]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 KiB, for the run directory."""
    need_root()
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_starts_nothing(small: Path, tmp_path: Path) -> None:
    target = Target("here", connection="local", run_directory=str(small / "watchbill"))
    with HostPool() as pool:
        assert pool.run(target, shell("true")).outcome is Outcome.OK
        _fill(small)
        result = pool.run(target, shell(f"touch {tmp_path}/ran"))
        assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.UNUSABLE)
        assert "No space left" in result.message
        assert not (tmp_path / "ran").exists()
        trouble = pool.trouble(target)
        assert trouble is not None
        assert "No space left" in str(trouble)


def test_a_command_outlives_a_disk_that_fills_while_it_runs(small: Path, tmp_path: Path) -> None:
    target = Target("here", connection="local", run_directory=str(small / "watchbill"))
    line = f"seq 1 100000; head -c 400000 /dev/zero > {small}/rest; seq 1 100000 >&2; touch {tmp_path}/end; exit 4"
    with HostPool() as pool:
        result = pool.run(target, shell(line))
        assert (result.outcome, result.exit_code) == (Outcome.FAILED, 4)
        assert (tmp_path / "end").exists(), "no SIGPIPE"
        whole = b"".join(b"%d\n" % number for number in range(1, 100001))
        assert whole.startswith(result.stdout.head)
        assert result.stdout.cut or result.stdout.sha256 == hashlib.sha256(whole).hexdigest()


def _fill(disk: Path) -> None:
    with (disk / "rest").open("wb", buffering=0) as stream:
        while True:
            try:
                stream.write(b"x" * 4096)
            except OSError:
                return
