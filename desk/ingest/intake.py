"""The way into the inbox: requests that come at once share one commit, and each is answered after it.

One thread writes: it takes what waits, commits it, and wakes all who wait for it. The more comes at once, the more
one commit carries, so that the disk sets how long an answer takes and hardly how many there are.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError

from desk.ingest.errors import NotNow
from desk.ingest.limits import Bounds
from models import clock
from models.database import Database
from models.errors import DatabaseError, WatchbillError
from models.queries import heartbeats, inbox
from models.queries.inbox import Delivery, Tally

PART = "desk"
BEAT_SECONDS = 10.0
SILENT_SECONDS = 30.0
MOST_AT_ONCE = 1_000
MOST_BYTES_AT_ONCE = 8 * 1_048_576
"""One commit is short: the other parts write to the same database."""
LONGEST_REFUSAL = 500
log = logging.getLogger("watchbill.desk")


@dataclass(slots=True)
class _Waiting:
    """One request that waits to be written, and who waits for that."""

    delivery: Delivery
    future: asyncio.Future[int | None]


class Intake:
    """Puts requests into the inbox. `start` first, `close` last."""

    def __init__(self, database: Database, bounds: Bounds) -> None:
        self._database = database
        self._bounds = bounds
        self._waiting: deque[_Waiting] = deque()
        self._tallies: dict[str, Tally] = {}
        self._turn = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="intake")
        self._last_beat = self._next_beat = float("-inf")
        self.problem = "nothing was written yet"
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

    @property
    def is_well(self) -> bool:
        """Whether what comes in now can be expected to be written."""
        return not self.problem and self._thread.is_alive() and time.monotonic() - self._last_beat < SILENT_SECONDS

    async def put(self, delivery: Delivery) -> int | None:
        """Put a request in: its number when it is committed; None when its key stands for another one.

        Raises NotNow: 429 when too many wait, 503 when the database cannot be written. What was too late for the
        sender may be written all the same; it sends it again, and twice the same is the same.
        """
        waiting = _Waiting(delivery, asyncio.get_running_loop().create_future())
        with self._turn:
            if self._closing or not self._thread.is_alive():
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

    def refused(self, source: str, why: str) -> None:
        """Count a refused request; what was in it is not kept."""
        with self._turn:
            one = self._tallies.setdefault(source, Tally())
            one.refused += 1
            one.last_refused_at, one.last_refusal = clock.now(), why[:LONGEST_REFUSAL]

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: bool(self._waiting) or self._closing, timeout=self._rest_seconds())
                group = self._next_group()
                tallies, self._tallies = self._tallies, {}
                is_over = self._closing and not group
            if group or tallies or self._rest_seconds() == 0:
                self._carry(group, tallies)
            if is_over:
                return

    def _rest_seconds(self) -> float:
        """How long until the next sign of life is due."""
        return max(0.0, self._next_beat - time.monotonic())

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

    def _carry(self, group: list[_Waiting], tallies: dict[str, Tally]) -> None:
        """Write, then say to each who waits how it went."""
        numbers: list[int | None] = []
        try:
            numbers = self._write_twice([waiting.delivery for waiting in group], tallies)
            self.problem = ""
        except WatchbillError as error:
            self.problem = str(error)
            log.error("%s", error)  # noqa: TRY400 - a sentence for people; the trace says nothing more
        except Exception:  # this thread must go on: without it nothing is taken any more
            self.problem = "something that Watchbill did not expect"
            log.exception("a write failed")
        if self.problem:
            self._count_again(tallies)
        if group:
            self._loop.call_soon_threadsafe(_wake, group, numbers)

    def _write_twice(self, deliveries: list[Delivery], tallies: dict[str, Tally]) -> list[int | None]:
        """Write; once more when another desk used the same key at this moment: by now it is known."""
        try:
            return self._write(deliveries, tallies)
        except DatabaseError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            return self._write(deliveries, tallies)

    def _write(self, deliveries: list[Delivery], tallies: dict[str, Tally]) -> list[int | None]:
        is_time = self._rest_seconds() == 0
        if is_time:
            self._next_beat = time.monotonic() + BEAT_SECONDS
        with self._database.write() as session:
            numbers = inbox.put(session, deliveries) if deliveries else []
            inbox.tally(session, _counted(deliveries, numbers, tallies))
            if is_time:
                heartbeats.beat(session, PART, clock.now())
        if is_time:
            self._last_beat = time.monotonic()
        return numbers

    def _count_again(self, tallies: dict[str, Tally]) -> None:
        """What could not be counted now is counted with the next."""
        with self._turn:
            for source, one in tallies.items():
                newer = self._tallies.setdefault(source, one)
                if newer is not one:
                    newer.refused += one.refused


def _counted(deliveries: list[Delivery], numbers: list[int | None], refused: Mapping[str, Tally]) -> dict[str, Tally]:
    """What is to be added for each source."""
    counted = {source: replace(one) for source, one in refused.items()}
    for delivery, number in zip(deliveries, numbers, strict=True):
        if number is not None:
            one = counted.setdefault(delivery.source, Tally())
            one.requests += 1
            one.events += delivery.count
            one.last_received_at = delivery.received_at
    return counted


def _wake(group: list[_Waiting], numbers: list[int | None]) -> None:
    """Say to each who still waits what number it has; no numbers: nothing was written."""
    for waiting, number in zip(group, numbers or [None] * len(group), strict=True):
        if waiting.future.done():
            continue
        if numbers:
            waiting.future.set_result(number)
        else:
            waiting.future.set_exception(NotNow(503, "the database cannot be written", 5))
