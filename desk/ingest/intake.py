"""The way in: requests that come at once share one commit, and each is answered after it.

One thread writes: it takes what waits, commits it, and wakes all who wait for it. The more comes at once, the more
one commit carries, so that the disk sets how long an answer takes and hardly how many there are.
"""

import asyncio
import logging
import threading
from collections import deque
from dataclasses import dataclass

from desk.ingest.errors import NotNow
from desk.ingest.limits import Bounds
from desk.ingest.stores import Store
from models.errors import WatchbillError
from models.queries.inbox import Delivery

MOST_AT_ONCE = 1_000
MOST_BYTES_AT_ONCE = 8 * 1_048_576
"""One commit is short: others may write to the same database."""
log = logging.getLogger("watchbill.desk")


@dataclass(slots=True)
class _Waiting:
    """One request that waits to be written, and who waits for that."""

    delivery: Delivery
    future: asyncio.Future[bool]


class Intake:
    """Has requests kept. `start` first, `close` last."""

    def __init__(self, store: Store, bounds: Bounds) -> None:
        self._store = store
        self._bounds = bounds
        self._waiting: deque[_Waiting] = deque()
        self._turn = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="intake")
        self.problem = ""
        """Why the last write failed, in words; empty: it did not."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to write; who waits does so in this loop."""
        self._loop = loop
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then end."""
        with self._turn:
            self._closing = True
            self._turn.notify()
        self._thread.join()

    async def put(self, delivery: Delivery) -> bool:
        """Have a request kept: true when it is committed, false when its key stands for another one.

        Raises NotNow: 429 when too many wait, 503 when it cannot be written. What was too late for the sender may be
        written all the same; it sends it again, and twice the same is the same.
        """
        waiting = _Waiting(delivery, asyncio.get_running_loop().create_future())
        with self._turn:
            if self._closing:
                raise NotNow(503, "the service is ending", 5)
            if len(self._waiting) >= self._bounds.requests:
                raise NotNow(429, f"{len(self._waiting)} requests wait to be written", 1)
            self._waiting.append(waiting)
            self._turn.notify()
        try:
            async with asyncio.timeout(self._bounds.answer_seconds):
                return await waiting.future
        except TimeoutError:
            raise NotNow(503, "the database is busy", 2) from None

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: bool(self._waiting) or self._closing)
                group = self._next_group()
                is_over = self._closing and not self._waiting
            if group:
                answers = self._write([waiting.delivery for waiting in group])
                self._loop.call_soon_threadsafe(_wake, group, answers)
            if is_over:
                return

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < MOST_AT_ONCE and size < MOST_BYTES_AT_ONCE:
            waiting = self._waiting.popleft()
            # Whoever was told to come again is not written.
            if not waiting.future.done():
                group.append(waiting)
                size += len(waiting.delivery.body)
        return group

    def _write(self, deliveries: list[Delivery]) -> list[bool]:
        """The answers; none at all when nothing could be written."""
        try:
            answers = self._store.put(deliveries)
        except WatchbillError as error:
            self.problem = str(error)
            log.error("%s", error)  # noqa: TRY400 - a sentence for people; the trace says nothing more
            return []
        except Exception:  # this thread must go on: without it nothing is taken any more
            self.problem = "something that Watchbill did not expect"
            log.exception("a write failed")
            return []
        self.problem = ""
        return answers


def _wake(group: list[_Waiting], answers: list[bool]) -> None:
    """Answer each who still waits; no answers: nothing was written."""
    for waiting, answer in zip(group, answers or [False] * len(group), strict=True):
        if waiting.future.done():
            continue
        if answers:
            waiting.future.set_result(answer)
        else:
            waiting.future.set_exception(NotNow(503, "the database cannot be written", 5))
