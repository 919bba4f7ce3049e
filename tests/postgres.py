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
