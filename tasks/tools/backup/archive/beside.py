"""Work done beside the reading of a source, in a thread: in order, a bounded way behind, and no error lost."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")
AHEAD = 32
"""Pieces of a MiB or less that wait; then whoever brings more waits too."""


class Beside(Generic[Item]):
    """Gives every item to `act`, one after the other. After an error the rest is let go, and the error is raised."""

    def __init__(self, name: str, act: Callable[[Item], object]) -> None:
        self._act = act
        self._error: BaseException | None = None
        self._waiting: SimpleQueue[Item | None] = SimpleQueue()
        self._room = Semaphore(AHEAD)
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Have it done. Raises what an earlier one raised."""
        self._room.acquire()
        if self._error:
            self._room.release()
            raise self._error
        self._waiting.put(item)

    def end(self) -> None:
        """Wait until all is done. Raises what was raised."""
        self.stop()
        if self._error:
            raise self._error

    def stop(self) -> None:
        """Wait until all is done, whatever became of it."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            if not self._error:
                try:
                    self._act(item)
                except BaseException as error:  # noqa: BLE001  # it is raised where the items come from
                    self._error = error
            self._room.release()
