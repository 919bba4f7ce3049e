"""The part `events`: one works, nothing is lost or done twice, and what cannot be worked off is set aside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from deployments.engine import event_worker
from deployments.engine.event_worker import PART, EventWorker, Standby
from models.database import Database
from models.errors import DatabaseError
from models.queries import heartbeats, inbox, leases
from models.queries.event_processing import working_off
from models.queries.inbox import Delivery
from models.records import Alert, AlertChange, InboxRow, Incident, PartLease
from models.rules.incoming_bytes import to_bytes
from models.vocabulary import EventFormat
from tests.records.events_lab import BEGIN, event

S = timedelta(seconds=1)


def put(database: Database, *events: str, body: bytes | None = None) -> None:
    said = [event(one) for one in events]
    with database.write() as session:
        kept = to_bytes(said) if body is None else body
        inbox.put(session, [Delivery("probe", EventFormat.ALERTMANAGER, max(1, len(said)), kept, BEGIN)])


def count(database: Database, table: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def waiting(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).where(InboxRow.processed_at.is_(None))) or 0


def test_it_works_off_what_waits_and_looks_at_what_is_due(database: Database) -> None:
    worker = EventWorker(database, "a:1")
    put(database, "+HostDown host=web1")
    assert worker.tick(BEGIN) is True, "there may be more"
    assert worker.tick(BEGIN + 0.1 * S) is False
    assert (waiting(database), count(database, Alert), count(database, Incident)) == (0, 1, 0)
    worker.tick(BEGIN + 29 * S)
    assert count(database, Incident) == 0
    worker.tick(BEGIN + 30 * S)
    assert count(database, Incident) == 1, "the group was collected"
    with database.read() as session:
        assert [beat.part for beat in heartbeats.all_parts(session)] == [PART]


def test_only_one_works_and_the_next_takes_over_when_it_is_gone(database: Database) -> None:
    first, second = EventWorker(database, "a:1"), EventWorker(database, "b:2")
    first.tick(BEGIN)
    put(database, "+HostDown")
    with pytest.raises(Standby, match="a:1 works the events off"):
        second.tick(BEGIN + S)
    assert waiting(database) == 1
    second.tick(BEGIN + leases.LEASE)
    assert waiting(database) == 0
    with pytest.raises(Standby):
        first.tick(BEGIN + leases.LEASE + S)
    second.stop(BEGIN + 2 * leases.LEASE)
    first.tick(BEGIN + 2 * leases.LEASE)


def test_one_that_is_dead_on_this_machine_is_not_waited_for(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_worker.socket, "gethostname", lambda: "here")
    monkeypatch.setattr(event_worker, "_is_alive", lambda number: number != 1)
    EventWorker(sqlite, "here:1").tick(BEGIN)
    worker = EventWorker(sqlite, "here:2")
    worker.tick(BEGIN + S)
    with sqlite.read() as session:
        assert session.scalar(select(PartLease.holder)) == "here:2"


def test_what_cannot_be_worked_off_is_set_aside_and_the_others_go_on(database: Database) -> None:
    worker, now = EventWorker(database, "a:1"), BEGIN
    put(database, "+A")
    put(database, body=b"[[]]")
    put(database, "+B")
    worker.tick(now)
    assert (count(database, Alert), waiting(database)) == (2, 1)
    for _ in range(4):
        now += timedelta(minutes=5)
        worker.tick(now)
    with database.read() as session:
        (row,) = inbox.quarantined(session)
        assert (row.tries, "these events cannot be read" in (row.error or "")) == (5, True)
    put(database, "+C")
    worker.tick(now)
    assert count(database, Alert) == 3


def test_a_database_that_is_away_is_no_fault_of_a_request(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = EventWorker(sqlite, "a:1")
    put(sqlite, "+A")

    def away(*_: object) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(event_worker, "work_off", away)
        with pytest.raises(DatabaseError):
            worker.tick(BEGIN)
    with sqlite.read() as session:
        assert session.scalars(select(InboxRow.tries)).one() == 0
    worker.tick(BEGIN + S)
    assert waiting(sqlite) == 0


STEPS = ("_count_repeats", "_follow", "_tell_journal")


@pytest.mark.parametrize("step", STEPS)
def test_what_was_not_committed_is_done_again_and_nothing_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A failure in the middle leaves nothing; one after the commit leaves nothing to do."""
    put(database, "+A", "+B")
    real: Callable[..., object] = getattr(working_off, step)

    def dies(*arguments: object) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(working_off, step, dies)
        with pytest.raises(KeyboardInterrupt):
            EventWorker(database, "a:1").tick(BEGIN)
    assert (count(database, Alert), count(database, AlertChange), waiting(database)) == (0, 0, 1)
    worker = EventWorker(database, "a:1")
    worker.tick(BEGIN + S)
    worker.tick(BEGIN + 2 * S)
    assert (count(database, Alert), count(database, AlertChange), waiting(database)) == (2, 2, 0)


REQUESTS, PER_REQUEST = 45, 20


@pytest.mark.fault
def test_nothing_is_lost_and_nothing_counted_twice_when_it_is_killed_again_and_again(
    sqlite: Database, tmp_path: Path
) -> None:
    bodies = [to_bytes([event(f"+A{n} n={n}") for n in range(PER_REQUEST)]) for _ in range(REQUESTS)]
    with sqlite.write() as session:
        inbox.put(session, [Delivery("probe", EventFormat.ALERTMANAGER, PER_REQUEST, body, BEGIN) for body in bodies])
        session.execute(update(InboxRow).values(next_try_at=BEGIN))
    script = (
        "import deployments.engine.event_worker as w\n"
        "from deployments.engine.stopping import Stop\n"
        "from models.settings import Settings\n"
        "w.MOST_REQUESTS = 1\n"
        "w.run_event_worker(Settings(), Stop())\n"
    )
    environment = {
        **os.environ, "WATCHBILL_DATABASE_URL": str(sqlite.url), "WATCHBILL_HOME": str(tmp_path),
    }  # fmt: skip
    kills, deadline = 0, time.monotonic() + 60
    while waiting(sqlite) and time.monotonic() < deadline:
        before = waiting(sqlite)
        with subprocess.Popen([sys.executable, "-c", script], env=environment) as process:
            while waiting(sqlite) > before - 14 and waiting(sqlite) and time.monotonic() < deadline:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
        kills += 1
    assert kills >= 3
    with sqlite.read() as session:
        assert session.scalar(select(func.sum(Alert.events))) == REQUESTS * PER_REQUEST
        assert session.scalar(select(func.count()).select_from(AlertChange)) == PER_REQUEST
