"""The journal: append-only, gapless, chained, anchored; verify names the first bad row."""

from pathlib import Path

import pytest
from sqlalchemy import text

from models.database import Database
from models.errors import DatabaseError, JournalBroken
from models.queries import journal
from models.queries.journal import Fact


def _append(database: Database, rows: int = 1, **facts: object) -> None:
    with database.write() as session:
        for number in range(rows):
            journal.append(session, Fact("operations:test:note", f"test/{number}", "ann", facts=facts))


def _tamper(database: Database, *statements: str) -> None:
    """Change the journal as somebody with the database's password could."""
    with database.raw() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER journal_keeps_rows_update")
            connection.exec_driver_sql("DROP TRIGGER journal_keeps_rows_delete")
        else:
            connection.exec_driver_sql("ALTER TABLE journal DISABLE TRIGGER USER")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_rows_are_numbered_without_a_gap_and_verify(database: Database) -> None:
    _append(database, 3, name="Ünicode \N{SNOWMAN}", count=2)
    _append(database)
    with database.read() as session:
        assert journal.verify(session).rows == 4


def test_nothing_is_written_when_the_transaction_fails(database: Database) -> None:
    _append(database)
    with pytest.raises(RuntimeError), database.write() as session:
        journal.append(session, Fact("operations:test:note", "test/9", "ann"))
        raise RuntimeError("the change itself failed")
    with database.read() as session:
        assert journal.verify(session).rows == 1


@pytest.mark.parametrize("statement", ["UPDATE journal SET actor = 'eve' WHERE seq = 1", "DELETE FROM journal"])
def test_the_database_itself_refuses_to_change_the_journal(database: Database, statement: str) -> None:
    _append(database)
    with pytest.raises(DatabaseError, match="append-only"), database.write() as session:
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("statements", "seq", "why"),
    [
        (["UPDATE journal SET actor = 'eve' WHERE seq = 3"], 3, "was changed"),
        (["UPDATE journal SET facts = '{}' WHERE seq = 2"], 2, "was changed"),
        (["DELETE FROM journal WHERE seq = 3"], 3, "is missing"),
        (["DELETE FROM journal WHERE seq > 3"], 4, "the tail was cut"),
        (["DELETE FROM journal WHERE seq = 1"], 1, "is missing"),
    ],
)
def test_verify_names_the_first_bad_row(database: Database, statements: list[str], seq: int, why: str) -> None:
    _append(database, 5, value=1)
    _tamper(database, *statements)
    with pytest.raises(JournalBroken, match=why) as broken, database.read() as session:
        journal.verify(session)
    assert broken.value.seq == seq


def test_a_cut_tail_with_a_mended_head_is_found_by_the_anchor(database: Database, tmp_path: Path) -> None:
    _append(database, 5)
    anchors = tmp_path / "anchors"
    with database.read() as session:
        assert journal.anchor(session, anchors) == 5
        kept = [row.hash for row in journal.rows_about(session, "test/2")]
    _tamper(
        database,
        "DELETE FROM journal WHERE seq > 3",
        f"UPDATE journal_head SET seq = 3, hash = '{kept[0]}' WHERE id = 1",
    )
    with database.read() as session:
        assert journal.verify(session).rows == 3, "the chain alone cannot see it"
        with pytest.raises(JournalBroken, match="row 5 was anchored") as broken:
            journal.verify(session, anchors)
    assert broken.value.seq == 4


def test_a_rewritten_history_is_found_by_the_anchor(database: Database, tmp_path: Path) -> None:
    _append(database, 2, value="old")
    anchors = tmp_path / "anchors"
    with database.read() as session:
        journal.anchor(session, anchors)
    _tamper(
        database,
        "DELETE FROM journal",
        f"UPDATE journal_head SET seq = 0, hash = '{journal.GENESIS}' WHERE id = 1",
    )
    _append(database, 2, value="new")
    with pytest.raises(JournalBroken, match="rewritten"), database.read() as session:
        journal.verify(session, anchors)


def test_an_unchanged_head_is_anchored_once(sqlite: Database, tmp_path: Path) -> None:
    _append(sqlite)
    for _ in range(2):
        with sqlite.read() as session:
            journal.anchor(session, tmp_path / "anchors")
    assert len(journal.read_anchors(tmp_path / "anchors")) == 1


def test_an_anchor_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "anchors").write_text("nonsense\n")
    with pytest.raises(JournalBroken, match="anchors:1: not an anchor line"):
        journal.read_anchors(tmp_path / "anchors")


def test_a_repeated_key_is_known(database: Database) -> None:
    with database.write() as session:
        journal.append(session, Fact("operations:test:note", "test/1", "ann", key="once"))
        assert journal.is_known(session, "once")
    with database.read() as session:
        assert journal.is_known(session, "once")
        assert not journal.is_known(session, "twice")


def test_the_export_holds_every_row_in_order(database: Database) -> None:
    _append(database, 3)
    with database.read() as session:
        lines = list(journal.export(session))
    assert [line.count('"seq"') for line in lines] == [1, 1, 1]
