"""Watchbill's own state as files that a backup can take: the database, the journal's anchors, the site, the manifests.

Keys and secrets are left out: whoever has the backup must not have the hosts, so they are kept apart.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from models.database import Database
from models.errors import BackupError, DatabaseError, JournalBroken
from models.queries import journal
from models.vocabulary import BackupFault

WATCHBILL = "watchbill"
FOLDER, DATABASE_FILE, DUMP, ANCHORS = "own-copy", "watchbill.db", "watchbill.dump", "journal-anchors"
LEFT_OUT = ("keys", "secrets", ".git", ".watchbill")
DUMP_SECONDS = 3600


@dataclass(frozen=True)
class OwnState:
    """Where Watchbill's own state is."""

    home: Path
    site: Path
    anchors: Path
    database: URL


@contextmanager
def own_copy(state: OwnState) -> Iterator[Path]:
    """A folder with a consistent copy; it is gone afterwards. Raises BackupError."""
    folder = state.home / FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # of a run that died
    folder.mkdir(mode=0o700)
    try:
        # First the anchors: one that is newer than the database's copy would say that the tail was cut.
        if state.anchors.is_file():
            shutil.copy2(state.anchors, folder / ANCHORS)
        _copy_database(state.database, folder)
        shutil.copytree(state.site, folder / "site", ignore=_left_out(state.home), symlinks=True)
        manifests = state.home / "manifests"
        if manifests.is_dir():
            shutil.copytree(manifests, folder / "manifests", copy_function=os.link)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verify_own_copy(restored: Path, database: URL | None = None) -> str:
    """Open a restored copy and verify its journal; gives what was found. `database`: where its dump was loaded.

    Raises BackupError when the copy is not whole.
    """
    found = next(iter(sorted(restored.rglob(f"{FOLDER}/{DATABASE_FILE}"))), None)
    anchors = next(iter(sorted(restored.rglob(f"{FOLDER}/{ANCHORS}"))), None)
    if database is None and found is None:
        raise BackupError(WATCHBILL, BackupFault.DIFFERS, f"the copy has no {DATABASE_FILE}")
    copy = Database(f"sqlite:///{found}" if database is None else database.render_as_string(hide_password=False))
    try:
        with copy.read() as session:
            verified = journal.verify(session, anchors)
    except (JournalBroken, DatabaseError) as error:
        raise BackupError(WATCHBILL, BackupFault.DIFFERS, f"the restored copy: {error}") from error
    finally:
        copy.close()
    return f"the journal of the copy verifies: {verified.rows:,} rows against {verified.anchors:,} anchors"


def _copy_database(database: URL, folder: Path) -> None:
    if database.get_backend_name() == "sqlite":
        _copy_sqlite(Path(database.database or ""), folder / DATABASE_FILE)
    else:
        _dump_postgresql(database, folder / DUMP)


def _copy_sqlite(source: Path, target: Path) -> None:
    """The online backup: consistent while others write, and writers are not held up."""
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as opened,
            closing(sqlite3.connect(target)) as copy,
        ):
            opened.backup(copy, pages=4096)
            said = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupError(WATCHBILL, BackupFault.SOURCE_UNREADABLE, f"{source}: {error}") from error
    if said != "ok":
        raise BackupError(WATCHBILL, BackupFault.SOURCE_UNREADABLE, f"{source}: {said}; run `watchbill doctor`")


def _dump_postgresql(database: URL, target: Path) -> None:
    words = database.translate_connect_args(username="user", database="dbname")
    environment = {**os.environ, **{f"PG{_NAMES[key]}": str(value) for key, value in words.items() if key in _NAMES}}
    command = ["pg_dump", "--format=custom", f"--file={target}"]
    try:
        done = subprocess.run(
            command, env=environment, check=False, capture_output=True, text=True, timeout=DUMP_SECONDS
        )
    except FileNotFoundError:
        raise BackupError(
            WATCHBILL, BackupFault.NO_ENGINE, "pg_dump is not installed; install PostgreSQL's client"
        ) from None
    if done.returncode or not target.stat().st_size:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BackupError(WATCHBILL, BackupFault.SOURCE_UNREADABLE, f"pg_dump ended with {done.returncode}: {said}")


_NAMES = {"host": "HOST", "port": "PORT", "user": "USER", "dbname": "DATABASE", "password": "PASSWORD"}


def _left_out(home: Path) -> Callable[[str, list[str]], set[str]]:
    """Keys, secrets, and the home itself where it lies in the site's folder."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in LEFT_OUT or (Path(folder) / name).resolve() == home.resolve()}

    return ignore
