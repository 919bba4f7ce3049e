"""Record the results of many hosts as they come, several in one commit."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from models.errors import WatchbillError
from models.queries import runs
from models.queries.runs import OpenStep, StepResult
from tasks.workplace import database, worker_name

GATHER_SECONDS = 0.05
"""How long a result may wait for others before it is committed."""

LARGEST_BATCH = 50

Finished = tuple[OpenStep, StepResult]


class Recorder:
    """Takes results from many threads; one thread of its own commits them."""

    def __init__(self) -> None:
        self._results: queue.Queue[Finished | None] = queue.Queue()
        self._error: WatchbillError | None = None
        self._thread = threading.Thread(target=self._commit_until_end, name="recorder", daemon=True)

    def put(self, step: OpenStep, result: StepResult) -> None:
        """One host is done."""
        self._results.put((step, result))

    def _commit_until_end(self) -> None:
        ended = False
        while not ended:
            batch = [self._results.get()]
            while batch[-1] is not None and len(batch) < LARGEST_BATCH:
                try:
                    batch.append(self._results.get(timeout=GATHER_SECONDS))
                except queue.Empty:
                    break
            ended = batch[-1] is None
            self._commit([finished for finished in batch if finished is not None])

    def _commit(self, batch: list[Finished]) -> None:
        if not batch:
            return
        try:
            with database().write() as session:
                runs.end_steps(session, batch, worker_name())
        except WatchbillError as error:
            self._error = error

    def start(self) -> None:
        """Begin to take results."""
        self._thread.start()

    def finish(self) -> None:
        """Commit what is left. Raises what a commit raised: those hosts are read again by a later claim."""
        self._results.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error


@contextmanager
def recorder() -> Iterator[Recorder]:
    """A recorder that has committed everything when the block ends."""
    recording = Recorder()
    recording.start()
    try:
        yield recording
    finally:
        recording.finish()
