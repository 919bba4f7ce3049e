"""A real PostgreSQL server of the session's own, on a socket in a temporary folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine

from models.queries.journal import GENESIS
from tests.servers import need


@dataclass(frozen=True)
class PostgreSQL:
    """A server that can be stopped and started; it refuses to run as root."""

    binaries: Path
    folder: Path

    @property
    def url(self) -> str:
        """Of its first database."""
        return f"postgresql://watchbill@/postgres?host={self.folder}"

    def initialise(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-U", "watchbill", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=60"
        self._run("pg_ctl", "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """As a crash: nobody is asked, nothing is written down."""
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        prefix = ["runuser", "-u", user, "--"] if os.geteuid() == 0 else []
        command = [*prefix, str(self.binaries / program), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """A server as long as the block lasts."""
    server = PostgreSQL(need("postgres").parent, Path(tempfile.mkdtemp(prefix="wbpg", dir="/tmp")))
    server.initialise()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@contextmanager
def postgresql_server() -> Iterator[str]:
    """A server as long as the block lasts; gives the URL of its first database."""
    with running_postgresql() as server:
        yield server.url


EMPTY = """
DO $$ DECLARE name text; found boolean; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || quote_ident(name) || ')' INTO found;
        IF found THEN EXECUTE 'DELETE FROM ' || quote_ident(name); END IF;
    END LOOP;
    INSERT INTO journal_head (id, seq, hash) VALUES (1, 0, GENESIS);
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        PERFORM setval(quote_ident(name)::regclass, 1, false);
    END LOOP;
END $$
"""
SHAPE = """
SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
    SELECT version_num AS line FROM alembic_version
    UNION ALL SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable) FROM information_schema.columns
        WHERE table_schema = 'public'
    UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname) FROM pg_constraint
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
) AS lines
"""


def emptied(url: URL, shape: str) -> bool:
    """Make a database that a test used as new as its template, for to make another takes half a second.

    False when its schema is not what it was: then it is of no use to another test.
    """
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            if shape_of(connection) != shape:
                return False
            connection.exec_driver_sql(EMPTY.replace("GENESIS", f"'{GENESIS}'"))
            return True
    finally:
        engine.dispose()


def shape_of(connection: Connection) -> str:
    """A digest of the schema."""
    return str(connection.exec_driver_sql(SHAPE).scalar_one())
