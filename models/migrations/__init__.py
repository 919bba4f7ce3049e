"""The schema's history. `upgrade` makes or mends a database; `require_current` refuses one that does not fit."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from models import clock
from models.database import Database
from models.errors import DatabaseError

FOLDER = Path(__file__).parent


def upgrade(database: Database) -> bool:
    """Bring the schema to this version's. Returns whether anything changed.

    A SQLite file is copied beside itself first and set to WAL once. Raises DatabaseError for a newer schema, for a
    damaged file, and for a database that holds somebody else's tables.
    """
    if database.is_sqlite:
        Path(database.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        _set_write_ahead_log(database)
    with database.raw() as connection:
        before = revision(connection)
        _refuse_foreign(connection, before, database)
    if before == head():
        return False
    if before is not None and database.is_sqlite:
        _copy_aside(database)
    with database.raw() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def _set_write_ahead_log(database: Database) -> None:
    """Switch a SQLite file to WAL, once, when it is opened first: doing so on every connect fails under load."""
    for attempt in range(50):
        try:
            with database.outside_transactions() as cursor:
                cursor.execute("PRAGMA journal_mode=WAL")
        except DatabaseError as error:
            if attempt == 49 or "locked" not in str(error):
                raise
            time.sleep(0.1)
        else:
            return


def require_current(database: Database) -> None:
    """Raises DatabaseError unless the database has exactly this version's schema."""
    with database.raw() as connection:
        found = revision(connection)
        _refuse_foreign(connection, found, database)
    if found != head():
        raise DatabaseError(
            f"{database.name}: its schema is older than this Watchbill: run `watchbill up`, which mends it"
        )


def revision(connection: Connection) -> str | None:
    """The schema's revision; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """This version's revision."""
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return ScriptDirectory.from_config(config)


def _refuse_foreign(connection: Connection, found: str | None, database: Database) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseError(
            f"{database.name}: its schema ({found}) is newer than this Watchbill knows ({head()}): "
            "use the version that wrote it, or restore the copy made before the upgrade"
        )
    if found is None and inspect(connection).get_table_names():
        raise DatabaseError(f"{database.name}: holds tables that are not Watchbill's: give it a database of its own")


def _copy_aside(database: Database) -> None:
    source = Path(database.url.database or "")
    copy = source.with_name(f"{source.name}.before-{clock.now():%Y%m%dT%H%M%SZ}")
    with database.outside_transactions() as cursor:
        cursor.execute("VACUUM INTO ?", (str(copy),))
        problems = [row[0] for row in cursor.execute("PRAGMA integrity_check")]
    if problems != ["ok"]:
        raise DatabaseError(
            f"{database.name}: integrity check says {problems[0]!r}: restore a backup, nothing was changed"
        )
