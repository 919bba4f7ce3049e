"""One writer at a time for each plan of a repository of archives, and nobody's lock taken while he may live.

The kernel's lock goes with its process. Beside it the owner is written down, because a kernel's lock does not reach
across every mounted file system: an owner on another machine is believed until he is proven dead.
"""

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from models import clock
from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.shapes import LockOwner

PROC = Path("/proc")
START_TIME_FIELD = 19
"""Of /proc/PID/stat, counted after the name in parentheses: when the process started, in clock ticks."""
Record = dict[str, str | int]


@contextmanager
def sole_writer(path: Path, is_dead: Callable[[LockOwner], bool] | None = None) -> Iterator[LockOwner | None]:
    """Hold the plan's lock; gives the dead owner that was found in it. Raises BackupError when it is held.

    `is_dead` is asked about an owner whom this machine cannot judge.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _held(path, _record(file.fileno())) from error
        record = _record(file.fileno())
        before = _owner(path.name, record) if record else None
        if before and not _is_dead_here(record) and not (is_dead and is_dead(before)):
            raise _held(path, record)
        _write(file.fileno(), _ourselves())
        try:
            yield before
        finally:
            _write(file.fileno(), {})


def owner_in(path: Path) -> LockOwner | None:
    """Who is written down in a lock, whether he holds it or is dead."""
    with path.open("rb") as file:
        record = _record(file.fileno())
    return _owner(path.name, record) if record else None


def _held(path: Path, record: Record) -> BackupError:
    owner = f"process {record['pid']} on {record['host']} since {record['since']}" if record else "somebody"
    step = "wait for it; if it is dead for certain, `watchbill backup unlock` removes its lock"
    return BackupError(os.fspath(path), BackupFault.LOCKED, f"{owner} writes here; {step}")


def _ourselves() -> Record:
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "boot": _boot(),
        "started": _started(os.getpid()),
        "since": clock.now().astimezone(UTC).isoformat(timespec="seconds"),
    }


def _is_dead_here(record: Record) -> bool:
    """Whether the owner was a process of this machine that has ended: another boot, or another process of its number.

    Our own process is dead in this sense too: its kernel's lock would have kept us out.
    """
    if record.get("host") != socket.gethostname():
        return False
    if record.get("boot") != _boot():
        return True
    return _started(int(record["pid"])) != record.get("started") or record["pid"] == os.getpid()


def _boot() -> str:
    with suppress(OSError):
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    return ""


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty when there is none."""
    with suppress(OSError, IndexError):
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[START_TIME_FIELD]
    return ""


def _record(descriptor: int) -> Record:
    with suppress(ValueError):
        found = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
        if isinstance(found, dict) and {"host", "pid", "since"} <= found.keys():
            return found
    return {}


def _write(descriptor: int, record: Record) -> None:
    os.ftruncate(descriptor, 0)
    if record:
        os.pwrite(descriptor, json.dumps(record).encode(), 0)
        os.fsync(descriptor)


def _owner(lock_id: str, record: Record) -> LockOwner:
    since = datetime.fromisoformat(str(record["since"]))
    return LockOwner(lock_id, str(record["host"]), int(record["pid"]), since, exclusive=True)
