"""The request to end, as a part's loop waits for it."""

import signal
from queue import Empty, SimpleQueue


class Stop:
    """Set once, and for good.

    What `threading.Event` is for threads, for signals: a handler that sets an event waits for the lock that the wait
    which it interrupted may hold, and then neither ever goes on. A `SimpleQueue` may be put to from a handler.
    """

    def __init__(self) -> None:
        self._requests: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Ask for the end, from any thread or signal handler."""
        self._requests.put(None)

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return not self._requests.empty()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether somebody asked, as soon as they did or the seconds are over; None: however long it takes."""
        try:
            self._requests.get(timeout=seconds)
        except Empty:
            return False
        self._requests.put(None)  # for the next who asks
        return True


def stop_on_signal() -> Stop:
    """A request that SIGTERM and Ctrl-C make."""
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
