"""A PostgreSQL server of a drill's own: behind walls, without a network, gone afterwards with all that it held."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.confinement import Confinement
from tasks.tools.backup.sandbox import Confined, Ended
from tasks.tools.backup.time_limit import TimeLimit
from tasks.tools.backup.walking import remove_tree
from tasks.tools.capture import plain

OWNER = "watchbill_drill"
"""Its superuser; a name that no dump's roles have, for they would change its rights."""
START_SECONDS = 120
STOP_SECONDS = 10
GRACE_SECONDS = 600
"""After its deadline a server may go on for so long, that it can tell what was late."""
INSTALLED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
PREFIX = "watchbill-scratch-"
# It lives for minutes: what makes a server survive a loss of power only costs time here.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "10",
    "dynamic_shared_memory_type": "mmap",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
}
_START = """
binaries=$1 folder=$2 owner=$3
shift 3
"$binaries/initdb" --pgdata="$folder/data" --username="$owner" --auth=trust --encoding=UTF8 --locale=C --no-sync >&2 &&
exec "$binaries/postgres" -D "$folder/data" -k "$folder" "$@"
"""


@dataclass(frozen=True)
class Installed:
    """A PostgreSQL of this machine."""

    binaries: Path
    major: int


@dataclass(frozen=True)
class ScratchServer:
    """One that runs."""

    installed: Installed
    folder: Path

    def connection(self, database: str) -> str:
        """How its socket is reached, in libpq's words."""
        return psycopg.conninfo.make_conninfo("", host=str(self.folder), user=OWNER, dbname=database)

    def run(self, program: str, *arguments: str, stdin: IO[bytes], seconds: float) -> Ended:
        """Run one of its programs behind the same walls, fed with a file."""
        command = (str(self.installed.binaries / program), *arguments)
        with Confined(command, _walls(self.folder), stdin=stdin) as process:
            return process.wait(seconds)


class _Server(Confined):
    """The server's own process."""

    def ask_to_end(self) -> None:
        """It lets its clients go first, then ends; `wait` sees it."""
        self._signal(signal.SIGTERM)


def installed_postgresql(at_least: int) -> Installed:
    """The PostgreSQL of this machine that a dump of this major version is loaded into: the same one, or the next newer.

    Raises BackupError (engine missing), which says what to install.
    """
    found = {one.major: one for one in _installed()}
    fitting = sorted(major for major in found if major >= at_least)
    if fitting:
        return found[fitting[0]]
    here = f"here is {', '.join(str(major) for major in sorted(found))}" if found else "none is installed"
    words = f"the drill needs a server of version {at_least} or newer, {here}: apt install postgresql-{at_least}"
    raise BackupError("PostgreSQL", BackupFault.NO_ENGINE, words)


def _installed() -> Iterator[Installed]:
    folders = [path for pattern in INSTALLED for path in Path("/").glob(pattern.lstrip("/"))]
    in_path = shutil.which("initdb")
    folders += [Path(in_path).resolve().parent] if in_path else []
    for folder in dict.fromkeys(folders):
        if not all((folder / name).is_file() for name in ("initdb", "postgres", "pg_restore", "psql")):
            continue
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"\) (\d+)", said)
        if version:
            yield Installed(folder, int(version[1]))


@contextmanager
def scratch_server(installed: Installed, limit: TimeLimit, hidden: tuple[str, ...] = ()) -> Iterator[ScratchServer]:
    """A new server, as long as the block lasts. Raises BackupError when it does not start."""
    _remove_left()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=_disk()))
    options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
    command = ("sh", "-c", _START, "start", str(installed.binaries), str(folder), OWNER, *options)
    try:
        process = _Server(command, _walls(folder, hidden))
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="scratch") as executor, process:
            ended = executor.submit(process.wait, limit.seconds_left + GRACE_SECONDS)
            try:
                server = ScratchServer(installed, folder)
                _await(server, ended)
                yield server
            finally:
                process.ask_to_end()
                with suppress(TimeoutError):
                    ended.result(STOP_SECONDS)
                process.kill()
    finally:
        remove_tree(folder)


def _walls(folder: Path, hidden: tuple[str, ...] = ()) -> Confinement:
    return Confinement(folder=str(folder), hidden=hidden)


def _disk() -> str:
    """A folder on a disk: what is loaded may be larger than the memory that some machines keep /tmp in."""
    return "/var/tmp" if os.access("/var/tmp", os.W_OK) else tempfile.gettempdir()  # noqa: S108  # mkdtemp in it


def _remove_left() -> None:
    """Remove what a drill left that was killed."""
    for folder in Path(_disk()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            with suppress(OSError):
                remove_tree(folder)


def _await(server: ScratchServer, ended: Future[Ended]) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(server.connection("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if not ended.done() and time.monotonic() < until:
                time.sleep(0.05)
                continue
            said = plain(ended.result().errors.strip()[-500:]) if ended.done() else str(error)
            words = f"version {server.installed.major} did not start in {server.folder}: {said.strip()}"
            raise BackupError("PostgreSQL", BackupFault.NO_ENGINE, words) from None
        return
