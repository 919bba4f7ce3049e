"""The shared database: one way to make an engine, one way to write, one way to read.

SQLite: pysqlite's own transaction control is switched off and every writing transaction is `BEGIN IMMEDIATE`; with
its defaults a SELECT before the first write runs outside the transaction and loses updates without an error. Writers
queue at a file lock, which keeps the waiting fair and lets only one connection write or checkpoint at a time.
PostgreSQL: READ COMMITTED with explicit row locks, and time-outs on statements, locks and idle transactions.
"""

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from models.errors import DatabaseError
from models.lock_holder import holder_of

BUSY_SECONDS = 30
RESTORE = "restore its backup (docs/how-to/restore-the-database.md)"
LAST_ACT = "watchbill.last act"
"""Key in `Session.info`: a function that `Database.write` calls just before the commit."""
POSTGRESQL_OPTIONS = (
    "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
)


def make_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine on the shared database; `read_only` for reports, which must not block writers."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, read_only=read_only)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql_engine(parsed, read_only=read_only)
    raise DatabaseError(
        f"database {parsed.get_backend_name()!r} is not supported: use sqlite:///FILE or postgresql://..."
    )


def _sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def _on_connect(dbapi_connection: object, _entry: ConnectionPoolEntry) -> None:
        dbapi_connection.isolation_level = None  # type: ignore[attr-defined]  # the driver's own attribute
        cursor = dbapi_connection.cursor()  # type: ignore[attr-defined]  # DBAPI connections are untyped
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(url: URL, *, read_only: bool) -> Engine:
    driver = url.set(drivername="postgresql+psycopg")
    options = POSTGRESQL_OPTIONS + (" -c default_transaction_read_only=on" if read_only else "")
    level = "REPEATABLE READ" if read_only else "READ COMMITTED"
    return create_engine(
        driver,
        hide_parameters=True,
        connect_args={"options": options},
        isolation_level=level,
        pool_pre_ping=True,
        pool_size=8,
    )


class Database:
    """The shared database as the rooms use it: `with db.write() as session:` or `with db.read() as session:`."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self._engine = make_engine(url)
        self._read_engine = make_engine(url, read_only=True)
        self._file = Path(self.url.database or "") if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations."""
        return self._engine

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that is committed whole or not at all; queued journal rows are written last in it."""
        making = Session(self._engine, expire_on_commit=False)
        with self.in_words(), self._queue(), making as session, session.begin():
            yield session
            session.flush()
            if LAST_ACT in session.info:
                session.info[LAST_ACT](session)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot; writers are not blocked."""
        with self.in_words(), Session(self._read_engine) as session, session.begin():
            yield session

    @contextmanager
    def outside_transactions(self) -> Iterator[sqlite3.Cursor]:
        """A SQLite cursor for the statements that refuse to run in a transaction (journal mode, VACUUM)."""
        with self.in_words():
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                yield cursor  # type: ignore[misc]  # SQLAlchemy types it as any DBAPI's cursor
                cursor.close()
            finally:
                connection.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
        self._read_engine.dispose()

    @contextmanager
    def _queue(self) -> Iterator[None]:
        """Wait for our turn to write (SQLite only). The kernel frees the lock when its holder dies."""
        if self._file is None:
            yield
            return
        try:
            queue = self._file.with_name(self._file.name + ".queue").open("a")
        except OSError as error:
            raise DatabaseError(
                f"{self._file}: {error.strerror}: check WATCHBILL_HOME and who may write there"
            ) from error
        with queue:
            deadline = time.monotonic() + BUSY_SECONDS
            while not _locked(queue.fileno()):
                if time.monotonic() > deadline:
                    holder = holder_of(queue.fileno())
                    raise DatabaseError(
                        f"{self._file}: {holder.name} has been writing for {BUSY_SECONDS} s; {holder.mend}"
                    )
                time.sleep(0.002)
            yield

    @contextmanager
    def raw(self) -> Iterator[Connection]:
        """One writing transaction on a bare connection, for migrations."""
        with self.in_words(), self._queue(), self._engine.begin() as connection:
            yield connection

    @property
    def name(self) -> str:
        """The database as people may see it: no password."""
        return self.url.render_as_string()

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Say what a driver's error means for the person who reads it."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise DatabaseError(_explain(error, self.name)) from error


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _explain(error: DBAPIError | sqlite3.Error, url: str) -> str:
    """A sentence with the next step for the faults that a person can mend."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    steps = {
        "database or disk is full": "the disk is full: free space; nothing of this change was kept",
        "No space left": "the disk is full: free space; nothing of this change was kept",
        "database is locked": "another process holds it: see `watchbill doctor`",
        "malformed": f"the file is damaged: stop Watchbill and {RESTORE}",
        "not a database": f"it is damaged or somebody else's: check WATCHBILL_DATABASE_URL, or {RESTORE}",
        "readonly database": "the file or its folder is not writable by this user",
        "no such table": "it has no Watchbill tables yet: run `watchbill up` or `watchbill database upgrade`",
        "does not exist": "it has no Watchbill tables yet: run `watchbill up` or `watchbill database upgrade`",
        "unable to open": "the folder does not exist or is not writable: check WATCHBILL_HOME",
        "Connection refused": "the server is not running at this address",
        "connection failed": "the server did not let us in or is not running",
    }
    step = next((step for mark, step in steps.items() if mark in said), "see `watchbill doctor`")
    return f"{url}: {said.splitlines()[0]}; {step}"
