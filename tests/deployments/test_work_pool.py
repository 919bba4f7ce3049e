"""The work pool: which worker counts as there."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import Worker
from pydantic import ValidationError

from deployments.engine.work_pool import WorkPool, is_online
from models.settings import Settings

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("silent", "interval", "expected", "reason"),
    [
        (timedelta(seconds=30), 30, True, "its next sign of life is due"),
        (timedelta(seconds=90), 30, True, "two were lost on the way"),
        (timedelta(seconds=91), 30, False, "three are missing"),
        (timedelta(seconds=91), 60, True, "it said that it speaks rarely"),
        (timedelta(seconds=91), None, False, "it did not say, so Prefect's own interval counts"),
        (None, 30, False, "it never spoke"),
    ],
)
def test_a_worker_is_online_until_it_misses_three_signs_of_life(
    silent: timedelta | None, interval: int | None, expected: bool, reason: str
) -> None:
    heard = None if silent is None else NOW - silent
    worker = Worker(name="w", work_pool_id=uuid4(), last_heartbeat_time=heard, heartbeat_interval_seconds=interval)
    assert is_online(worker, NOW) is expected, reason


def test_a_pool_is_chosen_by_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WorkPool.chosen(Settings()) == WorkPool("watchbill", "watchbill-warm")
    monkeypatch.setenv("WATCHBILL_WORK_POOL", "night")
    monkeypatch.setenv("WATCHBILL_WORK_POOL_TYPE", "process")
    assert WorkPool.chosen(Settings()) == WorkPool("night", "process")


def test_a_name_that_prefect_would_refuse_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHBILL_WORK_POOL", "night/day")
    with pytest.raises(ValidationError, match="work_pool"):
        Settings()
