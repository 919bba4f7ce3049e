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

import psycopg
from sqlalchemy import URL

from models.database import Database
from models.errors import BackupError, DatabaseError, JournalBroken
from models.queries import journal
from models.vocabulary import BackupFault
from tasks.tools.backup.answers import Answer, OpenedCopy
from tasks.tools.backup.databases import DUMP, VERSIONS
from tasks.tools.backup.restored_postgresql import loaded_postgresql
from tasks.tools.backup.time_limit import TimeLimit

WATCHBILL = "watchbill"
FOLDER, DATABASE_FILE, ANCHORS = "own-copy", "watchbill.db", "journal-anchors"
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
        for manifests in sorted(state.home.glob("repositories/*/manifests")):
            shutil.copytree(manifests, folder / "manifests" / manifests.parent.name, copy_function=os.link)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def answer_of_own_copy(restored: Path, limit: TimeLimit, hidden: tuple[str, ...] = ()) -> Answer:
    """Open the database of a restored copy and hold its journal against the anchors that were copied with it.

    Raises BackupError for what this machine lacks, which says nothing about the copy.
    """
    folder = next(iter(sorted(path for path in restored.rglob(FOLDER) if path.is_dir())), None)
    if folder is None:
        return Answer(f"the copy has no folder {FOLDER}", False)
    if (folder / DUMP).exists():
        with loaded_postgresql(folder, limit, hidden) as opened:
            return _anchored(opened, folder) if opened.answer.is_good else opened.answer
    return _verified(folder)


def _verified(folder: Path) -> Answer:
    if not (folder / DATABASE_FILE).is_file():
        return Answer(f"the copy has no {DATABASE_FILE}", False)
    copy = Database(f"sqlite:///{folder / DATABASE_FILE}")
    anchors = folder / ANCHORS
    try:
        with copy.read() as session:
            found = journal.verify(session, anchors if anchors.exists() else None)
    except (JournalBroken, DatabaseError) as error:
        return Answer(f"the copy's database: {error}", False)
    finally:
        copy.close()
    return Answer(f"the copy's journal verifies: {found.rows:,} rows, {found.anchors:,} anchors", True)


def _anchored(opened: OpenedCopy, folder: Path) -> Answer:
    """Of a loaded dump: the row of the newest anchor has the anchored hash, so all rows before it are those."""
    anchors = dict(journal.read_anchors(folder / ANCHORS)) if (folder / ANCHORS).exists() else {}
    rows = opened.ask("select count(*) from journal")
    if not anchors:
        return Answer(f"{opened.answer.text}; its journal has {rows} rows, and no anchor was copied", True)
    newest = max(anchors)
    found = opened.ask(f"select hash from journal where seq = {newest:d}")  # noqa: S608  # a number
    if found != anchors[newest]:
        return Answer(f"row {newest} of the copy's journal differs from its anchor: history was rewritten", False)
    return Answer(f"{opened.answer.text}; its journal has {rows} rows, and row {newest} is as anchored", True)


def _copy_database(database: URL, folder: Path) -> None:
    if database.get_backend_name() == "sqlite":
        _copy_sqlite(Path(database.database or ""), folder / DATABASE_FILE)
    else:
        _dump_postgresql(database, folder)


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


def _dump_postgresql(database: URL, folder: Path) -> None:
    words = {**database.translate_connect_args(username="user", database="dbname"), **database.query}
    environment = {**os.environ, "PGPASSWORD": str(words.pop("password", ""))}
    where = f"--dbname={psycopg.conninfo.make_conninfo('', **words)}"
    version = _called(["pg_dump", "--version"], environment).split()[2].partition(".")[0]
    ask = "select current_setting('server_version_num'), current_setting('server_encoding')"
    server, encoding = _called(["psql", "-XAtq", where, f"--command={ask}"], environment).strip().split("|")
    _called(["pg_dump", "--format=custom", where, f"--file={folder / DUMP}"], environment)
    (folder / VERSIONS).write_text(f"server {server}\npg_dump {version}\nencoding {encoding}\n")


def _called(command: list[str], environment: dict[str, str]) -> str:
    """What a program of PostgreSQL's client says. Raises BackupError when it is missing or fails."""
    try:
        done = subprocess.run(
            command, env=environment, check=False, capture_output=True, text=True, timeout=DUMP_SECONDS
        )
    except FileNotFoundError:
        words = f"{command[0]} is not installed; install PostgreSQL's client"
        raise BackupError(WATCHBILL, BackupFault.NO_ENGINE, words) from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        words = f"{command[0]} ended with {done.returncode}: {said}"
        raise BackupError(WATCHBILL, BackupFault.SOURCE_UNREADABLE, words)
    return done.stdout


def _left_out(home: Path) -> Callable[[str, list[str]], set[str]]:
    """Keys, secrets, and the home itself where it lies in the site's folder."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in LEFT_OUT or (Path(folder) / name).resolve() == home.resolve()}

    return ignore
