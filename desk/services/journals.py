"""The journal, checked from end to end and written out."""

from collections.abc import Iterator
from pathlib import Path

from models.database import Database
from models.queries import journal
from models.queries.journal import Verified


def verify(database: Database, anchors: Path | None) -> Verified:
    """Read the whole journal, also against what was anchored outside. Raises JournalBroken at the first bad row."""
    with database.read() as session:
        return journal.verify(session, anchors)


def export(database: Database) -> Iterator[str]:
    """The journal as JSON lines, oldest first."""
    with database.read() as session:
        yield from journal.export(session)
