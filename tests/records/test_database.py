"""The shared database: no lost updates, one transaction or nothing, faults said in words."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, text

from models import clock, migrations
from models.database import Database
from models.errors import DatabaseError
from models.queries import journal
from models.queries.journal import Fact
from models.records import JournalHead, Team

PROCESSES = 8
INCREMENTS = 12


def _increment(url: str, barrier: object) -> None:
    """Read a counter, then write it: the pattern that loses updates with SQLAlchemy's defaults on SQLite."""
    database = Database(url)
    barrier.wait()  # type: ignore[attr-defined]
    for _ in range(INCREMENTS):
        with database.write() as session:
            if not database.is_sqlite:
                session.execute(select(JournalHead).where(JournalHead.id == 1).with_for_update())
            title = session.scalars(select(Team.title).where(Team.name == "counter")).one()
            session.execute(
                text("UPDATE team SET title = :title WHERE name = 'counter'"), {"title": str(int(title) + 1)}
            )
            journal.append(session, Fact("operations:test:count", "team/counter", str(os.getpid())))
    database.close()


def test_eight_processes_that_read_then_write_lose_no_update(database: Database, database_url: str) -> None:
    with database.write() as session:
        session.add(Team(name="counter", title="0", spec={}, sha256="", registered_at=clock.now()))
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload([__name__])
    barrier = forkserver.Barrier(PROCESSES)
    workers = [forkserver.Process(target=_increment, args=(database_url, barrier)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    with database.read() as session:
        assert session.scalars(select(Team.title)).one() == str(PROCESSES * INCREMENTS)
        assert journal.verify(session).rows == PROCESSES * INCREMENTS, "the chain has no fork"


def test_the_engine_begins_immediate_and_syncs_in_full(sqlite: Database) -> None:
    with sqlite.write() as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        other = sqlite3.connect(str(sqlite.url.database), timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_reader_cannot_write_and_does_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as session:
        session.add(Team(name="ops", title="Ops", spec={}, sha256="", registered_at=clock.now()))
        session.flush()
        with database.read() as reader:
            assert reader.scalars(select(Team)).all() == []
    with pytest.raises(DatabaseError), database.read() as reader:
        reader.execute(text("DELETE FROM team"))


def test_a_full_disk_is_said_in_words_and_loses_nothing(sqlite: Database) -> None:
    with sqlite.write() as session:
        session.execute(text("PRAGMA max_page_count=1"))  # the database may not grow, as on a full disk
    with pytest.raises(DatabaseError, match="free space; nothing of this change was kept"), sqlite.write() as session:
        session.execute(text("PRAGMA max_page_count=1"))
        for number in range(2000):
            session.add(Team(name=f"t{number}", title="x" * 500, spec={}, sha256="", registered_at=clock.now()))
        session.flush()
    with sqlite.read() as session:
        assert session.scalars(select(Team)).all() == []


def test_a_damaged_file_is_refused_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "watchbill.db").write_bytes(b"this is no database " * 500)
    database = Database(f"sqlite:///{tmp_path}/watchbill.db")
    with pytest.raises(DatabaseError, match="damaged or somebody else's: check WATCHBILL_DATABASE_URL, or restore"):
        migrations.upgrade(database)


def test_a_newer_schema_is_refused_and_stays_as_it_is(sqlite: Database) -> None:
    with sqlite.raw() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (migrations.upgrade, migrations.require_current):
        with pytest.raises(DatabaseError, match=r"\(9999\) is newer than this Watchbill knows"):
            act(sqlite)


def test_somebody_elses_tables_are_not_touched(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/other.db")
    with database.raw() as connection:
        connection.execute(text("CREATE TABLE payroll (id INTEGER)"))
    with pytest.raises(DatabaseError, match="tables that are not Watchbill's"):
        migrations.upgrade(database)


def test_an_empty_database_names_what_to_run(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(DatabaseError, match="run `watchbill up`"):
        migrations.require_current(database)
    with pytest.raises(DatabaseError, match="no Watchbill tables yet"), database.read() as session:
        session.scalars(select(Team)).all()


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert migrations.upgrade(database) is False
    migrations.require_current(database)


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_the_tables_are_what_the_records_say(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from models.records import Base

    with database.raw() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert [change for change in found if "uq__pause__one_open" not in str(change)] == []


def test_an_unknown_kind_of_database_names_the_supported_ones() -> None:
    with pytest.raises(DatabaseError, match="use sqlite:///FILE or postgresql://"):
        Database("mysql://localhost/x")


def test_a_password_never_appears_in_an_error() -> None:
    database = Database("postgresql://watchbill:hunter2@127.0.0.1:1/none")
    with pytest.raises(DatabaseError) as refused, database.read() as session:
        session.execute(text("SELECT 1"))
    assert "hunter2" not in str(refused.value)
    assert "not running" in str(refused.value)


def test_a_killed_writer_leaves_the_database_usable(sqlite: Database, sqlite_url: str) -> None:
    code = (
        "import os, sys; from models.database import Database; from models.queries import journal\n"
        "database = Database(sys.argv[1])\n"
        "with database.write() as session:\n"
        "    journal.append(session, journal.Fact('operations:test:note', 'test/1', 'x'))\n"
        "    journal.write_queued(session)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, sqlite_url], check=False).returncode == -9
    with sqlite.write() as session:
        journal.append(session, Fact("operations:test:note", "test/2", "y"))
    with sqlite.read() as session:
        assert journal.verify(session).rows == 1


def test_a_writer_that_was_stopped_in_the_middle_is_named_with_the_mend(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = (
        "import sys, os, signal\nfrom models.database import Database\n"
        "with Database(sys.argv[1]).write() as session:\n"
        "    print('held', flush=True)\n    os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", hold, sqlite_url], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "held\n"
        os.waitid(os.P_PID, writer.pid, os.WSTOPPED | os.WNOWAIT)
        monkeypatch.setattr("models.database.BUSY_SECONDS", 0.2)
        database = Database(sqlite_url)
        words = f"process {writer.pid} .* is stopped: `kill -CONT {writer.pid}`"
        with pytest.raises(DatabaseError, match=words), database.write():
            pass
        with database.read() as session:
            assert session.execute(text("SELECT 1")).scalar_one() == 1, "readers are not held up"
        writer.send_signal(signal.SIGCONT)
        assert writer.wait(30) == 0
        monkeypatch.setattr("models.database.BUSY_SECONDS", 30)
        with database.write():
            pass
        database.close()
    finally:
        writer.kill()
        writer.communicate()
