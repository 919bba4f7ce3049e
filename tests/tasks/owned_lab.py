"""Owned commands on this machine for tests: run beside the test, looked at in their diary, lost."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

from tasks.tools.ssh import CommandResult, HostPool, OwnedCommand, Target
from tests.drills.ssh_lab import until


def in_thread(pool: HostPool, target: Target, owned: OwnedCommand) -> tuple[threading.Thread, list[CommandResult]]:
    """Run a command beside the test; its result is put into the list."""
    results: list[CommandResult] = []
    thread = threading.Thread(target=lambda: results.append(pool.run(target, owned)))
    thread.start()
    return thread, results


def diary(target: Target, key: str) -> Path:
    """Where the host writes down what became of a command."""
    return Path(target.run_directory) / "runs" / f"{key}.state"


def has(path: Path, word: str) -> bool:
    """Is the word in the file yet?"""
    return path.exists() and word in path.read_text()


def lose(target: Target, owned: OwnedCommand) -> None:
    """Start a command, then kill the wrapper and everything it started, as the host's loss of power would."""
    with HostPool() as other:
        thread, _ = in_thread(other, target, replace(owned, deadline_seconds=30, repeat=False))
        until(lambda: has(diary(target, owned.key), "started"))
        time.sleep(0.2)
        runner = int(diary(target, owned.key).read_text().split()[1])
        os.kill(runner, signal.SIGKILL)
        end_marked(owned.key)
        thread.join()


def end_marked(key: str) -> None:
    """Kill every process that carries the mark of a command."""
    mark = f"WATCHBILL_STEP={key}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
