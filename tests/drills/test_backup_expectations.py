"""A restored dump is loaded into a real server behind walls: what does not load or answer is no backup."""

import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from models.errors import BackupError
from models.rules.manifests import compare
from models.site.backups import Expectation, PostgresqlSource, Source
from models.vocabulary import BackupFault
from tasks.expectations import Answer, RestoredCopy, answers_of
from tasks.tools.backup import scratch_postgresql
from tasks.tools.backup.databases import postgresql_dump
from tasks.tools.backup.manifests import manifest_of_restored, read_manifest
from tasks.tools.backup.time_limit import TimeLimit
from tasks.tools.ssh import HostPool, Target
from tests.postgres import PostgreSQL, running_postgresql
from tests.servers import need
from tests.tasks.backup.archive_lab import engine, restore, take
from tests.tasks.backup.opened import origin, unpacked

pytestmark = pytest.mark.drill
SOURCE = Source(on="db1", postgresql=PostgresqlSource(database="shop"))
SCHEMA = """
create role clerk login;
create role watchbill_reader;
create table orders (id int primary key, at timestamptz not null);
insert into orders select n, now() - n * interval '1 minute' from generate_series(1, 1204) n;
create view escape as select 1;
create function escaped() returns int language plpgsql as $$
    begin create temp table said (line text); copy said from program 'cat /etc/hostname'; return count(*) from said; end
$$;
alter table orders owner to clerk;
grant select on orders to watchbill_reader;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    need("pg_dump")
    with running_postgresql() as server:
        with psycopg.connect(server.url, autocommit=True) as session:
            session.execute("create database shop")
            session.execute("create database latin template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'")
        for name in ("shop", "latin"):
            with psycopg.connect(server.url, dbname=name) as session:
                session.execute(SCHEMA if name == "shop" else "create table t (x text); insert into t values ('ü')")
        yield server


def copied(server: PostgreSQL, folder: Path, database: str = "shop", *, with_globals: bool = True) -> Path:
    """A restored copy of the database."""
    here = Target("here", connection="local", run_directory=str(folder / "watchbill"))
    with HostPool() as pool:
        connection = f"host={server.folder} user=watchbill"
        unpacked(postgresql_dump(origin(pool, here), database, connection, with_globals=with_globals), folder / "copy")
    return folder / "copy"


@pytest.fixture
def copy(server: PostgreSQL, home: Path) -> Iterator[Path]:
    yield copied(server, home)
    assert scratch_left() == [], "the server is gone, and its folder"


def scratch_left() -> list[str]:
    """What drills of this process left: folders, and processes of their servers."""
    ours = f"{scratch_postgresql.PREFIX}{os.getpid()}-"
    folders = [str(path) for path in Path(scratch_postgresql._disk()).glob(f"{ours}*")]
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return folders + [line for line in processes.splitlines() if ours in line]


def asked(copy: Path, *expected: dict[str, Any], limit: timedelta = timedelta(minutes=5)) -> list[Answer]:
    restored = RestoredCopy(copy, datetime.now(UTC), TimeLimit.of(limit))
    return answers_of(SOURCE, [Expectation(**one) for one in expected], restored)


def test_the_load_itself_is_an_answer_and_queries_go_to_the_loaded_database(copy: Path) -> None:
    loaded, rows, age, write, escape, wrong = asked(
        copy,
        {"query": "select count(*) from orders", "at_least": 1204},
        {"query": "select max(at) from orders", "newer_than": timedelta(hours=1)},
        {"query": "delete from orders returning 1", "at_least": 0},
        {"query": "select escaped()", "at_least": 0},
        {"query": "select count(*) from gone", "at_least": 0},
    )
    assert loaded.is_good
    assert loaded.text.startswith("the dump was loaded into PostgreSQL ")
    assert loaded.text.endswith(" s: 1 table, 1,204 rows")
    assert rows == Answer("select count(*) from orders gave 1,204; at least 1,204", True)
    assert age.is_good
    assert "before the point was taken; at most 1h" in age.text
    for refused in (write, escape):
        assert not refused.is_good
        assert "read-only" in refused.text
    assert not wrong.is_good
    assert 'relation "gone" does not exist' in wrong.text


def test_a_database_without_its_roles_and_of_another_encoding_loads_too(
    server: PostgreSQL, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (loaded,) = asked(copied(server, tmp_path_factory.mktemp("bare"), with_globals=False))
    assert loaded.is_good, loaded.text
    loaded, length = asked(
        copied(server, tmp_path_factory.mktemp("latin"), "latin"),
        {"query": "select octet_length(x) from t", "at_least": 1},
    )
    assert loaded.is_good, loaded.text
    assert length.text.endswith("gave 1; at least 1"), "one byte, as in LATIN1"


def test_a_query_without_an_end_is_ended_at_the_drills_deadline(copy: Path) -> None:
    _, answer = asked(copy, {"query": "select pg_sleep(600)", "at_least": 0}, limit=timedelta(seconds=15))
    assert answer == Answer("select pg_sleep(600) gave no answer within the drill's deadline of 15s", False)


def test_a_dump_for_which_no_time_is_left_is_not_loaded(copy: Path) -> None:
    over = TimeLimit.of(timedelta(hours=1), used=timedelta(hours=2))
    (loaded,) = answers_of(SOURCE, [], RestoredCopy(copy, datetime.now(UTC), over))
    assert not loaded.is_good
    assert loaded.text.endswith(": not within the drill's deadline of 1h")


def cut(copy: Path) -> None:
    dump = copy / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-3000])


def flip(copy: Path) -> None:
    dump = copy / "database.dump"
    raw = bytearray(dump.read_bytes())
    at = raw.index(b"600\t")  # a row: its key becomes that of another one
    raw[at : at + 3] = b"601"
    dump.write_bytes(raw)


def link(copy: Path) -> None:
    (copy / "database.dump").rename(copy / "other")
    (copy / "database.dump").symlink_to("other")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (cut, "did not load"),
        (flip, "did not load"),
        (lambda copy: (copy / "database.dump").unlink(), "holds no dump of ours"),
        (lambda copy: (copy / "server-version.txt").write_text("torn"), "holds no dump of ours"),
        (link, "holds no dump of ours"),
    ],
    ids=["cut short", "a duplicate key", "no dump", "no versions", "a link"],
)
def test_a_dump_that_does_not_load_is_no_backup(copy: Path, harm: Any, words: str) -> None:
    harm(copy)
    loaded, query = asked(copy, {"query": "select 1", "at_least": 1})
    assert (loaded.is_good, query.is_good) == (False, False)
    assert words in loaded.text
    assert "was not asked" in query.text


def test_a_dump_of_a_newer_server_says_what_to_install(copy: Path) -> None:
    (copy / "server-version.txt").write_text("server 990001\npg_dump 99\nencoding UTF8\ntables 1\n")
    with pytest.raises(BackupError) as failure:
        asked(copy)
    assert failure.value.fault is BackupFault.NO_ENGINE
    assert "apt install postgresql-99" in str(failure.value)


def test_an_extension_that_this_machine_lacks_says_nothing_against_the_dump(
    copy: Path, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = copy / "globals.sql"
    roles.write_text(roles.read_text() + "\\connect restored\ncreate extension nonesuch;\n")
    (loaded,) = asked(copy)
    assert loaded.is_good
    assert "(1 errors in the roles" in loaded.text
    error = b'pg_restore: error: could not execute query: ERROR:  extension "postgis" is not available'
    run = scratch_postgresql.ScratchServer.run

    def lacking(self: Any, program: str, *arguments: str, **more: Any) -> Any:
        ended = run(self, program, *arguments, **more)
        if program == "pg_restore":
            return type(ended)(**{**ended.__dict__, "exit_code": 1, "errors": error})
        return ended

    monkeypatch.setattr(scratch_postgresql.ScratchServer, "run", lacking)
    with pytest.raises(BackupError) as failure:
        asked(copy)
    assert failure.value.fault is BackupFault.NO_ENGINE
    assert "postgis" in str(failure.value)


def test_without_a_server_here_the_drill_says_what_to_install(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch_postgresql, "INSTALLED", ())
    monkeypatch.setattr(scratch_postgresql.shutil, "which", lambda _name: None)
    with pytest.raises(BackupError) as failure:
        asked(copy)
    assert failure.value.fault is BackupFault.NO_ENGINE
    assert "none is installed: apt install postgresql-" in str(failure.value)


def test_a_hostile_dump_stays_behind_the_walls(copy: Path, home: Path) -> None:
    outside = home / "outside"
    home.chmod(0o777)
    roles = copy / "globals.sql"
    program = f"id -u; touch {outside}; ls /proc"
    hostile = f"\ncopy (select 1) to program '({program}) >&2; touch {outside}'"
    roles.write_text(f"{roles.read_text()}{hostile};\n\\! touch {outside}\n")
    (loaded,) = asked(copy)
    assert "errors in the roles" in loaded.text
    assert not outside.exists()


def test_two_drills_at_once_have_servers_of_their_own(copy: Path) -> None:
    results: list[list[Answer]] = []
    threads = [threading.Thread(target=lambda: results.append(asked(copy))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[0].is_good for answers in results] == [True, True]


def test_a_dump_goes_through_an_engine_and_is_proven_by_its_restore(server: PostgreSQL, home: Path) -> None:
    vault, here = engine(home), Target("here", connection="local", run_directory=str(home / "watchbill"))
    connection = f"host={server.folder} user=watchbill"
    with HostPool() as pool, postgresql_dump(origin(pool, here), "shop", connection, with_globals=True) as stream:
        taken = take(vault, stream)
    restore(vault, taken.point_id, home / "to")
    assert list(compare(read_manifest(taken.manifest), manifest_of_restored(home / "to"))) == []
    loaded, rows = asked(home / "to", {"query": "select count(*) from orders", "at_least": 1204})
    assert loaded.is_good, loaded.text
    assert rows.is_good, rows.text


def test_a_source_that_fails_leaves_no_point(server: PostgreSQL, home: Path) -> None:
    vault, here = engine(home), Target("here", connection="local", run_directory=str(home / "watchbill"))
    with HostPool() as pool:
        opened = postgresql_dump(origin(pool, here), "gone", f"host={server.folder} user=watchbill", with_globals=True)
        with pytest.raises(BackupError) as failure, opened as stream:
            take(vault, stream)
    assert failure.value.fault is BackupFault.SOURCE_MISSING
    assert vault.points("shop") == []
