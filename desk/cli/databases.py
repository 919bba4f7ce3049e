"""database: upgrade."""

from cyclopts import App

from desk.cli.common import COMMON, Common
from models.database import Database
from models.migrations import upgrade

app = App("database", help="The shared database's schema.")


@app.command(name="upgrade")
def upgrade_schema(*, common: Common = COMMON) -> int:
    """Make the shared database, or bring its schema to this version's; a SQLite file is copied aside first."""
    screen, settings = common.screen(), common.settings()
    database = Database(settings.url())
    try:
        changed = upgrade(database)
    finally:
        database.close()
    if common.json:
        screen.json({"database": database.name, "changed": changed})
    else:
        screen.show(f"{database.name}: {'brought up to date' if changed else 'was up to date'}")
    return 0
