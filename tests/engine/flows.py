"""Flows for the engine's drills: each leaves a file behind that says what happened."""

import os
import signal
import time
from pathlib import Path

from prefect import flow, task


@task
def write(path: str, text: str) -> None:
    with Path(path).open("a") as file:
        file.write(f"{text}\n")


@flow
def leave_note(path: str, text: str = "done") -> None:
    write(path, text)


@flow
def leave_environment(path: str, name: str) -> None:
    write(path, os.environ.get(name, "(unset)"))


@flow
def go_on_until(started: str, enough: str, seconds: float = 60.0) -> None:
    """Say that it runs, then run until somebody says that it is enough."""
    write(started, str(os.getpid()))
    end = time.monotonic() + seconds
    while not Path(enough).exists() and time.monotonic() < end:
        time.sleep(0.05)


@flow
def fail(message: str) -> None:
    raise ValueError(message)


@flow
def vanish() -> None:
    """End without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


@flow
async def leave_note_async(path: str) -> None:
    write(path, "done")


@flow
def return_secretly(value: str) -> str:
    """A flow with a result, which nobody may find on a disk."""
    return value
