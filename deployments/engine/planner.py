"""The planner: writes the expected runs ahead, starts those that are due, and takes up what a dead worker left.

Every tick is one pass over the shared database; nothing is remembered between ticks, so a planner that was killed
goes on where it stopped.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from deployments.engine.rhythm import Rhythm
from deployments.engine.stopping import Stop
from models import clock
from models.database import Database
from models.errors import NotFound, WatchbillError
from models.queries import (
    alarms,
    dispatching,
    heartbeats,
    inbox,
    journal,
    recovery,
    register,
    retention,
    slots,
    task_log,
)
from models.queries.book import Book, read_book
from models.queries.turns import take_turn
from models.settings import Settings

TICK_SECONDS = 0.5
PLAN_EVERY = timedelta(seconds=60)
ANCHOR_EVERY = timedelta(minutes=5)
FORGET_EVERY = timedelta(hours=1)
LOOK_EVERY = timedelta(seconds=5)
ACTOR = "planner"
log = logging.getLogger("watchbill.planner")


class Planner:
    """One planner; several may run, since each act is a compare-and-set in the database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._anchors = settings.anchors
        self._rhythm = Rhythm()
        self._book: tuple[int, Book] | None = None

    def tick(self, now: datetime) -> None:
        """Plan, start what is due, take up what was lost, look for alarms, anchor the journal."""
        book, changed = self._current_book()
        if self._rhythm.is_time("plan", PLAN_EVERY, now) or changed:
            self._plan(book, now)
        self._start(book, now)
        if self._rhythm.is_time("look", LOOK_EVERY, now):
            self._look(book, now)
        if self._rhythm.is_time("anchor", ANCHOR_EVERY, now):
            self._anchor(now)
        if self._rhythm.is_time("forget", FORGET_EVERY, now):
            self._forget(book, now)

    @contextmanager
    def _turn(self) -> Iterator[Session]:
        with self._database.write() as session:
            take_turn(session)
            yield session

    def _current_book(self) -> tuple[Book, bool]:
        with self._database.read() as session:
            revision = register.revision(session)
            if self._book is not None and self._book[0] == revision:
                return self._book[1], False
            book = read_book(session)
        self._book = (revision, book)
        return book, True

    def _plan(self, book: Book, now: datetime) -> None:
        with self._turn() as session:
            added = slots.plan_ahead(session, book, now, ACTOR)
            forgotten = task_log.close_forgotten(session, now)
        if added:
            log.info("planned %d slots", added)
        if forgotten:
            log.warning("%d tasks ended without a word: their processes died", forgotten)

    def _start(self, book: Book, now: datetime) -> None:
        with self._database.read() as session:
            if not dispatching.is_anything_to_do(session, now):
                return
        with self._turn() as session:
            for line in dispatching.start_due(session, book, now, ACTOR):
                log.info("%s", line)

    def _look(self, book: Book, now: datetime) -> None:
        with self._database.read() as session:
            news = alarms.jobs_with_news(session, book, now)
        with self._turn() as session:
            for line in recovery.take_up_lost_runs(session, now, ACTOR):
                log.warning("%s", line)
            for line in alarms.look(session, book, now, news) if news else ():
                log.warning("%s", line)
            heartbeats.beat(session, "planner", now)

    def _anchor(self, now: datetime) -> None:
        with self._database.read() as session:
            seq = journal.anchor(session, self._anchors)
        with self._database.write() as session:
            heartbeats.beat(session, "anchor", now, f"journal row {seq}")

    def _forget(self, book: Book, now: datetime) -> None:
        """Forget one batch; while there is more, the next tick goes on."""
        with self._database.write() as session:
            keep = book.keep
            gone = retention.forget(session, now, output_for=keep.output, log_for=keep.task_log)
            gone += retention.forget_events(session, now, keep.events)
            gone += retention.forget_notices(session, now, keep.notices)
            if gone + inbox.forget(session, now, keep.events):
                self._rhythm.again("forget")


def run_planner(settings: Settings, stop: Stop) -> None:
    """Tick until told to stop. A tick that fails is said and tried again: the database may come back."""
    database = Database(settings.url())
    planner = Planner(database, settings)
    while not stop.is_set():
        try:
            planner.tick(clock.now())
        except NotFound:
            log.info("waiting for a site: run `watchbill up SITE`")
            stop.wait(2)
        except WatchbillError as error:
            log.error("%s", error)  # noqa: TRY400 - a sentence for people; the trace says nothing more
            stop.wait(2)
        stop.wait(TICK_SECONDS)
    database.close()
