"""A small file of another tool, its map, and the import of both."""

from datetime import UTC, datetime
from pathlib import Path

from desk.services.imports import Imported, ImportOrder, import_tickets
from models.database import Database

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CHANGES = """\
source: old-desk
kind: incident
shape: one row per change
file: {missing: ["?"]}
columns:
  id: number
  time: at
  opened: opened
  state: state
  team: team
  owner: owner
  priority: priority
  service: service
  made_sla: made_sla
  reopened: reopen_count
  reassigned: given
  parent: parent
values:
  state:
    New: new
    Active: in progress
    Awaiting User: on hold for caller
    Awaiting Vendor: on hold for supplier
    Resolved: resolved
    Closed: closed
    Cancelled: cancelled
  priority: {1 - Critical: P1, 3 - Moderate: P3}
"""
HEADER = "number,at,opened,state,team,owner,priority,service,made_sla,reopen_count,given,parent,room\n"
TICKETS = """\
source: old-list
kind: incident
columns: {id: number, opened: opened, resolved: resolved, closed: closed, state: state, title: title, team: team}
"""
TICKET_HEADER = "number,opened,resolved,closed,state,title,team\n"


def row(number: str, at: str, state: str, **more: str) -> str:
    """A row of the log of changes; what is not said is missing."""
    names = HEADER.strip().split(",")
    said = {"number": number, "at": at, "state": state, **more}
    return ",".join(said.get(name, "?") for name in names) + "\n"


def take_in(
    database: Database, folder: Path, text: str | bytes, map_: str = CHANGES, *, name: str = "log.csv", **order: object
) -> Imported:
    """Write the file and the map, and import them."""
    folder.mkdir(parents=True, exist_ok=True)
    file, map_file = folder / name, folder / "map.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    map_file.write_text(map_)
    wanted = ImportOrder(file, map_file, "ada", **order)  # type: ignore[arg-type]
    return import_tickets(database, wanted, NOW, lambda _what, _done, _all: None)
