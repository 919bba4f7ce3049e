"""A database on a host, dumped there consistently and sent as one tar; nothing of the dump is left there.

A script on the host makes the dump in a private folder, looks whether it is whole, not empty and of the right
version, and only then sends it: a tool that says "well done" is not believed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.shapes import Stream
from tasks.tools.backup.sources import Origin, started, words_of
from tasks.tools.ssh import CommandFailed

CONNECT_SECONDS = "20"
FAULTS = {
    81: BackupFault.SOURCE_MISSING,
    82: BackupFault.SOURCE_EMPTY,
    83: BackupFault.WRONG_VERSION,
    84: BackupFault.SOURCE_UNREADABLE,
    85: BackupFault.SOURCE_FAILED,
    86: BackupFault.NO_ENGINE,
}
"""What the scripts end with (scripts/begin.sh)."""
DUMP, CONTENTS, GLOBALS, VERSIONS = "database.dump", "contents.txt", "globals.sql", "server-version.txt"
"""The files of a PostgreSQL restore point."""


@contextmanager
def postgresql_dump(origin: Origin, database: str, connection: str | None, *, with_globals: bool) -> Iterator[Stream]:
    """One PostgreSQL database: dump, its contents, the server's version, and its roles if wanted.

    The password is the origin's secret PGPASSWORD. Raises BackupError, HostError.
    """
    what = f"the database {database} on {origin.target.name}"
    words = (_conninfo(what, database, connection), database, "yes" if with_globals else "no")
    with _scripted(origin, "postgresql", words, what) as stream:
        yield stream


@contextmanager
def sqlite_copy(origin: Origin, path: str) -> Iterator[Stream]:
    """One SQLite file as it was at one moment, under its own name. Raises BackupError, HostError."""
    with _scripted(origin, "sqlite", (path, PurePosixPath(path).name), f"{path} on {origin.target.name}") as stream:
        yield stream


@contextmanager
def _scripted(origin: Origin, script: str, words: tuple[str, ...], what: str) -> Iterator[Stream]:
    argv = ("sh", "-c", _text(script), script, origin.plan, *words)
    with started(origin, argv, what, explain_script) as reading:
        yield reading.stream(f"{origin.plan}.tar", is_tar=True)


@cache
def _text(script: str) -> str:
    folder = Path(__file__).parent / "scripts"
    texts = [(folder / f"{name}.sh").read_text(encoding="utf-8") for name in ("begin", script)]
    return "".join(texts)


def _conninfo(what: str, database: str, connection: str | None) -> str:
    """How to reach the database, in libpq's words. Raises BackupError for words that it does not know."""
    try:
        given = conninfo_to_dict(connection or "")
    except ProgrammingError as error:
        words = f"connection: {str(error).strip()}; write it like host=/run/postgresql user=backup"
        raise BackupError(what, BackupFault.REFUSED_BY_US, words) from None
    if "password" in given:
        words = "connection has a password, which others could see there; use password: secret://name"
        raise BackupError(what, BackupFault.REFUSED_BY_US, words)
    known = {key: str(value) for key, value in given.items() if value is not None}
    return make_conninfo("", **{"connect_timeout": CONNECT_SECONDS, **known, "dbname": database})


def explain_script(error: CommandFailed) -> tuple[BackupFault, str]:
    """What a script said last, and what its exit code means."""
    lines = [line.strip() for line in error.stderr.splitlines() if line.strip()]
    if error.exit_code in FAULTS and lines:
        return FAULTS[error.exit_code], lines[-1]
    return BackupFault.SOURCE_FAILED, f"{words_of(error)}; no restore point is kept"
