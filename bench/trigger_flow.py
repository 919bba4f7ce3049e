"""The flow that the trigger bench starts: one task that notes when it began."""

import os
import time
from pathlib import Path

from prefect import flow, task


@task
def note_start(folder: str, name: str) -> None:
    """Write down that the first task began, and in which process."""
    started = time.time()
    (Path(folder) / name).write_text(f"{started} {os.getpid()}\n")


@flow
def trigger_flow(folder: str, name: str) -> None:
    """Start one task."""
    note_start(folder, name)
