"""Databases as sources against real servers: a whole dump, or a failure; never an empty one that looks whole."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from deployments.lab import Lab
from models.vocabulary import BackupFault, Outcome
from tasks.tools.backup.databases import postgresql_dump, sqlite_copy
from tasks.tools.backup.sources import files_of, output_of
from tasks.tools.ssh import HostPool, Target, local
from tests.drills.ssh_lab import as_target, until
from tests.postgres import PostgreSQL, running_postgresql
from tests.servers import need
from tests.tasks.backup.opened import left_in, origin, programs, refused, taken, unpacked
from tests.tasks.backup.test_sources_sqlite import count, shop

pytestmark = pytest.mark.drill
SCHEMA = """
create role clerk login password 'clerk-password';
create table orders (id int primary key, at timestamptz not null, note text);
insert into orders select n, now() - n * interval '1 minute', 'ü' || n from generate_series(1, 1204) n;
create table "Odd Name" (id int);
alter table orders owner to clerk;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """With the databases shop and `odd 'name'`, which have tables, and bare, which has none."""
    need("pg_dump")
    with running_postgresql() as server:
        databases = ("shop", "odd 'name'", "bare")
        with psycopg.connect(server.url, autocommit=True) as session:
            for name in databases:
                session.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))
        with psycopg.connect(server.url, dbname="shop") as session:
            session.execute(SCHEMA)
        with psycopg.connect(server.url, dbname=databases[1]) as session:
            session.execute("create table only_one (id int)")
        yield server


@pytest.fixture
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


@pytest.fixture
def here(tmp_path: Path) -> Target:
    return Target("here", connection="local", run_directory=str(tmp_path / "watchbill"))


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where dumps are made on this machine; nothing may be left there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    surroundings = local.surroundings
    monkeypatch.setattr(local, "surroundings", lambda: surroundings() | {"TMPDIR": str(folder)})
    yield folder
    assert not left_in(folder)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=1) as lab:
        yield lab


def reaching(server: PostgreSQL, user: str = "watchbill") -> str:
    """The connection of a plan."""
    return f"host={server.folder} user={user}"


def test_a_dump_has_the_database_its_contents_its_roles_and_its_versions(
    server: PostgreSQL, here: Target, pool: HostPool, tmp_path: Path
) -> None:
    opened = postgresql_dump(origin(pool, here), "shop", reaching(server), with_globals=True)
    files = unpacked(opened, tmp_path / "copy")
    assert sorted(files) == ["contents.txt", "database.dump", "globals.sql", "server-version.txt"]
    assert "TABLE public orders clerk" in files["contents.txt"].read_text()
    assert "CREATE ROLE clerk" in files["globals.sql"].read_text()
    facts = dict(line.split(" ", 1) for line in files["server-version.txt"].read_text().splitlines())
    with psycopg.connect(server.url) as session:
        assert facts["server"] == str(session.info.server_version)
    assert (facts["encoding"], facts["tables"]) == ("UTF8", "2")
    listed = subprocess.run(
        ["pg_restore", "--data-only", "--table=orders", "--file=-", files["database.dump"]],
        capture_output=True,
        check=True,
    )
    assert "ü1204" in listed.stdout.decode()


def test_a_plan_may_leave_the_roles_out(server: PostgreSQL, here: Target, pool: HostPool, tmp_path: Path) -> None:
    opened = postgresql_dump(origin(pool, here), "odd 'name'", reaching(server), with_globals=False)
    assert sorted(unpacked(opened, tmp_path)) == ["contents.txt", "database.dump", "server-version.txt"]


@pytest.mark.parametrize(
    ("pg_dump", "fault", "words", "reason"),
    [
        ("exit 0", BackupFault.WRONG_VERSION, "tells no version", "F23: says well done, does nothing"),
        (
            "case $1 in --version) echo 'pg_dump (PostgreSQL) 99.1';; *) for last; do :; done; : >database.dump;; esac",
            BackupFault.SOURCE_EMPTY,
            "ended well and wrote nothing",
            "an empty file",
        ),
        (
            "case $1 in --version) echo 'pg_dump (PostgreSQL) 99.1';; *) echo half >database.dump;; esac",
            BackupFault.SOURCE_UNREADABLE,
            "wrote what pg_restore cannot read",
            "something else than a dump",
        ),
        (
            "case $1 in --version) echo 'pg_dump (PostgreSQL) 99.1';;"
            ' *) exec REAL --format=custom --file=database.dump --exclude-schema=public "$5";; esac',
            BackupFault.SOURCE_EMPTY,
            "tables and the dump none",
            "a dump without what is in the database",
        ),
        (
            "case $1 in --version) echo 'pg_dump (PostgreSQL) 99.1';;"
            " *) echo 'server version mismatch' >&2; exit 1;; esac",
            BackupFault.WRONG_VERSION,
            "server version mismatch",
            "a wrapper that takes another one",
        ),
    ],
)
def test_a_pg_dump_that_says_well_done_is_not_believed(
    server: PostgreSQL, here: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    pg_dump: str, fault: BackupFault, words: str, reason: str,
) -> None:  # fmt: skip
    text = pg_dump.replace("REAL", str(need("pg_dump")))
    programs(tmp_path / "bin", monkeypatch, {"pg_dump": text})
    with refused(fault, words):
        taken(postgresql_dump(origin(pool, here), "shop", reaching(server), with_globals=False))


def test_an_old_pg_dump_is_passed_over_for_the_one_of_the_servers_version(
    server: PostgreSQL, here: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path / "bin", monkeypatch, {"pg_dump": "echo 'pg_dump (PostgreSQL) 9.6.24'; exit 1"})
    opened = postgresql_dump(origin(pool, here), "shop", reaching(server), with_globals=False)
    assert "database.dump" in unpacked(opened, tmp_path / "copy")


def test_a_pg_dump_older_than_its_server_is_the_wrong_version(
    server: PostgreSQL, here: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    psql = f'case "$*" in *server_version_num*) echo 990001;; *) exec {need("psql")} "$@";; esac'
    programs(tmp_path / "bin", monkeypatch, {"psql": psql})
    with refused(BackupFault.WRONG_VERSION, "the server is PostgreSQL 99", "install postgresql-client-99"):
        taken(postgresql_dump(origin(pool, here), "shop", reaching(server), with_globals=False))


@pytest.mark.parametrize(
    ("database", "user", "fault", "words", "reason"),
    [
        ("gone", "watchbill", BackupFault.SOURCE_MISSING, 'database "gone" does not exist', "dropped, or misspelt"),
        ("bare", "watchbill", BackupFault.SOURCE_EMPTY, "bare has no table", "not the database that was meant"),
        ("shop", "nobody-there", BackupFault.SOURCE_UNREADABLE, "does not let us in", "no such role"),
        ("odd 'name'", "clerk", BackupFault.SOURCE_UNREADABLE, "permission denied", "may not read the table"),
    ],
)
def test_a_database_that_cannot_be_dumped_whole_is_a_failure(
    server: PostgreSQL, here: Target, pool: HostPool, database: str, user: str, fault: BackupFault, words: str,
    reason: str,
) -> None:  # fmt: skip
    with refused(fault, words):
        taken(postgresql_dump(origin(pool, here), database, reaching(server, user), with_globals=False))


def test_roles_that_may_not_be_read_are_a_failure_that_names_the_way_out(
    server: PostgreSQL, here: Target, pool: HostPool
) -> None:
    with psycopg.connect(server.url, dbname="shop", autocommit=True) as session:
        session.execute('grant select on "Odd Name" to clerk')
    with refused(BackupFault.SOURCE_UNREADABLE, "pg_authid", "globals: false"):
        taken(postgresql_dump(origin(pool, here), "shop", reaching(server, "clerk"), with_globals=True))


def test_a_server_that_is_away_may_be_tried_again(here: Target, pool: HostPool, tmp_path: Path) -> None:
    need("pg_dump")
    with refused(BackupFault.SOURCE_FAILED, "could not be asked"):
        taken(postgresql_dump(origin(pool, here), "shop", f"host={tmp_path}", with_globals=False))


@pytest.fixture
def asks_for_passwords(server: PostgreSQL) -> Iterator[Callable[[], None]]:
    """The server wants a password from clerk."""
    rules = server.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all clerk scram-sha-256\n{before}")
    with psycopg.connect(server.url, autocommit=True) as session:
        session.execute("select pg_reload_conf()")
        yield lambda: None
        rules.write_text(before)
        session.execute("select pg_reload_conf()")


@pytest.mark.usefixtures("asks_for_passwords")
def test_a_password_goes_by_the_environment_and_a_wrong_one_is_said(
    server: PostgreSQL, here: Target, pool: HostPool, tmp_path: Path
) -> None:
    right, wrong = {"PGPASSWORD": "clerk-password"}, {"PGPASSWORD": "clerk-mistake"}
    reached = reaching(server, "clerk")
    with psycopg.connect(server.url, dbname="shop", autocommit=True) as session:
        session.execute('grant select on "Odd Name" to clerk')
    opened = postgresql_dump(origin(pool, here, secrets=right), "shop", reached, with_globals=False)
    assert "database.dump" in unpacked(opened, tmp_path / "copy")
    with refused(BackupFault.SOURCE_UNREADABLE, "password authentication failed", "correct the account"):
        taken(postgresql_dump(origin(pool, here, secrets=wrong), "shop", reached, with_globals=False))
    with refused(BackupFault.SOURCE_UNREADABLE, "no password supplied"):
        taken(postgresql_dump(origin(pool, here), "shop", reached, with_globals=False))


@pytest.mark.parametrize("connection", ["host=/run password=x", "postgresql://u:x@db/shop", "no such words"])
def test_a_connection_that_holds_a_password_is_refused(here: Target, pool: HostPool, connection: str) -> None:
    with refused(BackupFault.REFUSED_BY_US):
        taken(postgresql_dump(origin(pool, here), "shop", connection, with_globals=False))


def test_every_kind_of_source_comes_whole_over_ssh(
    server: PostgreSQL, lab: Lab, pool: HostPool, tmp_path: Path
) -> None:
    host = as_target(lab.hosts[0])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_bytes(bytes(range(256)) * 5000)
    shop(tmp_path / "shop.db")
    files = unpacked(files_of(origin(pool, host), (str(tmp_path / "data"),)), tmp_path / "1")
    assert files[f"{tmp_path}/data/file".lstrip("/")].read_bytes() == bytes(range(256)) * 5000
    files = unpacked(postgresql_dump(origin(pool, host), "shop", reaching(server), with_globals=True), tmp_path / "2")
    assert len(files) == 4
    files = unpacked(sqlite_copy(origin(pool, host), str(tmp_path / "shop.db")), tmp_path / "3")
    assert count(files["shop.db"]) == 1000
    whole = taken(output_of(origin(pool, host), ("pg_dump", "-d", f"{reaching(server)} dbname=shop"), "shop.sql"))
    assert b"PostgreSQL database dump complete" in whole
    with refused(BackupFault.SOURCE_MISSING, "gone on host1", "not found"):
        taken(files_of(origin(pool, host), (str(tmp_path / "gone"),)))
    with refused(BackupFault.SOURCE_MISSING, "does not exist"):
        taken(postgresql_dump(origin(pool, host), "gone", reaching(server), with_globals=True))


def test_a_dump_that_is_killed_half_way_leaves_nothing_on_the_host(
    server: PostgreSQL, here: Target, pool: HostPool, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    slow = (
        "case $1 in --version) echo 'pg_dump (PostgreSQL) 99.1';;"
        f" *) echo half >database.dump; touch {started}; sleep 60;; esac"
    )
    # A clean-up that takes longer than the kill waits before it says TERM a second time.
    clean_up = 'sleep 1.2; exec /bin/rm "$@"'
    programs(tmp_path / "bin", monkeypatch, {"pg_dump": slow, "rm": clean_up})
    where = origin(pool, here)
    with postgresql_dump(where, "shop", reaching(server), with_globals=False) as stream:
        until(started.exists)
        assert left_in(scratch)
        with HostPool() as other:
            proof = other.kill(here, where.key, 5)
        assert (proof.outcome, proof.gone) == (Outcome.KILLED, True)
        with refused(BackupFault.SOURCE_FAILED, "killed on request"):
            stream.read(1)
            stream.finish()
    assert not left_in(scratch)
