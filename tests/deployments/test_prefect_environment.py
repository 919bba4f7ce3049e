"""The environment that every process with Prefect in it gets."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from prefect.settings.models.root import Settings

from deployments.engine import prefect_environment
from deployments.engine.prefect_environment import (
    check_versions,
    engine_environment,
    foreign_environment,
    kept_secret,
    server_keys,
    without_prefect,
)
from deployments.engine.prefect_server import server_command
from models.errors import EngineError


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What Prefect itself understands of the environment."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    for name, value in engine_environment(tmp_path, port=4242).items():
        monkeypatch.setenv(name, value)
    return Settings()


CASES: list[tuple[Callable[[Settings], object], object, str]] = [
    (lambda s: s.api.url, "http://127.0.0.1:4242/api", "clients find the server on loopback"),
    (lambda s: s.server.api.host, "127.0.0.1", "nobody else can reach it"),
    (lambda s: s.server.api.csrf_protection_enabled, True, "a page in a browser cannot post to it"),
    (lambda s: s.client.csrf_support_enabled, True, "our own clients can"),
    (lambda s: s.server.analytics_enabled, False, "nothing phones home"),
    (lambda s: s.cloud.enable_orchestration_telemetry, False, "nothing phones home"),
    (lambda s: s.telemetry.enable_resource_metrics, False, "nothing phones home"),
    (lambda s: s.server.ephemeral.enabled, False, "a missing server is an error, not a throw-away one"),
    (lambda s: s.results.persist_by_default, False, "a result record is code to whoever reads it"),
    (lambda s: s.server.services.scheduler.enabled, False, "slots are the schedule, not Prefect"),
    (lambda s: s.server.services.task_run_recorder.batch_size, 50, "single rows lock SQLite"),
    (lambda s: s.server.concurrency.lease_storage.endswith("filesystem"), True, "leases survive a power loss"),
    (lambda s: s.logging.level, "WARNING", "a run sends no log lines of its engine"),
]


@pytest.mark.parametrize(("read", "expected", "reason"), CASES)
def test_prefect_understands_what_it_is_told(
    settings: Settings, read: Callable[[Settings], object], expected: object, reason: str
) -> None:
    assert read(settings) == expected, reason


def test_server_and_clients_share_one_password(settings: Settings) -> None:
    ours, theirs = settings.api.auth_string, settings.server.api.auth_string
    assert ours and theirs and ours.get_secret_value() == theirs.get_secret_value()
    assert len(ours.get_secret_value()) > 40


def test_no_telemetry_of_any_kind(tmp_path: Path) -> None:
    assert engine_environment(tmp_path, port=1)["DO_NOT_TRACK"] == "1"


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = server_keys(tmp_path)
    assert server_keys(tmp_path) == first
    for name in ("auth-string", "encryption-key"):
        assert (tmp_path / "prefect" / name).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "prefect" / "storage").stat().st_mode & 0o777 == 0o700


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    server_keys(tmp_path)
    (tmp_path / "prefect" / "auth-string").chmod(0o644)
    with pytest.raises(EngineError, match="auth-string can be read by others"):
        server_keys(tmp_path)


def test_of_two_that_make_a_secret_at_once_both_get_the_same(tmp_path: Path) -> None:
    def made_meanwhile() -> str:
        (tmp_path / "key").touch(mode=0o600)
        (tmp_path / "key").write_text("theirs")
        return "ours"

    assert kept_secret(tmp_path / "key", made_meanwhile) == "theirs"


def test_secrets_are_on_no_command_line_and_in_no_message(tmp_path: Path) -> None:
    keys = server_keys(tmp_path)
    for secret in (keys.auth_string, keys.encryption_key):
        assert secret not in " ".join(server_command(1))
        assert secret not in repr(keys)


def test_what_the_caller_had_set_for_another_prefect_does_not_leak_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "somebody-elses")
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "DEBUG")
    environment = engine_environment(tmp_path, port=1)
    assert "PREFECT_API_KEY" not in environment
    assert environment["PREFECT_LOGGING_LEVEL"] == "WARNING"


def test_a_prefect_of_somebody_else_is_opened_with_the_callers_own_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "theirs:word")
    environment = foreign_environment(tmp_path, "https://prefect.example/api")
    assert environment["PREFECT_API_URL"] == "https://prefect.example/api"
    assert environment["PREFECT_API_AUTH_STRING"] == "theirs:word"
    assert environment["DO_NOT_TRACK"] == "1"
    assert not any(name.startswith("PREFECT_SERVER_API") for name in environment)


def test_the_desk_gets_no_word_of_prefect(tmp_path: Path) -> None:
    environment = without_prefect(engine_environment(tmp_path, port=1))
    assert not any(server_keys(tmp_path).auth_string in value for value in environment.values())
    assert environment["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    ("package", "version"), [("fastapi", "0.155.0"), ("sqlalchemy", "2.1.0"), ("sqlalchemy", "2.0.39")]
)
def test_a_library_that_breaks_prefect_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, package: str, version: str
) -> None:
    known = {"fastapi": "0.150.0", "sqlalchemy": "2.0.58", "prefect": "3.8.8", package: version}
    monkeypatch.setattr(prefect_environment.importlib.metadata, "version", known.__getitem__)
    with pytest.raises(EngineError, match=rf"{package} {version} is installed .* `make install`"):
        check_versions()


def test_the_installed_libraries_are_the_right_ones() -> None:
    check_versions()


def test_the_server_can_be_imported() -> None:
    """PREFECT.md 0.1: with a FastAPI that is too new, this import is what fails."""
    __import__("prefect.server.api.server")
