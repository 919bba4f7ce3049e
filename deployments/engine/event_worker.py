"""The part `events`: works the inbox off, and looks each second at what is due. Only one works at a time.

Each transaction takes some requests and leaves either all that follows from them or nothing: a part that was killed
at any point is followed by one that goes on where the last transaction ended. A transaction that fails is tried again
request by request, so that only the one that cannot be worked off is set aside.
"""

import gc
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from deployments.engine.rhythm import Rhythm
from deployments.engine.stopping import Stop
from models import clock
from models.database import Database
from models.errors import DatabaseError, WatchbillError
from models.queries import (
    approvals,
    heartbeats,
    inbox,
    incident_clocks,
    known_error_workarounds,
    known_errors,
    leases,
    notice_box,
    problems,
    register,
)
from models.queries.event_processing.event_book import EventBook, read_event_book
from models.queries.event_processing.forgetting import forget
from models.queries.event_processing.looking import look
from models.queries.event_processing.memory import Memory, remember
from models.queries.event_processing.working_off import WorkedOff, work_off
from models.records import InboxRow
from models.settings import Settings

PART = "events"
POLL_SECONDS = 0.2
LOOK_EVERY = timedelta(seconds=1)
BEAT_EVERY = timedelta(seconds=5)
FORGET_EVERY = timedelta(hours=1)
MOST_REQUESTS, MOST_EVENTS = 500, 4_000
"""Of one transaction: long enough to be quick, short enough to let others write."""
COLLECT_AFTER = (50_000, 20, 50)
"""How many new objects, and rounds, Python's collector lets pass."""
log = logging.getLogger("watchbill.events")


class Standby(WatchbillError):
    """Another process works the events off; this one takes over when it is gone."""


class EventWorker:
    """One part `events`. What it keeps in mind is made anew after each failure."""

    def __init__(self, database: Database, holder: str = "") -> None:
        self._database = database
        self._holder = holder or f"{socket.gethostname()}:{os.getpid()}"
        self._memory: Memory | None = None
        self._rhythm = Rhythm()

    def tick(self, now: datetime) -> bool:
        """Work some requests off, and look at what is due when it is time to. True: there is more to do right now.

        Raises Standby when another process has the lease.
        """
        book = self._book()
        if self._memory is None or self._memory.book.revision != book.revision:
            self._memory = None
        is_more = self._work(book, now)
        if self._rhythm.is_time("look", LOOK_EVERY, now):
            is_more = self._look(book, now) or is_more
        if book.book is not None and self._rhythm.is_time("forget", FORGET_EVERY, now):
            self._forget(book, book.book.keep.events, now)
        return is_more

    def stop(self, now: datetime) -> None:
        """Let go of the lease."""
        with self._database.write() as session:
            leases.give_up(session, PART, self._holder, now)

    def _book(self) -> EventBook:
        with self._database.read() as session:
            if self._memory is not None and self._memory.book.revision == register.revision(session):
                return self._memory.book
            return read_event_book(session)

    @contextmanager
    def _turn(self, book: EventBook, now: datetime) -> Iterator[tuple[Session, Memory]]:
        """A transaction under the lease. What it kept in mind is forgotten when it fails."""
        is_gone = self._is_holder_gone()
        try:
            with self._database.write() as session:
                self._hold_lease(session, now, is_gone=is_gone)
                if self._memory is None:
                    self._memory = remember(session, book, now)
                yield session, self._memory
        except BaseException:
            self._memory = None
            raise

    def _hold_lease(self, session: Session, now: datetime, *, is_gone: bool) -> None:
        other = leases.hold(session, PART, self._holder, now, is_gone=is_gone)
        if other is not None:
            raise Standby(f"{other} works the events off")

    def _is_holder_gone(self) -> bool:
        """Whether a process of this machine has the lease that is dead: then nobody need wait for its end."""
        if self._memory is not None:
            return False
        with self._database.read() as session:
            host, _, number = (leases.holder(session, PART) or "").rpartition(":")
        if host != socket.gethostname() or not number.isdecimal():
            return False
        return not _is_alive(int(number))

    def _work(self, book: EventBook, now: datetime) -> bool:
        with self._database.read() as session:
            if not _is_waiting(session, now):
                return False
        numbers: list[int] = []
        try:
            with self._turn(book, now) as (session, memory):
                rows = _some(inbox.take(session, MOST_REQUESTS, now))
                numbers = [row.id for row in rows]
                _say(work_off(session, rows, memory, now))
        except Standby:
            raise
        except Exception as error:
            # Whatever one request does must not stop the others.
            if not numbers or _is_of_the_database(error):
                raise
            log.warning("%d requests could not be worked off together: %s", len(numbers), error)
            for number in numbers:
                self._work_alone(book, number, now)
        return True

    def _work_alone(self, book: EventBook, number: int, now: datetime) -> None:
        """Work one request off; when that fails, later again, and some day not any more."""
        try:
            with self._turn(book, now) as (session, memory):
                row = session.get_one(InboxRow, number)
                _say(work_off(session, [row], memory, now))
        except Standby:
            raise
        except Exception as error:
            if _is_of_the_database(error):
                raise
            log.warning("request %d could not be worked off: %s", number, error)
            with self._database.write() as session:
                inbox.fail(session, session.get_one(InboxRow, number), f"{type(error).__name__}: {error}", now)

    def _look(self, book: EventBook, now: datetime) -> bool:
        with self._turn(book, now) as (session, memory):
            looked = look(session, memory, now)
            incident_clocks.look(session, now)
            problems.look(session, now)
            known_errors.look(session, now)
            approvals.look(session, now)
            if book.book is not None:
                known_error_workarounds.look(session, book.book, now)
            notice_box.look(session, now)
            if self._rhythm.is_time("beat", BEAT_EVERY, now):
                heartbeats.beat(session, PART, now)
        return looked.is_more

    def _forget(self, book: EventBook, kept_for: timedelta, now: datetime) -> None:
        """Forget one batch; while there is more, the next tick goes on."""
        with self._turn(book, now) as (session, _):
            forgotten = forget(session, now, kept_for)
        # What was kept in mind may have gone.
        self._memory = None
        if forgotten:
            self._rhythm.again("forget")


def run_event_worker(settings: Settings, stop: Stop) -> None:
    """Work until told to stop. A database that is away is said and tried again: it may come back."""
    database = Database(settings.url())
    worker = EventWorker(database)
    # Thousands of events a second are thousands of objects that hang in no circle: by habit, the collector would
    # take a third of the time to find that out.
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    while not stop.is_set():
        try:
            if not worker.tick(clock.now()):
                stop.wait(POLL_SECONDS)
        except Standby:
            stop.wait(2)
        except WatchbillError as error:
            log.error("%s", error)  # noqa: TRY400 - a sentence for people; the trace says nothing more
            stop.wait(2)
    worker.stop(clock.now())
    database.close()


def _is_waiting(session: Session, now: datetime) -> bool:
    waiting = select(InboxRow.id).where(
        InboxRow.processed_at.is_(None), InboxRow.quarantined_at.is_(None), InboxRow.next_try_at <= now
    )
    return bool(session.scalar(select(exists(waiting))))


def _some(rows: list[InboxRow]) -> list[InboxRow]:
    """The first of them, with no more events than one transaction takes; at least one."""
    chosen, events = rows[:1], rows[0].count if rows else 0
    for row in rows[1:]:
        events += row.count
        if events > MOST_EVENTS:
            break
        chosen.append(row)
    return chosen


def _is_of_the_database(error: BaseException) -> bool:
    """Whether the database is away or busy, for which no request is to blame."""
    return isinstance(error, DatabaseError) and not (
        error.__cause__ is not None and not isinstance(error.__cause__, OperationalError | InterfaceError)
    )


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _say(done: WorkedOff) -> None:
    if done.alerts:
        log.info("%d events: %d alerts changed, %d repeated", done.events, len(done.alerts), done.repeated)
