"""How far a long act of a run is, for those who follow it."""

import time
from dataclasses import asdict

from models.queries import runs
from models.queries.runs import ClaimedRun
from tasks.tools.backup.shapes import Advance, Progress
from tasks.workplace import database

EVERY_SECONDS = 2.0


def progress_of(run: ClaimedRun) -> Progress:
    """Writes down how far the run is, every two seconds at most: others want to write, too."""
    last = time.monotonic()

    def note(advance: Advance) -> None:
        nonlocal last
        if time.monotonic() - last < EVERY_SECONDS:
            return
        with database().write() as session:
            runs.note_progress(session, run, asdict(advance))
        last = time.monotonic()

    return note
