"""Where requests are committed before they are acknowledged, and what is left to do afterwards."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from sqlalchemy.exc import IntegrityError

from desk.ingest.spool import Spool, is_full, spool_file
from models import clock
from models.database import Database
from models.errors import DatabaseError
from models.queries import heartbeats, inbox
from models.queries.inbox import Delivery, Tally

PART = "desk"


class Store(Protocol):
    """Keeps requests."""

    def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Commit requests; False: something else came under this key before. Raises DatabaseError: none is kept."""
        ...

    def carry(self, refused: Mapping[str, Tally], *, beat: bool) -> bool:
        """Write down what need not be written before an answer; true: more may wait. Raises DatabaseError."""
        ...

    def close(self) -> None:
        """Let go of its files."""
        ...


def store_for(database: Database) -> Store:
    """PostgreSQL lets many write at a time: there the inbox itself. On SQLite a file beside the database."""
    return SpoolStore(database, Spool(spool_file(database))) if database.is_sqlite else InboxStore(database)


class InboxStore:
    """The inbox itself."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counting = threading.Lock()
        self._taken: list[Delivery] = []
        """Not counted yet: in the transaction of each request two desks would wait for each other's counts."""

    def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """As `Store`."""
        try:
            answers = self._put(deliveries)
        except DatabaseError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            # Another desk used the same key at this moment: by now it is known.
            answers = self._put(deliveries)
        with self._counting:
            self._taken += [replace(one, body=b"") for one, answer in zip(deliveries, answers, strict=True) if answer]
        return answers

    def _put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        with self._database.write() as session:
            if any(delivery.key for delivery in deliveries):
                return [number is not None for number in inbox.put(session, deliveries)]
            inbox.add(session, deliveries)
        return [True] * len(deliveries)

    def carry(self, refused: Mapping[str, Tally], *, beat: bool) -> bool:
        """As `Store`."""
        with self._counting:
            taken = list(self._taken)
        if taken or refused or beat:
            with self._database.write() as session:
                inbox.tally(session, _counted(taken, refused))
                if beat:
                    heartbeats.beat(session, PART, clock.now())
            with self._counting:
                del self._taken[: len(taken)]
        return False

    def close(self) -> None:
        """As `Store`."""


class SpoolStore:
    """A file beside the database, from which `carry` brings requests into the inbox."""

    def __init__(self, database: Database, spool: Spool) -> None:
        self._database, self._spool = database, spool

    def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """As `Store`."""
        return self._spool.put(deliveries)

    def carry(self, refused: Mapping[str, Tally], *, beat: bool) -> bool:
        """As `Store`."""
        is_empty = self._spool.is_empty()
        if is_empty and not refused and not beat:
            return False
        now = clock.now()
        with self._database.write() as session:
            last = inbox.brought(session, self._spool.identity)
            numbered = [] if is_empty else self._spool.after(last)
            if numbered:
                inbox.bring(session, self._spool.identity, numbered)
                last = numbered[-1][0]
            inbox.tally(session, _counted([delivery for _, delivery in numbered], refused))
            if beat:
                heartbeats.beat(session, PART, now)
        if not is_empty:
            self._spool.forget(last, now)
        return is_full(numbered)

    def close(self) -> None:
        """As `Store`."""
        self._spool.close()


def _counted(deliveries: Sequence[Delivery], refused: Mapping[str, Tally]) -> dict[str, Tally]:
    """What is to be added for each source."""
    counted = {source: replace(one) for source, one in refused.items()}
    for delivery in deliveries:
        one = counted.setdefault(delivery.source, Tally())
        one.requests += 1
        one.events += delivery.count
        one.last_received_at = delivery.received_at
    return counted
