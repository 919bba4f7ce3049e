"""The environment of every process that has Prefect in it: one place, and no secret on a command line."""

import contextlib
import importlib.metadata
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.specifiers import SpecifierSet

from models.errors import EngineError
from models.settings import CHECKOUT

PINS = {
    "fastapi": (SpecifierSet(">=0.139,<0.151"), "Prefect 3.8 does not start with it"),
    "sqlalchemy": (SpecifierSet(">=2.0.40,<2.1"), "Prefect's services fail silently with it"),
    "prefect": (SpecifierSet(">=3.8.8,<3.9"), "Watchbill was not tried with it"),
}
"""Versions that Prefect 3.8.8 needs but does not ask for, and what happens with others."""

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
"""Nothing phones home from what Watchbill starts."""

CLIENT = {
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
    # Server and clients are one installation: asking each time who the other is tells nothing.
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS": "32",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # Walking the system's zone files costs 8-18 ms a schedule; the tzdata package answers in 2.
    "PYTHONTZPATH": "",
}

SERVER = {
    "PREFECT_SERVER_API_HOST": "127.0.0.1",
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # A warm client keeps its connection between two orders.
    "PREFECT_SERVER_API_KEEPALIVE_TIMEOUT": "75",
    # In memory, a lease outlives a power loss for ever and its job never runs again.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # Single-row writes lock SQLite into HTTP 503 and two-second sleeps of the client.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "50",
    # The planner's slots are the schedule: Prefect must not start a second one after an outage.
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "2592000",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "3d",
}


@dataclass(frozen=True)
class ServerKeys:
    """What opens the Prefect server, and what its stored secrets are encrypted with. Neither is ever printed."""

    auth_string: str = field(repr=False)
    encryption_key: str = field(repr=False)


def prefect_environment(settings_home: Path, *, port: int, keys: ServerKeys) -> dict[str, str]:
    """All that the server, the relay and the workers of this home need to agree on."""
    prefect_home = prefect_folder(settings_home)
    origin = f"http://127.0.0.1:{port}"
    return {
        **QUIET,
        **CLIENT,
        **SERVER,
        "WATCHBILL_HOME": str(settings_home.resolve()),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")])),
        "PREFECT_HOME": str(prefect_home),
        "PREFECT_PROFILES_PATH": str(prefect_home / "profiles.toml"),
        "PREFECT_LOCAL_STORAGE_PATH": str(prefect_home / "storage"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{database_file(settings_home)}",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": origin,
        "PREFECT_API_URL": f"{origin}/api",
        "PREFECT_API_AUTH_STRING": keys.auth_string,
        "PREFECT_SERVER_API_AUTH_STRING": keys.auth_string,
        "PREFECT_SERVER_ENCRYPTION_KEY": keys.encryption_key,
    }


def engine_environment(settings_home: Path, *, port: int) -> dict[str, str]:
    """The whole environment of a child: ours, and what is not Prefect's of the caller's."""
    keys = server_keys(settings_home)
    return without_prefect(os.environ) | prefect_environment(settings_home, port=port, keys=keys)


def foreign_environment(settings_home: Path, api_url: str) -> dict[str, str]:
    """The environment of a child that works for a Prefect server which somebody else runs.

    The caller's own PREFECT_* stay (its password, its certificates); ours only fill the gaps.
    """
    home = str(prefect_folder(settings_home))
    ours = {**CLIENT, "PREFECT_HOME": home, **os.environ, **QUIET, "PREFECT_API_URL": api_url}
    return {name: value for name, value in ours.items() if not name.startswith("PREFECT_SERVER_")}


def without_prefect(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child that has no business with Prefect, such as the desk: no password in it."""
    return {name: value for name, value in environment.items() if not name.startswith("PREFECT_")}


def prefect_folder(settings_home: Path) -> Path:
    """Prefect's own folder in the home, only ours to read: a result record in it would be code."""
    folder = settings_home.resolve() / "prefect"
    for path in (folder, folder / "storage"):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
    return folder


def database_file(settings_home: Path) -> Path:
    """Prefect's SQLite file; losing it loses no obligation."""
    return prefect_folder(settings_home) / "prefect.db"


def server_keys(settings_home: Path) -> ServerKeys:
    """The keys of this home's server, made once. Raises EngineError when others can read them."""
    folder = prefect_folder(settings_home)
    return ServerKeys(
        auth_string=kept_secret(folder / "auth-string", lambda: f"watchbill:{secrets.token_urlsafe(32)}"),
        encryption_key=kept_secret(folder / "encryption-key", new_fernet_key),
    )


def new_fernet_key() -> str:
    """A key for the secrets in Prefect's blocks: kept outside the database that holds them."""
    from cryptography.fernet import Fernet  # noqa: PLC0415 - 60 ms that only the first start needs

    return Fernet.generate_key().decode()


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """What the file says; made and written once, readable by its owner only.

    Raises EngineError when somebody else may read it.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        # Two processes may make it at once: the first link wins, and nobody reads half of it.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    if path.stat().st_mode & 0o077:
        raise EngineError(f"{path} can be read by others: make a new one (delete it, then `watchbill up`)")
    return path.read_text().strip()


def check_versions() -> None:
    """Raises EngineError when a library is outside what Prefect's server works with."""
    for package, (allowed, why) in PINS.items():
        installed = importlib.metadata.version(package)
        if installed not in allowed:
            raise EngineError(
                f"{package} {installed} is installed and {why}: Watchbill needs {package}{allowed}. "
                f"Run `make install`, or `pip install '{package}{allowed}'`."
            )
