"""A real import that is killed again and again, and started again: in the end as if it had never been killed."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bench.import_tickets import MAPS, log
from desk.services.imports import Imported, ImportOrder, import_tickets
from desk.services.measures import MeasureOrder, measure
from models import clock, migrations
from models.database import Database
from models.queries import journal
from models.records import ImportedTicket, ImportRun, Incident, IncidentClock, JournalRow, Ticket, TicketLink
from models.rules.measures import By
from models.settings import CHECKOUT
from models.vocabulary import TicketKind
from tests.records.incident_site import apply

pytestmark = pytest.mark.drill
TICKETS = 2_300
"""Three batches."""
NEVER_ALIKE = {"public_id", "hash", "previous", "read_at", "linked_at"}
"""Drawn by chance, or the time of now."""
CODE = "import sys; from desk.cli.entry import run; sys.exit(run(sys.argv[1:]))"


def write_log(file: Path) -> None:
    """A log of tickets, every tenth of which is part of the one before."""
    header, *rows = log(TICKETS * 5, TICKETS)
    number, parent = header.index("number"), header.index("problem_id")
    for cells in rows:
        count = int(cells[number].removeprefix("INC"))
        cells[parent] = f"INC{count - 1:07}" if count % 10 == 9 else "?"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def kill_import(database: Database, order: ImportOrder, folder: Path, after: int) -> None:
    """Start it as people do, and kill it as soon as so many tickets are in."""
    words = ["import", "tickets", str(order.file), "--map", str(order.map), "--as", order.person, "--json"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHBILL_")}
    url = database.url.render_as_string(hide_password=False)
    environment = {**kept, "WATCHBILL_HOME": str(folder / "home"), "WATCHBILL_DATABASE_URL": url}
    with subprocess.Popen([sys.executable, "-c", CODE, *words], cwd=CHECKOUT, env=environment) as process:
        while counted(database) < after:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.01)
        process.kill()


def counted(database: Database) -> int:
    """How many tickets are in."""
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(ImportedTicket)) or 0


def take_in(database: Database, order: ImportOrder) -> Imported:
    """The import without a kill."""
    return import_tickets(database, order, clock.now(), lambda _what, _done, _all: None)


def everything(database: Database) -> dict[str, Any]:
    """All that an import writes, and what is measured of it."""
    found: dict[str, Any] = {}
    with database.read() as session:
        journal.verify(session)
        for record in (Ticket, Incident, ImportedTicket, TicketLink, IncidentClock, JournalRow):
            table = record.__table__
            names = [column for column in table.c if column.name not in NEVER_ALIKE]
            query = select(*names).order_by(*(column for column in table.c if column.primary_key))
            found[record.__tablename__] = [dict(row) for row in session.execute(query).mappings()]
        runs = session.scalars(select(ImportRun)).all()
        found["runs"] = [(run.tickets, run.done, run.refused, run.ended_at is not None) for run in runs]
    for row in found["journal"]:
        if row["tag"].endswith(":link") or row["tag"].startswith("operations:"):
            del row["at"]
    for row in found["incident_clock"]:
        if row["stopped_at"] is None:
            del row["business_seconds"], row["actual_seconds"]  # up to now
    found["measures"] = measure(database, MeasureOrder(TicketKind.INCIDENT, "all", By.PRIORITY))
    return found


@pytest.mark.fault
def test_an_import_that_is_killed_twice_ends_as_one_in_one_go(sqlite: Database, tmp_path: Path) -> None:
    map_ = tmp_path / "map.yaml"
    text = (MAPS / "uci-incident-log.yaml").read_text(encoding="utf-8")
    map_.write_text(text.replace("  made_sla: made_sla\n", "  made_sla: made_sla\n  parent: problem_id\n"))
    order = ImportOrder(tmp_path / "log.csv", map_, "ada")
    write_log(order.file)
    apply(sqlite, tmp_path / "site")
    for after in (1, 1_001):
        kill_import(sqlite, order, tmp_path, after)
        assert after <= counted(sqlite) < TICKETS
    resumed = take_in(sqlite, order)
    assert (resumed.is_resumed, resumed.tickets, resumed.refused) == (True, TICKETS, 0)
    assert (resumed.added + resumed.same, resumed.links) == (TICKETS, TICKETS // 10)
    at_once = Database(f"sqlite:///{tmp_path / 'at-once.db'}")
    migrations.upgrade(at_once)
    apply(at_once, tmp_path / "site")
    take_in(at_once, order)
    expected, found = everything(at_once), everything(sqlite)
    at_once.close()
    assert len(expected["ticket"]) == TICKETS
    for name in expected:
        assert found[name] == expected[name], name
