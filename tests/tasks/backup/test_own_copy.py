"""Watchbill's own backup: consistent while others write, keys apart, and a restored copy whose journal verifies."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from models.database import Database
from models.errors import BackupError
from models.queries import journal
from models.queries.journal import Fact
from models.vocabulary import BackupFault
from tasks.tools.backup.own_copy import OwnState, answer_of_own_copy, own_copy
from tasks.tools.backup.time_limit import TimeLimit

LIMIT = TimeLimit.of(timedelta(days=1))


def write(database: Database, rows: int) -> None:
    with database.write() as session:
        for number in range(rows):
            journal.append(session, Fact("operations:test:note", f"test/{number}", "ann"))


@pytest.fixture
def state(database: Database, tmp_path: Path) -> OwnState:
    """A home and a site with an anchored journal, keys and manifests."""
    home, site = tmp_path / "home", tmp_path / "site"
    for folder in (home / "repositories/main/manifests", site / "keys", site / "scripts"):
        folder.mkdir(parents=True)
    (home / "repositories/main/manifests/a.jsonl.zst").write_bytes(b"manifest")
    (site / "jobs.yaml").write_text("jobs: {}\n")
    (site / "keys/night").write_text("PRIVATE KEY")
    write(database, 5)
    with database.write() as session:
        journal.anchor(session, home / "journal-anchors")
    return OwnState(home, site, home / "journal-anchors", make_url(database.url))


def restored(state: OwnState, to: Path) -> Path:
    """What a restore would bring: the copied folder, somewhere below another one."""
    with own_copy(state) as folder:
        shutil.copytree(folder, to / "srv/watchbill" / folder.name)
    assert not folder.exists(), "nothing is left"
    return to


def test_the_journal_of_a_restored_copy_verifies(state: OwnState, database: Database, tmp_path: Path) -> None:
    copy = restored(state, tmp_path / "back")
    write(database, 3)  # what came after the copy is no fault of it
    answer = answer_of_own_copy(copy, LIMIT)
    assert answer.is_good, answer.text
    assert "5 rows" in answer.text


def test_keys_are_kept_apart_and_all_else_is_there(state: OwnState, tmp_path: Path) -> None:
    copy = restored(state, tmp_path / "back")
    found = {path.name for path in copy.rglob("*") if path.is_file()}
    assert {"jobs.yaml", "journal-anchors", "a.jsonl.zst"} <= found
    assert "night" not in found
    assert all(b"PRIVATE" not in path.read_bytes() for path in copy.rglob("*") if path.is_file())


def test_a_copy_whose_history_was_rewritten_is_no_proof(state: OwnState, tmp_path: Path) -> None:
    copy = restored(state, tmp_path / "back")
    (anchors,) = copy.rglob("journal-anchors")
    first, rest = anchors.read_text().rsplit(" ", 1)
    anchors.write_text(f"{first} {'0' * len(rest.strip())}\n")
    answer = answer_of_own_copy(copy, LIMIT)
    assert not answer.is_good
    assert "rewritten" in answer.text


def test_a_copy_with_a_damaged_database_is_no_proof(sqlite: Database, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    write(sqlite, 4)
    state = OwnState(tmp_path, tmp_path / "site", tmp_path / "no-anchors", make_url(sqlite.url))
    copy = restored(state, tmp_path / "back")
    (found,) = copy.rglob("watchbill.db")
    with closing(sqlite3.connect(found)) as database:
        database.executescript(
            "drop trigger journal_keeps_rows_update; update journal set actor = 'eve' where seq = 2;"
        )
    answer = answer_of_own_copy(copy, LIMIT)
    assert (answer.is_good, "row 2" in answer.text) == (False, True), answer.text


def test_an_empty_folder_is_no_copy(tmp_path: Path) -> None:
    assert answer_of_own_copy(tmp_path, LIMIT).text == "the copy has no folder own-copy"


def test_a_database_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    state = OwnState(tmp_path, tmp_path / "site", tmp_path / "anchors", make_url(f"sqlite:///{tmp_path}/none.db"))
    with pytest.raises(BackupError, match=r"none\.db") as caught, own_copy(state):
        pass
    assert caught.value.fault is BackupFault.SOURCE_UNREADABLE
