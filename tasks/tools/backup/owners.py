"""Whether the owner of a lock is proven dead. Who cannot be asked is not."""

import socket
from datetime import datetime, timedelta
from os import sysconf
from pathlib import Path

from models import clock
from tasks.tools.backup.shapes import LockOwner

# The kernel's clock of process starts and the one of the lock may differ by this much.
SLACK = timedelta(seconds=2)


def is_dead(owner: LockOwner) -> bool:
    """Whether the owner was a process of this machine that is no more; its number may be another process's now."""
    if owner.host != socket.gethostname():
        return False
    began = _started(owner.pid)
    return began is None or began > owner.since + SLACK


def _started(pid: int) -> datetime | None:
    """When a process began; None when there is none, or only its zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return None
    if after_name[0] == "Z":
        return None
    age = uptime - int(after_name[19]) / sysconf("SC_CLK_TCK")
    return clock.now() - timedelta(seconds=age)
