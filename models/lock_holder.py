"""Who holds a file lock, for the person who waits for it. Linux tells it in /proc/locks."""

import os
from dataclasses import dataclass
from pathlib import Path

STOPPED = ("T", "t")


@dataclass(frozen=True)
class Holder:
    """`process 4711 (watchbill planner)`, and what a person can do about it."""

    name: str
    mend: str


def holder_of(descriptor: int) -> Holder:
    """Who holds the flock of an open file, as far as anybody can say."""
    pid, mend = _pid_of(descriptor), "see `watchbill doctor`"
    if pid is None:
        return Holder("another process", mend)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return Holder(f"process {pid}", mend)
    if state in STOPPED:
        mend = f"it is stopped: `kill -CONT {pid}` lets it go on, `kill -KILL {pid}` ends it"
    return Holder(f"process {pid} ({' '.join(words)[:80]})", mend)


def _pid_of(descriptor: int) -> int | None:
    """The process that holds the flock of an open file; None where nobody can say."""
    inode = os.fstat(descriptor).st_ino
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        # 1: FLOCK ADVISORY WRITE 4711 00:2f:5771 0 EOF; one that waits has "->" behind its number.
        if words[1] == "FLOCK" and words[5].rsplit(":", 1)[-1] == str(inode):
            return int(words[4]) if int(words[4]) > 0 else None
    return None
