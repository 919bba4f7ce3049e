"""What the desk writes when nobody waits for it: counts of what was refused, its sign of life, what the spool holds."""

import logging
import threading
import time

from desk.ingest.stores import Store
from models import clock
from models.errors import WatchbillError
from models.queries.inbox import Tally

BEAT_SECONDS = 10.0
SILENT_SECONDS = 30.0
PAUSE_SECONDS, SHORT_PAUSE_SECONDS = 0.1, 0.01
LONGEST_REFUSAL = 500
log = logging.getLogger("watchbill.desk")


class Bookkeeper:
    """Looks ten times a second, in a thread of its own, whether there is something to write. `start`, then `close`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._refused: dict[str, Tally] = {}
        self._counting = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bookkeeper")
        self._last_beat = self._next_beat = float("-inf")
        self.problem = ""
        """Why it cannot write, in words; empty: it can."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Write what there is, then end."""
        self._stop.set()
        self._thread.join()

    @property
    def is_well(self) -> bool:
        """Whether it wrote lately."""
        return not self.problem and time.monotonic() - self._last_beat < SILENT_SECONDS

    def refused(self, source: str, why: str) -> None:
        """Count a refused request; what was in it is not kept."""
        with self._counting:
            one = self._refused.setdefault(source, Tally())
            one.refused += 1
            one.last_refused_at, one.last_refusal = clock.now(), why[:LONGEST_REFUSAL]

    def look(self) -> bool:
        """Write what there is to write; true: there is more."""
        is_time = time.monotonic() >= self._next_beat
        if is_time:
            self._next_beat = time.monotonic() + BEAT_SECONDS
        with self._counting:
            refused, self._refused = self._refused, {}
        try:
            is_more = self._store.carry(refused, beat=is_time)
        except WatchbillError as error:
            if str(error) != self.problem:
                log.error("%s", error)  # noqa: TRY400 - a sentence for people; the trace says nothing more
            self.problem = str(error)
        except Exception:  # this thread must go on: without it nothing that was taken is worked off
            self.problem = "something that Watchbill did not expect"
            log.exception("a look failed")
        else:
            self.problem = ""
            self._last_beat = time.monotonic() if is_time else self._last_beat
            return is_more
        self._count_again(refused)
        self._next_beat = min(self._next_beat, time.monotonic() + 1.0)
        return False

    def _run(self) -> None:
        is_more = self.look()
        while not self._stop.wait(SHORT_PAUSE_SECONDS if is_more else PAUSE_SECONDS):
            is_more = self.look()
        while self.look():
            pass

    def _count_again(self, refused: dict[str, Tally]) -> None:
        """What could not be counted now is counted with the next."""
        with self._counting:
            for source, one in refused.items():
                newer = self._refused.setdefault(source, one)
                if newer is not one:
                    newer.refused += one.refused
