"""A plan's source, opened as the plan says."""

import io
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from models.database import Database
from models.errors import HostError
from models.secrets import SecretMissing
from models.vocabulary import BackupFault
from tasks.places import plan_of
from tasks.sources import opened_source
from tasks.tools.backup.shapes import Stream, Tree
from tests.sites import HOST_KEY
from tests.tasks.backup.claimed import claimed_run
from tests.tasks.backup.opened import refused


def opened(database: Database, home: Path, source: str, web1: str | None = None) -> tuple[Tree | Stream, bytes]:
    """What the source is, and the bytes of a stream."""
    run = claimed_run(database, home, source, web1)
    with opened_source(run, plan_of(run)) as found:
        if isinstance(found, Tree):
            return found, b""
        pieces = list(iter(lambda: found.read(65536), b""))
        found.finish()
        return found, b"".join(pieces)


def test_paths_of_this_machine_are_a_tree(home: Path, worker_database: Database) -> None:
    (home / "data").mkdir()
    found, _ = opened(worker_database, home, f"paths: [{home}/data], exclude: ['*.tmp']")
    assert found == Tree((home / "data",), ("*.tmp",))


def test_a_path_that_is_gone_is_a_failure(home: Path, worker_database: Database) -> None:
    with refused(BackupFault.SOURCE_MISSING, f"{home}/gone not found", "correct the plan's paths"):
        opened(worker_database, home, f"paths: [{home}, {home}/gone]")


def test_a_link_without_its_target_is_there(home: Path, worker_database: Database) -> None:
    (home / "link").symlink_to("nowhere")
    opened(worker_database, home, f"paths: [{home}/link]")


def test_a_command_with_its_secret_is_a_stream(home: Path, worker_database: Database) -> None:
    (home / "secrets").mkdir(mode=0o700, exist_ok=True)
    (home / "secrets" / "word").write_text("correct horse\n")
    (home / "secrets" / "word").chmod(0o600)
    command = "command: {argv: [sh, -c, 'printf %s \"$WORD\"'], produces: x.sql, secrets: {WORD: 'secret://word'}}"
    found, output = opened(worker_database, home, command)
    assert isinstance(found, Stream)
    assert (found.name, found.is_tar, output) == ("x.sql", False, b"correct horse")


def test_a_source_comes_by_the_transport_of_its_host(
    home: Path, worker_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = f"address: 127.0.0.1, port: 9, key: keys/none, host_keys: [{HOST_KEY}], transport: {{}}".format
    command = "command: {argv: [echo], produces: x.sql}"
    monkeypatch.setenv("PATH", str(home))
    with pytest.raises(HostError, match="ssh is not installed on this machine"):
        opened(worker_database, home, command, host("ssh"))
    with pytest.raises(HostError, match="key"):
        opened(worker_database, home, command, host("paramiko"))


def test_a_secret_that_is_not_there_is_a_failure(home: Path, worker_database: Database) -> None:
    with pytest.raises(SecretMissing):
        opened(worker_database, home, "postgresql: {database: shop, password: 'secret://gone'}")


def test_a_command_that_gives_too_little_is_a_failure(home: Path, worker_database: Database) -> None:
    with refused(BackupFault.SOURCE_EMPTY, "at least 1.0 KiB"):
        opened(worker_database, home, "command: {argv: [echo], produces: x.sql, at_least: 1024}")


def test_a_sqlite_file_is_a_tar(home: Path, worker_database: Database) -> None:
    with closing(sqlite3.connect(home / "shop.db")) as database:
        database.execute("create table t (id int)")
    found, output = opened(worker_database, home, f"sqlite: {home}/shop.db")
    assert isinstance(found, Stream)
    assert (found.name, found.is_tar) == ("shop.tar", True)
    with tarfile.open(fileobj=io.BytesIO(output)) as tar:
        assert tar.getnames() == ["shop.db"]
