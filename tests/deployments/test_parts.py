"""The parts as processes: what `watchbill up` starts, and what each is told."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from deployments.engine import event_worker, parts
from deployments.engine.up import children, part_environment
from models.settings import Settings


def settings(home: Path) -> Settings:
    url = SecretStr(f"sqlite:///{home}/watchbill.db")
    return Settings(home=home, database_url=url, desk_port=4711, prefect_api_url="http://127.0.0.1:9/api")


def test_up_starts_the_desk_without_prefects_password(tmp_path: Path) -> None:
    desk = next(child for child in children(settings(tmp_path)) if child.name == "desk")
    assert desk.needs == ()
    assert [name for name in desk.environment if name.startswith(("PREFECT_API", "PREFECT_SERVER_API"))] == []
    assert desk.environment["WATCHBILL_DESK_PORT"] == "4711"


def test_a_port_that_nobody_chose_is_not_chosen_for_a_part(tmp_path: Path) -> None:
    assert "WATCHBILL_DESK_PORT" not in part_environment(Settings(home=tmp_path, desk_port=None))


def test_the_desk_starts_where_no_prefect_server_ever_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(os, "execve", lambda _program, command, _environment: started.append(command))
    parts.become("desk", settings(tmp_path))
    assert started[0][-1] == "desk"


def test_the_events_let_others_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(os, "nice", said.append)
    monkeypatch.setattr(event_worker, "run_event_worker", lambda *_: said.append("works"))
    with monkeypatch.context() as patch:
        patch.setattr(parts, "stop_on_signal", lambda: None)
        parts.run_part("events", settings(tmp_path))
    assert said == [10, "works"]
