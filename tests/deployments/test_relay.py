"""The relay: nothing is lost while Prefect is down, and each row is sent once."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from deployments.engine.relay import Relay
from models.database import Database
from models.errors import EngineError, NotFound
from models.queries import dispatching, heartbeats, runs
from models.queries.book import Book
from models.queries.dispatching import Wish
from models.records import OutboxRow, Run
from models.vocabulary import Outcome, RunState
from tests.sites import apply_site, job, write_site

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)


class FakePrefect:
    """Prefect's side of the contract, with faults to order."""

    def __init__(self) -> None:
        self.deployments: set[str] = set()
        self.runs: dict[str, str] = {}
        self.cancelled: list[str] = []
        self.states: dict[str, str | None] = {}
        self.fault: Exception | None = None
        self.seen: tuple[str, ...] = ()

    def register(self, book: Book) -> None:
        if self.fault:
            raise self.fault
        self.deployments = {f"job-{name}" for name in book.jobs} | {"kill-run", "send-notice"}

    def create_run(self, deployment: str, parameters: Mapping[str, object], idempotency_key: str) -> str:
        if self.fault:
            raise self.fault
        if deployment not in self.deployments:
            raise NotFound(f"no deployment {deployment}")
        return self.runs.setdefault(idempotency_key, f"flow-run-{len(self.runs) + 1}")

    def cancel_run(self, flow_run_id: str) -> None:
        self.cancelled.append(flow_run_id)

    def state_of(self, flow_run_id: str) -> str | None:
        return self.states.get(flow_run_id)

    def strangers(self) -> tuple[str, ...]:
        if self.fault:
            raise self.fault
        return self.seen


@pytest.fixture
def prefect() -> FakePrefect:
    return FakePrefect()


@pytest.fixture
def woken() -> list[bool]:
    return []


@pytest.fixture
def relay(sqlite: Database, tmp_path: Path, prefect: FakePrefect, woken: list[bool]) -> Relay:
    """A relay with one run in its outbox."""
    book = apply_site(sqlite, write_site(tmp_path / "site", job("check")), NOW)
    with sqlite.write() as session:
        dispatching.run_now(session, book, "check", Wish("ann"), NOW)
    return Relay(sqlite, prefect, lambda: woken.append(True))


def row_of(database: Database) -> OutboxRow:
    with database.read() as session:
        row = session.scalars(select(OutboxRow)).one()
        session.expunge_all()
        return row


def run_of(database: Database) -> Run:
    with database.read() as session:
        run = runs.get(session, 1)
        session.expunge_all()
        return run


def test_a_row_is_sent_once_and_the_worker_is_woken(
    relay: Relay, sqlite: Database, prefect: FakePrefect, woken: list[bool]
) -> None:
    assert relay.pass_once(NOW) == 1
    assert relay.pass_once(NOW) == 0
    assert (row_of(sqlite).result, run_of(sqlite).flow_run_id, woken) == ("flow-run-1", "flow-run-1", [True])


def test_while_prefect_is_down_the_row_waits_longer_each_time_and_then_drains_once(
    relay: Relay, sqlite: Database, prefect: FakePrefect
) -> None:
    relay.pass_once(NOW - timedelta(days=1))  # registers, sends nothing
    prefect.fault, now = EngineError("the Prefect server does not answer", permanent=False), NOW
    waits = []
    for _ in range(9):
        assert relay.pass_once(now) == 0
        waits.append((row_of(sqlite).next_try_at - now).total_seconds())
        now = row_of(sqlite).next_try_at
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    prefect.fault = None
    assert relay.pass_once(now) == 1
    assert prefect.runs == {"run/1/1/0": "flow-run-1"}


def test_a_lost_answer_gives_the_same_flow_run(relay: Relay, sqlite: Database, prefect: FakePrefect) -> None:
    relay.pass_once(NOW)
    with sqlite.write() as session:
        session.scalars(select(OutboxRow)).one().sent_at = None  # the relay died before it could write that down
    relay.pass_once(NOW)
    assert prefect.runs == {"run/1/1/0": "flow-run-1"}


def test_a_prefect_that_lost_its_deployments_gets_them_again(
    relay: Relay, sqlite: Database, prefect: FakePrefect
) -> None:
    relay.pass_once(NOW - timedelta(days=1))
    prefect.deployments.clear()
    assert relay.pass_once(NOW) == 0
    assert relay.pass_once(NOW + timedelta(seconds=1)) == 1


def test_a_prefect_that_was_away_for_long_and_lost_its_deployments_still_gets_the_row(
    relay: Relay, sqlite: Database, prefect: FakePrefect
) -> None:
    relay.pass_once(NOW - timedelta(days=1))
    prefect.fault, now = EngineError("the Prefect server does not answer", permanent=False), NOW
    for _ in range(8):
        relay.pass_once(now)
        now = row_of(sqlite).next_try_at
    prefect.fault = None
    prefect.deployments.clear()
    assert relay.pass_once(now) == 0
    assert relay.pass_once(row_of(sqlite).next_try_at) == 1
    assert run_of(sqlite).state is RunState.DISPATCHED


def test_a_deployment_that_is_never_found_ends_its_run_in_words(
    relay: Relay, sqlite: Database, prefect: FakePrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefect, "register", lambda _book: None)
    now = NOW
    for _ in range(10):
        relay.pass_once(now)
        now = row_of(sqlite).next_try_at
    run = run_of(sqlite)
    assert (run.state, run.outcome) == (RunState.ENDED, Outcome.FAILED)
    assert "no deployment job-check" in (run.summary or "")


def test_a_run_that_prefect_refuses_for_ever_ends_in_words(
    relay: Relay, sqlite: Database, prefect: FakePrefect
) -> None:
    relay.pass_once(NOW - timedelta(days=1))
    prefect.fault = EngineError("Prefect refuses it: Validation failed for field 'order'")
    relay.pass_once(NOW)
    run = run_of(sqlite)
    assert (run.state, run.outcome) == (RunState.ENDED, Outcome.FAILED)
    assert "Validation failed for field 'order'" in (run.summary or "")
    assert row_of(sqlite).given_up_at is not None


@pytest.mark.parametrize(
    ("state", "again"), [(None, True), ("CRASHED", True), ("PENDING", False), ("SCHEDULED", False)]
)
def test_a_run_that_prefect_lost_before_it_started_is_asked_for_again(
    relay: Relay, sqlite: Database, prefect: FakePrefect, state: str | None, *, again: bool
) -> None:
    relay.pass_once(NOW)
    prefect.states["flow-run-1"] = state
    relay.pass_once(NOW + timedelta(minutes=5))
    relay.pass_once(NOW + timedelta(minutes=5))
    assert list(prefect.runs) == ["run/1/1/0", *(["run/1/1/1"] if again else [])]


def test_the_end_of_a_flow_run_is_asked_for(relay: Relay, sqlite: Database, prefect: FakePrefect) -> None:
    relay.pass_once(NOW)
    with sqlite.write() as session:
        parameters = {"flow_run_id": "flow-run-1"}
        session.add(OutboxRow(key="c", topic="cancel", parameters=parameters, created_at=NOW, next_try_at=NOW))
    relay.pass_once(NOW)
    assert prefect.cancelled == ["flow-run-1"]


def test_the_relay_vouches_for_prefects_own_workers(relay: Relay, sqlite: Database, prefect: FakePrefect) -> None:
    relay.pass_once(NOW)
    assert worker_seen(sqlite) is None
    prefect.seen = ("ProcessWorker 1", "ProcessWorker 2")
    relay.pass_once(NOW + timedelta(minutes=1))
    assert worker_seen(sqlite) == ("ProcessWorker 1", NOW + timedelta(minutes=1))
    prefect.fault = EngineError("the Prefect server does not answer", permanent=False)
    relay.pass_once(NOW + timedelta(minutes=2))
    assert worker_seen(sqlite) == ("ProcessWorker 1", NOW + timedelta(minutes=1)), "an answer is no sign of life"


def worker_seen(database: Database) -> tuple[str, datetime] | None:
    with database.read() as session:
        return next(((beat.worker, beat.at) for beat in heartbeats.all_parts(session) if beat.part == "worker"), None)


def test_a_change_of_the_register_is_registered_with_prefect(
    relay: Relay, sqlite: Database, prefect: FakePrefect, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    relay.pass_once(NOW)
    apply_site(sqlite, write_site(tmp_path / "site", job("other")), NOW)
    relay.pass_once(NOW)
    assert prefect.deployments == {"job-other", "kill-run", "send-notice"}
