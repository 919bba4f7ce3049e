"""Open the shared database for one call, and refuse one that does not fit, without loading the migrations for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

import models
from models.database import Database
from models.errors import DatabaseError
from models.settings import Settings

MIGRATIONS = Path(models.__file__).parent / "migrations" / "versions"


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The shared database of these settings, with this version's schema. Raises DatabaseError with what to do."""
    _refuse_absent(settings)
    database = Database(settings.url())
    try:
        _refuse_other_schema(database)
        yield database
    finally:
        database.close()


def is_there(settings: Settings) -> bool:
    """Whether there is a database at all; a SQLite file would be made by looking into it."""
    url = _url_of(settings)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def _url_of(settings: Settings) -> URL:
    """The URL, understood. Raises DatabaseError, which does not repeat it: there may be a password in it."""
    try:
        return make_url(settings.url())
    except ArgumentError:
        raise DatabaseError(
            "WATCHBILL_DATABASE_URL is no URL: write sqlite:////folder/file.db or postgresql://user@host/name"
        ) from None


def _refuse_absent(settings: Settings) -> None:
    if not is_there(settings):
        raise DatabaseError(
            f"there is no database in {Path(_url_of(settings).database or '').parent} yet: "
            "run `watchbill up SITE`, or say with --home where it is"
        )


def _refuse_other_schema(database: Database) -> None:
    """Compare with the newest migration's file name; only a difference is worth loading the migrations."""
    with database.read() as session:
        found = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found != newest_revision():
        from models.migrations import require_current  # noqa: PLC0415 - alembic costs 0.1 s at every start

        require_current(database)


def newest_revision() -> str:
    """This version's schema, as the migrations' file names tell it."""
    return max(file.name.split("_", 1)[0] for file in MIGRATIONS.glob("[0-9]*_*.py"))
