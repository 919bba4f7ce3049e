"""Who runs in a home: a note for `watchbill doctor`, and a lock so that a home is never run twice."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from models.clock import now
from models.errors import EngineError


class Running(TypedDict):
    """A process: its id, and the clock tick of its start, which no later process with that id shares."""

    pid: int
    started: int


class Note(TypedDict):
    """What the status file says."""

    supervisor: Running
    mark: str
    """What its children carry in their environment."""
    since: str
    children: dict[str, Running | None]


def started_at(pid: int) -> int:
    """When a process started, in clock ticks since the machine did (proc(5)); 0 when there is none, or it ended."""
    try:
        # The name in brackets may hold anything, even brackets.
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if state in "ZX" else int(fields[18])


def is_running(process: Running | None) -> bool:
    """Whether this very process, and no later one with its id, is there."""
    return process is not None and started_at(process["pid"]) == process["started"] != 0


@dataclass(frozen=True)
class StatusFile:
    """`up.json` of a home."""

    path: Path

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Have the home for oneself. Raises EngineError when a running supervisor has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EngineError(f"{self.path.parent} is up already{self._by()}: end that one first") from None
            try:
                yield
            finally:
                self.path.unlink(missing_ok=True)

    def write(self, mark: str, children: Mapping[str, int | None]) -> None:
        """Note who runs now."""
        note = Note(
            supervisor=Running(pid=os.getpid(), started=started_at(os.getpid())),
            mark=mark,
            since=now().isoformat(),
            children={
                name: Running(pid=pid, started=started_at(pid)) if pid else None for name, pid in children.items()
            },
        )
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(note, indent=2))
        draft.rename(self.path)

    def read(self) -> Note | None:
        """What is noted; None when nothing is, or who noted it no longer runs."""
        note = self.left_behind()
        return note if note and is_running(note["supervisor"]) else None

    def left_behind(self) -> Note | None:
        """What is noted, even by a supervisor that was killed."""
        try:
            note: Note = json.loads(self.path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return note

    def _by(self) -> str:
        note = self.read()
        return f" (process {note['supervisor']['pid']}, since {note['since']})" if note else ""
