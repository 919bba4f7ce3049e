"""Where requests wait to come into the inbox when the shared database is one SQLite file: in a file beside it.

SQLite lets one process write at a time. In a storm the part `events` writes for seconds on end, and senders would
wait for it; or they would keep everybody else from writing. In a file of its own a request is committed and answered
at once, and `carry` brings what waits into the inbox, many at a time. How far it came stands in the shared database,
written with what it brought: a desk that is killed at any point brings nothing twice and forgets nothing.
"""

import fcntl
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from models.database import BUSY_SECONDS, Database
from models.errors import DatabaseError
from models.queries.inbox import KEYS_KEPT, Delivery
from models.vocabulary import EventFormat

MOST_AT_ONCE, MOST_BYTES_AT_ONCE = 1_000, 4 * 1_048_576
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spool (
    number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, format TEXT NOT NULL, count INTEGER NOT NULL,
    received_at TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS key (
    source TEXT NOT NULL, key TEXT NOT NULL, sent TEXT NOT NULL, received_at TEXT NOT NULL, PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (name TEXT NOT NULL);
"""


def spool_file(database: Database) -> Path:
    """The file beside a SQLite database."""
    file = Path(database.url.database or "")
    return file.with_name(f"{file.name}.spool")


class Spool:
    """Requests that were committed and are not in the inbox yet. Raises DatabaseError when its file cannot be used."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writing = threading.Lock()
        with self._in_words():
            # As at the shared database, only one connection writes or checkpoints at a time: docs/decisions/0005.
            self._queue = file.with_name(f"{file.name}.queue").open("a")
            self._writer, self._reader = self._connect(), self._connect()
            with self._writing, _locked(self._queue):
                self._writer.execute("PRAGMA journal_mode=WAL")
                self._writer.executescript(_SCHEMA)
            self.identity = self._identity()
            """Of this very file: the numbers of another one mean something else."""

    def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Commit requests. False: something else came under this key before; known ones are not kept again."""
        with self._in_words(), self._transaction():
            answers = [self._is_new(delivery) if delivery.key else True for delivery in deliveries]
            rows = [
                (one.source, one.format.value, one.count, one.received_at.isoformat(), one.body)
                for one, is_new in zip(deliveries, answers, strict=True)
                if is_new
            ]
            self._writer.executemany(
                "INSERT INTO spool (source, format, count, received_at, body) VALUES (?, ?, ?, ?, ?)", rows
            )
        return [answer is not None for answer in answers]

    def after(self, number: int) -> list[tuple[int, Delivery]]:
        """What waits past this number, oldest first: as much as one transaction should carry."""
        query = "SELECT number, source, format, count, body, received_at FROM spool WHERE number > ? ORDER BY 1 LIMIT ?"
        found: list[tuple[int, Delivery]] = []
        size = 0
        with self._in_words(), closing(self._reader.execute(query, (number, MOST_AT_ONCE))) as rows:
            for at_number, source, form, count, body, at in rows:
                found.append((at_number, Delivery(source, EventFormat(form), count, body, datetime.fromisoformat(at))))
                size += len(body)
                if size > MOST_BYTES_AT_ONCE:
                    break
        return found

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        with self._in_words():
            return self._reader.execute("SELECT 1 FROM spool LIMIT 1").fetchone() is None

    def forget(self, number: int, now: datetime) -> None:
        """Delete what is in the inbox, up to this number, and the keys of yesterday."""
        with self._in_words(), self._transaction():
            self._writer.execute("DELETE FROM spool WHERE number <= ?", (number,))
            self._writer.execute("DELETE FROM key WHERE received_at < ?", ((now - KEYS_KEPT).isoformat(),))

    def close(self) -> None:
        """Close the file; what waits in it waits for the next desk."""
        self._reader.close()
        self._writer.close()
        self._queue.close()

    def _is_new(self, delivery: Delivery) -> bool | None:
        """True: the key is new; False: the same came before; None: something else did."""
        name = (delivery.source, delivery.key)
        query = "SELECT sent, received_at FROM key WHERE source = ? AND key = ?"
        known = self._writer.execute(query, name).fetchone()
        if known is not None and datetime.fromisoformat(known[1]) >= delivery.received_at - KEYS_KEPT:
            return False if known[0] == delivery.sent else None
        self._writer.execute(
            "INSERT OR REPLACE INTO key (source, key, sent, received_at) VALUES (?, ?, ?, ?)",
            (*name, delivery.sent, delivery.received_at.isoformat()),
        )
        return True

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _identity(self) -> str:
        with self._transaction():
            found = self._writer.execute("SELECT name FROM identity").fetchone()
            if found is None:
                found = (secrets.token_hex(8),)
                self._writer.execute("INSERT INTO identity (name) VALUES (?)", found)
        return str(found[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._writing, _locked(self._queue):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise DatabaseError(
                f"{self._file}: {error}: see that the disk has room, and who may write there"
            ) from error


def is_full(found: Sequence[tuple[int, Delivery]]) -> bool:
    """Whether this is as much as one transaction should carry, so that more may wait."""
    return len(found) == MOST_AT_ONCE or sum(len(delivery.body) for _, delivery in found) > MOST_BYTES_AT_ONCE


def is_all_carried(database: Database) -> bool:
    """Whether everything that was acknowledged is in the inbox of this database."""
    if not database.is_sqlite or not spool_file(database).exists():
        return True
    with closing(Spool(spool_file(database))) as spool:
        return spool.is_empty()


@contextmanager
def _locked(file: IO[str]) -> Iterator[None]:
    """Alone with this file; the kernel frees it when its holder dies."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
