"""SQLite files as sources: a copy of one moment while they are used, or an error that says what to do."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from models.vocabulary import BackupFault
from tasks.tools.backup.databases import sqlite_copy
from tasks.tools.ssh import HostPool, Target, local
from tests.servers import need
from tests.tasks.backup.opened import left_in, origin, programs, refused, taken, unpacked


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where dumps are made; nothing may be left there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    surroundings = local.surroundings
    monkeypatch.setattr(local, "surroundings", lambda: surroundings() | {"TMPDIR": str(folder)})
    yield folder
    assert not left_in(folder)


@pytest.fixture(params=["sqlite3", "python3"])
def tool(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the host has to copy with."""
    use_only(tmp_path / "only", monkeypatch, request.param)
    return str(request.param)


def use_only(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let the host have these programs, beside the ordinary ones."""
    if "sqlite3" in names:
        need("sqlite3")
    programs(folder, monkeypatch, {}, only=True)
    own = {path.name: path for start in ("/bin", "/usr/bin") for path in Path(start).iterdir()}
    for name, path in own.items():
        if not name.startswith(("sqlite3", "python3")) or name in names:
            (folder / name).symlink_to(path)


def shop(path: Path, rows: int = 1000) -> Path:
    """A database with some orders."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table orders (id integer primary key, note text)")
        database.executemany("insert into orders (note) values (?)", [("x" * 100,)] * rows)
        database.commit()
    return path


def count(path: Path) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        return int(database.execute("select count(*) from orders").fetchone()[0])


def test_the_copy_has_what_was_committed_and_nothing_else(
    here: Target, pool: HostPool, tmp_path: Path, tool: str
) -> None:
    source = shop(tmp_path / "-odd 'name'.db")
    with closing(sqlite3.connect(source)) as writer:
        writer.execute("pragma journal_mode=wal")
        writer.execute("insert into orders (note) values ('in the write-ahead log')")
        writer.commit()
        writer.execute("insert into orders (note) values ('not committed')")
        files = unpacked(sqlite_copy(origin(pool, here), str(source)), tmp_path / "copy")
        writer.rollback()
    assert list(files) == [source.name]
    assert count(files[source.name]) == 1001


def test_a_database_that_is_written_all_the_time_is_copied_as_of_one_moment(
    here: Target, pool: HostPool, tmp_path: Path, tool: str
) -> None:
    source, over = shop(tmp_path / "shop.db", rows=20_000), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(source, timeout=30)) as database:
            database.execute("pragma journal_mode=wal")
            while not over.is_set():
                database.execute("insert into orders (note) values ('pair')")
                database.execute("insert into orders (note) values ('pair')")
                database.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = unpacked(sqlite_copy(origin(pool, here), str(source)), tmp_path / "copy")
    finally:
        over.set()
        writer.join()
    assert count(files["shop.db"]) >= 20_000
    assert count(files["shop.db"]) % 2 == 0, "a pair is written in one transaction"


def test_the_source_is_left_as_it_was(here: Target, pool: HostPool, tmp_path: Path, tool: str) -> None:
    (tmp_path / "data").mkdir()
    source = shop(tmp_path / "data" / "shop.db")
    before = source.read_bytes()
    taken(sqlite_copy(origin(pool, here), str(source)))
    assert [path.name for path in source.parent.iterdir()] == ["shop.db"]
    assert source.read_bytes() == before


def damaged(path: Path) -> None:
    shop(path)
    raw = bytearray(path.read_bytes())
    raw[8192:12288] = b"\x07" * 4096
    path.write_bytes(raw)


def inconsistent(path: Path) -> None:
    """Every page is readable, and what they say cannot be."""
    with closing(sqlite3.connect(shop(path))) as database:
        database.execute("insert into orders (note) values (null)")
        database.execute("pragma writable_schema = on")
        database.execute("update sqlite_master set sql = replace(sql, 'note text', 'note text not null')")
        database.commit()


def tableless(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma user_version = 3")


@pytest.mark.parametrize(
    ("make", "fault", "words"),
    [
        (Path.exists, BackupFault.SOURCE_MISSING, "is not there"),
        (Path.touch, BackupFault.SOURCE_EMPTY, "is empty"),
        (Path.mkdir, BackupFault.SOURCE_UNREADABLE, "is no file"),
        (lambda path: path.write_text("no database " * 999), BackupFault.SOURCE_UNREADABLE, "not a database"),
        (damaged, BackupFault.SOURCE_UNREADABLE, "it is damaged: "),
        (inconsistent, BackupFault.SOURCE_UNREADABLE, "it is damaged: NULL value in orders.note"),
        (tableless, BackupFault.SOURCE_EMPTY, "has no table"),
    ],
    ids=["missing", "of no bytes", "a folder", "something else", "unreadable pages", "inconsistent", "without a table"],
)
def test_what_is_no_whole_database_is_a_failure(
    here: Target, pool: HostPool, tmp_path: Path, tool: str, make: object, fault: BackupFault, words: str
) -> None:
    source = tmp_path / "shop.db"
    make(source)  # type: ignore[operator]  # one of the callables above
    with refused(fault, str(source), words):
        taken(sqlite_copy(origin(pool, here), str(source)))


def test_a_host_with_neither_tool_says_what_to_install(
    here: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_only(tmp_path / "only", monkeypatch)
    with refused(BackupFault.NO_ENGINE, "neither sqlite3 nor python3"):
        taken(sqlite_copy(origin(pool, here), str(shop(tmp_path / "shop.db"))))


def test_what_a_killed_run_left_is_cleared_by_the_next(
    here: Target, pool: HostPool, tmp_path: Path, scratch: Path
) -> None:
    (scratch / "watchbill-shop.dead").mkdir()
    (scratch / "watchbill-shop.dead" / "half").write_text("half a dump")
    (scratch / "watchbill-other.x").mkdir()
    living = f"watchbill-shop.{os.getpid()}.x"
    (scratch / living).mkdir()
    (tmp_path / "elsewhere").mkdir()
    (scratch / "watchbill-shop.link").symlink_to(tmp_path / "elsewhere")
    taken(sqlite_copy(origin(pool, here), str(shop(tmp_path / "shop.db"))))
    kept = ["watchbill-other.x", living, "watchbill-shop.link"]
    assert sorted(left_in(scratch)) == kept, "of another plan; of a run that lives; not a folder"
    (scratch / "watchbill-other.x").rmdir()
    (scratch / living).rmdir()
    (scratch / "watchbill-shop.link").unlink()


def test_a_source_that_is_left_in_the_middle_leaves_nothing(here: Target, pool: HostPool, tmp_path: Path) -> None:
    source = shop(tmp_path / "shop.db", rows=100_000)
    with sqlite_copy(origin(pool, here), str(source)) as stream:
        assert len(stream.read(1000)) == 1000
