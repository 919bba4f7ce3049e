"""A restored SQLite file, read without a change to it, within limits: what restored it may have been hostile."""

import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from tasks.tools.backup.answers import Answer, OpenedCopy, QueryFailed
from tasks.tools.backup.time_limit import TimeLimit

LOOK_STEPS = 100_000
LONGEST_VALUE_BYTES = 64 * 1024 * 1024


@contextmanager
def opened_sqlite(file: Path, limit: TimeLimit) -> Iterator[OpenedCopy]:
    """The file as a database that answers, checked through; a file that is none answers nothing."""
    if not _is_file(file):
        yield OpenedCopy(Answer(f"{file.name} is not in the copy", False), _nothing)
        return
    uri = f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE_BYTES)
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        database.set_progress_handler(lambda: int(not limit.seconds_left), LOOK_STEPS)
        yield OpenedCopy(_checked(file, database, limit), lambda query: _ask(database, query, limit))


def _is_file(file: Path) -> bool:
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except FileNotFoundError:
        return False


def _nothing(_query: str) -> object:
    raise QueryFailed("was not asked: there is no database")


def _checked(file: Path, database: sqlite3.Connection, limit: TimeLimit) -> Answer:
    started = time.monotonic()
    try:
        database.execute("pragma trusted_schema = off")
        found = [str(row[0]) for row in database.execute("pragma integrity_check(3)")]
        if found != ["ok"]:
            return Answer(f"{file.name} is damaged: {found[0][:200]}", False)
        names = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
        tables = [name for name in names if not name.startswith("sqlite_")]
        rows = sum(_count(database, table) for table in tables)
    except sqlite3.Error as error:
        why = f"not within {limit}" if _is_late(error) else str(error)
        return Answer(f"{file.name} could not be checked: {why}", False)
    words = f"{len(tables)} table{'' if len(tables) == 1 else 's'}, {rows:,} rows"
    seconds = time.monotonic() - started
    return Answer(f"{file.name} was checked through in {seconds:.1f} s and is whole: {words}", bool(tables))


def _count(database: sqlite3.Connection, table: str) -> int:
    name = table.replace('"', '""')
    found: int = database.execute(f'select count(*) from "{name}"').fetchone()[0]  # noqa: S608  # quoted as a name
    return found


def _ask(database: sqlite3.Connection, query: str, limit: TimeLimit) -> object:
    try:
        rows = database.execute(query).fetchmany(2)
    except sqlite3.OperationalError as error:
        if _is_late(error):
            raise QueryFailed(f"gave no answer within {limit}") from None
        raise QueryFailed(f"failed: {error}") from None
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise QueryFailed(f"failed: {error}") from None
    return single_value(rows)


def single_value(rows: list[tuple[object, ...]]) -> object:
    """The value of a query's only row and column. Raises QueryFailed."""
    if len(rows) != 1 or len(rows[0]) != 1:
        columns = f" of {len(rows[0])} columns" if rows and len(rows[0]) != 1 else ""
        count = ("no row", "one row")[len(rows)] if len(rows) < 2 else "several rows"
        raise QueryFailed(f"gave {count}{columns}; write it so that it gives one value")
    return rows[0][0]


def _is_late(error: sqlite3.Error) -> bool:
    return "interrupted" in str(error)
