"""What is kept long enough is forgotten; nothing of a run that has not ended."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.database import Database
from models.queries import dispatching, retention, runs
from models.queries.book import Book
from models.queries.dispatching import Wish
from models.queries.states import Because, advance
from models.queries.task_log import Started, close_row, open_row
from models.records import Output, Run, TaskLog
from models.vocabulary import Outcome
from tests.sites import apply_site, job, write_site

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=100)


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Book:
    return apply_site(database, write_site(tmp_path / "site", job("check")), LONG_AGO)


def log(database: Database, book: Book, ended_at: datetime, *, run_ended: bool = True) -> None:
    """A run with one task, and one host of it that printed something."""
    with database.write() as session:
        run = dispatching.run_now(session, book, "check", Wish("ann"), ended_at)
        parent = open_row(session, Started("run-on-hosts", ended_at, "w", run.id))
        share = open_row(session, Started("run-on-hosts", ended_at, "w", run.id, "web1", parent))
        for row in (parent, share):
            close_row(session, row, ended_at, Outcome.OK, None)
        session.add(Output(task_log_id=share, stream="stdout", head=b"hi", tail=b"", size_bytes=2, sha256=""))
        if run_ended:
            changes = {"outcome": Outcome.OK, "ended_at": ended_at}
            advance(session, runs.get(session, run.id), "cancel", Because("ann"), **changes)


def forget(database: Database, output_days: int, log_days: int) -> tuple[int, int]:
    """Forget until nothing is left to forget; what stayed: outputs and rows."""
    keep = {"output_for": timedelta(days=output_days), "log_for": timedelta(days=log_days)}
    for _ in range(20):
        with database.write() as session:
            if retention.forget(session, NOW, **keep) == 0:
                break
    with database.read() as session:
        outputs = session.scalar(select(func.count()).select_from(Output)) or 0
        return outputs, session.scalar(select(func.count()).select_from(TaskLog)) or 0


@pytest.mark.parametrize(
    ("output_days", "log_days", "left"),
    [
        (99, 99, (0, 0)),
        (99, 101, (0, 2)),
        (101, 101, (1, 2)),
        (101, 99, (1, 2)),  # a row with output stays as long as its output, and its parent with it
    ],
)
def test_outputs_and_rows_are_kept_as_long_as_the_site_says(
    database: Database, book: Book, output_days: int, log_days: int, left: tuple[int, int]
) -> None:
    log(database, book, LONG_AGO)
    outputs, rows = forget(database, output_days, log_days)
    assert outputs == left[0]
    assert rows >= left[1]


def test_nothing_of_a_run_that_has_not_ended_is_forgotten(database: Database, book: Book) -> None:
    log(database, book, LONG_AGO, run_ended=False)
    assert forget(database, 1, 1) == (1, 2)
    with database.read() as session:
        assert session.scalars(select(Run)).one().outcome is None


def test_many_rows_go_in_batches(database: Database, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    for _ in range(5):
        log(database, book, LONG_AGO)
    with database.write() as session:
        assert retention.forget(session, NOW, output_for=timedelta(days=1), log_for=timedelta(days=1)) == 2
    assert forget(database, 1, 1) == (0, 0)
