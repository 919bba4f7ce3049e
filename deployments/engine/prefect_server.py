"""The embedded Prefect server: loopback, its own SQLite, ready in a few seconds from a migrated template."""

import contextlib
import http.client
import importlib.metadata
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deployments.engine.prefect_environment import (
    check_versions,
    database_file,
    engine_environment,
    prefect_folder,
)
from models.errors import EngineError

HOST = "127.0.0.1"
MIGRATION_SECONDS = 180.0
START_SECONDS = 90.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.05
TAIL_LINES = 15


@dataclass(frozen=True)
class PrefectServer:
    """A running server: where it answers, and the process that is it."""

    home: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    @property
    def api_url(self) -> str:
        return self.environment["PREFECT_API_URL"]


def server_command(port: int) -> tuple[str, ...]:
    """What starts the server. The password is in its environment, never here."""
    start = ("server", "start", "--no-ui", "--host", HOST, "--port", str(port))
    return (sys.executable, "-m", "deployments.engine.prefect_app", *start)


def chosen_port(settings_home: Path) -> int:
    """The port of this home's server: the one of last time, or a new one when something else has taken it."""
    note = prefect_folder(settings_home) / "port"
    kept = int(note.read_text()) if note.exists() else 0
    port = kept if kept and port_is_free(kept) else free_port()
    note.write_text(str(port))
    return port


def known_port(settings_home: Path) -> int:
    """The port that this home's server was last started on. Raises EngineError before the first start."""
    note = settings_home / "prefect" / "port"
    if not note.exists():
        raise EngineError(f"no Prefect server was started in {settings_home} yet: `watchbill up` starts one")
    return int(note.read_text())


def port_is_free(port: int) -> bool:
    """Whether the server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((HOST, port)) != 0


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def prepare_database(settings_home: Path) -> None:
    """Put a migrated copy in the home when there is none: five seconds of CPU less at the first start."""
    target = database_file(settings_home)
    if target.exists():
        return
    draft = target.with_suffix(".draft")
    with (
        contextlib.closing(sqlite3.connect(template_file())) as source,
        contextlib.closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
    draft.chmod(0o600)
    draft.rename(target)


def template_file() -> Path:
    """An empty database with this Prefect's tables, made once per version and user."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "watchbill"
    template = folder / f"prefect-{importlib.metadata.version('prefect')}.db"
    if not template.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        migrate(template)
    return template


def migrate(template: Path) -> None:
    """Let Prefect make its tables in a new file. Raises EngineError with what it said when it cannot."""
    with tempfile.TemporaryDirectory(dir=template.parent) as scratch:
        draft = Path(scratch) / "prefect" / "prefect.db"
        environment = engine_environment(Path(scratch), port=0)
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, timeout=MIGRATION_SECONDS, text=True, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise EngineError(f"Prefect's tables were not made within {MIGRATION_SECONDS:.0f} s") from late
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL_LINES:])
            raise EngineError(f"Prefect's tables could not be made:\n{said}\nRun `watchbill doctor`.")
        # Closing the last connection folds the write-ahead log into the file.
        with contextlib.closing(sqlite3.connect(draft)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
        shutil.move(draft, template)


def is_healthy(port: int) -> bool:
    """Whether a server answers there."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def start_server(settings_home: Path) -> PrefectServer:
    """Start a server for this home and wait until it answers. Raises EngineError with the end of its log."""
    check_versions()
    port = chosen_port(settings_home)
    environment = engine_environment(settings_home, port=port)
    prepare_database(settings_home)
    log = settings_home / "logs" / "prefect.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            server_command(port), env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    server = PrefectServer(settings_home, port, environment, process)
    try:
        wait_ready(server, log)
    except BaseException:
        stop_server(server)
        raise
    return server


def wait_ready(server: PrefectServer, log: Path, seconds: float = START_SECONDS) -> None:
    """Return when the server answers. Raises EngineError when it ends first, or is not there in time."""
    end = time.monotonic() + seconds
    while not is_healthy(server.port):
        if server.process.poll() is not None:
            raise EngineError(f"the Prefect server ended with status {server.process.returncode}:\n{tail(log)}")
        if time.monotonic() > end:
            raise EngineError(f"the Prefect server did not answer within {seconds:.0f} s:\n{tail(log)}")
        time.sleep(POLL_SECONDS)


def stop_server(server: PrefectServer, seconds: float = STOP_SECONDS) -> None:
    """End the server: asked, then killed when it does not go in time."""
    if server.process.poll() is None:
        server.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait(seconds)


@contextlib.contextmanager
def running_server(settings_home: Path) -> Iterator[PrefectServer]:
    """A server as long as the block lasts."""
    server = start_server(settings_home)
    try:
        yield server
    finally:
        stop_server(server)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return f"(no log at {log})"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) or f"({log} is empty)"
