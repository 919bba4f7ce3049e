"""Who is told what: by the job's wishes, through the outbox, in the transaction of the change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.database import Database
from models.queries import dispatching, notices, runs
from models.queries.dispatching import Wish
from models.records import Notice, OutboxRow
from tests.sites import apply_site, job, write_site

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)


def told(database: Database) -> list[str]:
    """The tags of what the outbox is asked to send, oldest first."""
    with database.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.deployment == "send-notice").order_by(OutboxRow.id))
        return [session.get_one(Notice, row.parameters["order"]["notice"]).tag for row in rows]


@pytest.mark.parametrize(
    ("wish", "event", "tags"),
    [
        ("[failed]", "failed", ["run-failed"]),
        ("[failed]", "partial", ["run-failed"]),
        ("[failed]", "unknown", ["run-failed"]),
        ("[failed]", "skipped", []),  # a calendar that skips a run is no failure
        ("[failed]", "ok", []),
        ("[ok]", "ok", ["run-succeeded"]),
        ("[missed]", "missed", ["run-missed"]),
        ("[retrying]", "retrying", ["run-retrying"]),
        ("[cleared]", "cleared", ["alarm-cleared"]),
        ("[killed]", "failed", []),
    ],
)
def test_an_event_is_told_to_those_who_asked_for_it(
    sqlite: Database, tmp_path: Path, wish: str, event: str, tags: list[str]
) -> None:
    book = apply_site(
        sqlite, write_site(tmp_path / "s", job("check", f"notify: [{{on: {wish}, to: 'secret://chat'}}]")), NOW
    )
    with sqlite.write() as session:
        run = dispatching.run_now(session, book, "check", Wish("ann"), NOW)
        notices.about_run(session, run, event, "text", NOW)
        notices.about_run(session, run, event, "text", NOW)  # told once, however often it is said
    assert told(sqlite) == tags


def test_each_address_that_asked_is_told(sqlite: Database, tmp_path: Path) -> None:
    wishes = "notify: [{on: [ok], to: 'secret://chat'}, {on: [failed, ok], to: 'secret://pager'}]"
    book = apply_site(sqlite, write_site(tmp_path / "s", job("check", wishes)), NOW)
    with sqlite.write() as session:
        run = dispatching.run_now(session, book, "check", Wish("ann"), NOW)
        notices.about_run(session, run, "ok", "text", NOW)
        assert [row.to for row in session.scalars(select(Notice).order_by(Notice.id))] == [
            "secret://chat",
            "secret://pager",
        ]


def test_the_start_of_a_run_is_told_once(sqlite: Database, tmp_path: Path) -> None:
    text = job("check", "notify: [{on: [started], to: 'secret://chat'}]")
    book = apply_site(sqlite, write_site(tmp_path / "s", text), NOW)
    with sqlite.write() as session:
        dispatching.run_now(session, book, "check", Wish("ann"), NOW)
    with sqlite.write() as session:
        runs.claim(session, 1, 1, "w:1")
    with sqlite.write() as session:
        runs.get(session, 1).lease_until = runs.now_by_database(session) - timedelta(seconds=1)
    with sqlite.write() as session:
        runs.claim(session, 1, 1, "w:2")
    assert told(sqlite) == ["run-started"]
