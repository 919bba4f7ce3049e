"""Instants in the database: always UTC, on SQLite as the text that sorts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from models.database import Database
from models.records import Heartbeat

INSTANTS = [
    ("2026-11-23 09:00:00.000000", datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=1))), "from elsewhere"),
    ("2026-11-23 09:00:00.000001", datetime(2026, 11, 23, 9, 0, 0, 1, tzinfo=UTC), "to the microsecond"),
    ("0999-01-01 00:00:00.000000", datetime(999, 1, 1, tzinfo=UTC), "with four digits of the year"),
]


@pytest.mark.parametrize(("stored", "instant", "why"), INSTANTS, ids=[case[2] for case in INSTANTS])
def test_an_instant_is_stored_in_utc(sqlite: Database, stored: str, instant: datetime, why: str) -> None:
    with sqlite.write() as session:
        session.add(Heartbeat(part="p", at=instant, worker="w"))
    with sqlite.read() as session:
        assert session.execute(text("SELECT at FROM heartbeat")).scalar() == stored
        assert session.get_one(Heartbeat, "p").at == instant
        assert session.get_one(Heartbeat, "p").at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="say its time zone"), database.write() as session:
        session.add(Heartbeat(part="p", at=datetime(2026, 11, 23), worker="w"))  # noqa: DTZ001 - it is the point
