"""Notices are forgotten when the site kept them long enough; never one that still waits, nor a number used again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from deployments.engine.planner import Planner
from models.database import Database
from models.queries import notice_box, retention
from models.queries.notice_box import Around, Draft
from models.queries.notice_recipients import Recipient
from models.records import JournalRow, Notice
from models.settings import Settings
from tests.sites import apply_site, job, write_site

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)
KEPT = timedelta(days=400)
TO = "deck@example.org"


def put(database: Database, days_ago: float, subject: str = "incident/1") -> int:
    """A notice; each tells of news of its own."""
    at = NOW - timedelta(days=days_ago)
    with database.write() as session:
        draft = Draft(f"{subject}/{days_ago}", "incident-opened", subject, "x", {})
        return notice_box.put(session, draft, [Recipient(TO)], Around("harbour", "example.org"), at)[0].id


def end(database: Database, number: int, how: str, value: object = NOW) -> int:
    with database.write() as session:
        row = session.get_one(Notice, number)
        setattr(row, how, value)
        row.look_at = None
    return number


def forget(database: Database) -> list[int]:
    """Batch after batch; how many went with each."""
    gone: list[int] = []
    while not gone or gone[-1]:
        with database.write() as session:
            gone.append(retention.forget_notices(session, NOW, KEPT))
    return gone


def left(database: Database) -> set[int]:
    with database.read() as session:
        return set(session.scalars(select(Notice.id)))


def test_what_is_old_and_over_goes_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    for days, how in ((430, "sent_at"), (420, "failed_at"), (410, "dropped_at")):
        end(database, put(database, days), how)
    waits = put(database, 440)
    young = end(database, put(database, 399), "sent_at")
    assert forget(database) == [2, 1, 0]
    assert left(database) == {waits, young}
    with database.read() as session:
        rows = session.scalars(select(JournalRow.facts).where(JournalRow.tag == "notices:notice:forget"))
        assert list(rows) == ['{"notices":2}', '{"notices":1}']


def test_a_digest_goes_after_what_it_told_of(database: Database) -> None:
    digest = end(database, put(database, 450, "digest/1"), "sent_at")
    for days in (420, 410):
        end(database, put(database, days), "digest_id", digest)
    young = end(database, put(database, 10), "digest_id", digest)
    assert forget(database) == [2, 0]
    assert left(database) == {digest, young}


def test_a_number_is_never_given_again_and_a_thread_goes_on(database: Database) -> None:
    first, second = (end(database, put(database, days), "sent_at") for days in (420, 20))
    with database.read() as session:
        thread = session.get_one(Notice, second).thread
        assert thread == session.get_one(Notice, first).message_id
    forget(database)
    third = put(database, 1)
    with database.read() as session:
        assert session.get_one(Notice, third).thread == thread
    end(database, second, "created_at", NOW - timedelta(days=500))
    end(database, end(database, third, "sent_at"), "created_at", NOW - timedelta(days=500))
    forget(database)
    assert left(database) == set()
    assert put(database, 0) > third, "the outbox still knows the old ones"


def test_the_planner_forgets_as_long_as_the_site_says(sqlite: Database, tmp_path: Path) -> None:
    apply_site(sqlite, write_site(tmp_path / "site", job("nightly")), NOW - KEPT)
    end(sqlite, put(sqlite, 0), "sent_at")
    planner, found = Planner(sqlite, Settings(home=tmp_path)), []
    for days in (399, 401):
        planner.tick(NOW + timedelta(days=days))
        found.append(len(left(sqlite)))
    assert found == [1, 0]
