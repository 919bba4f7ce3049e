"""The journal, checked from end to end and written out; the alarms that are open."""

from collections.abc import Iterator
from pathlib import Path

from desk.services.jobs import OpenAlarm, open_alarm
from models.database import Database
from models.queries import alarms, journal
from models.queries.journal import Verified


def verify(database: Database, anchors: Path | None) -> Verified:
    """Read the whole journal, also against what was anchored outside. Raises JournalBroken at the first bad row."""
    with database.read() as session:
        return journal.verify(session, anchors)


def export(database: Database) -> Iterator[str]:
    """The journal as JSON lines, oldest first."""
    with database.read() as session:
        yield from journal.export(session)


def list_alarms(database: Database) -> tuple[OpenAlarm, ...]:
    """What is wrong now, oldest first."""
    with database.read() as session:
        return tuple(open_alarm(alarm) for alarm in alarms.open_alarms(session))
