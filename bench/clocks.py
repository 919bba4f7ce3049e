"""Every clock of many incidents computed anew from the journal: how long it takes, and whether that stays flat."""

import argparse
import gc
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import delete, insert, select, update

from models import migrations
from models.database import Database
from models.queries import clock_cache, register
from models.records import Incident, IncidentClock, JournalHead, JournalRow, Ticket
from models.site.loading import load_site
from models.vocabulary import IncidentState, ResolutionCode, TicketKind

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BATCH = 1_000
FILES = {
    "site.yaml": "name: bench\ntitle: Bench\ntimezone: Europe/Berlin\n",
    "people.yaml": "teams:\n  ops: {title: Operations}\n",
    "services.yaml": "services:\n  shop: {title: Shop, owner: ops}\n",
    "calendars.yaml": (
        'calendars:\n  office: {hours: {mon-fri: ["08:00-12:00", "13:00-18:00"]}, holidays: [DE/BE]}\n'
        '  long: {hours: {mon-sat: ["06:00-22:00"]}, holidays: [DE/BE]}\n'
    ),
    "incidents.yaml": """
promises:
  house:
    title: House
    calendar: office
    own: {P1: 30m, P2: 1h, P3: 4h, P4: 1 working day}
    resolve: {P1: 4h, P2: 8h, P3: 3 working days, P4: "5 working days, to the end of the day"}
    stops_for: [caller]
  team:
    title: Between the teams
    agreement: OLA
    calendar: long
    resolve: {P1: 2h, P2: 6h, P3: 20h, P4: 40h}
    stops_for: [caller, supplier]
  hoster: {title: Hoster, agreement: supplier contract, resolve: {P1: 8h, P2: 8h, P3: 48h, P4: 96h}}
""",
}


def measure(small: int = 10_000, factor: int = 10) -> dict[str, object]:
    """Seconds for all clocks at one size and at ten times that, on SQLite: read, computed and written."""
    found = {size: recompute(size) for size in (small, small * factor)}
    each = {size: 1000 * one["seconds"] / size for size, one in found.items()}
    return {
        "what": "delete and compute anew every clock of all incidents: 4 stopwatches and about 6 journal rows each",
        "seconds": {f"{size:,} incidents": round(one["seconds"], 2) for size, one in found.items()},
        "clocks": {f"{size:,} incidents": int(one["clocks"]) for size, one in found.items()},
        "milliseconds an incident": {f"{size:,} incidents": round(cost, 4) for size, cost in each.items()},
        "ratios": {
            "seconds for the larger size (goal: under 20 for 100,000)": round(found[small * factor]["seconds"], 2),
            f"an incident at {factor} times the size (1 is flat)": round(each[small * factor] / each[small], 2),
        },
    }


def recompute(size: int) -> dict[str, float]:
    """Fill a database with so many incidents, then compute all their clocks."""
    with TemporaryDirectory() as scratch:
        database = filled(Path(scratch), size)
        with database.write() as session:
            session.execute(delete(IncidentClock))
        # As every command does: what the interpreter has loaded is not looked through again and again.
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        with database.write() as session:
            found = clock_cache.rebuild(session, NOW)
        seconds = time.perf_counter() - began
        gc.unfreeze()
        database.close()
    return {"seconds": seconds, "clocks": found.clocks}


def filled(folder: Path, size: int) -> Database:
    """A database with so many incidents of this year, a tenth of them open."""
    site = folder / "site"
    site.mkdir()
    for name, text in FILES.items():
        (site / name).write_text(text)
    database = Database(f"sqlite:///{folder}/watchbill.db")
    migrations.upgrade(database)
    with database.write() as session:
        register.apply(session, load_site(site).entries(), "bench", START - timedelta(days=1))
    random = Random(4)
    numbers = iter(range(1, size + 1))
    for _ in range(0, size, BATCH):
        with database.write() as session:
            seq = session.execute(select(JournalHead.seq)).scalar_one()
            rows: list[dict[str, Any]] = []
            tickets, incidents = [], []
            for _, number in zip(range(BATCH), numbers, strict=False):
                opened = START + random.random() * (NOW - START)
                history = list(story(number, opened, random))
                rows += [{**row, "seq": seq + len(rows) + place} for place, row in enumerate(history, 1)]
                is_open = history[-1]["tag"].rpartition(":")[2] != "close"
                tickets.append(ticket(number, opened))
                incidents.append(incident(number, None if is_open else NOW))
            session.execute(insert(Ticket.__table__), tickets)
            session.execute(insert(Incident.__table__), incidents)
            session.execute(insert(JournalRow), rows)
            session.execute(update(JournalHead).values(seq=seq + len(rows)))
    return database


def story(number: int, opened: datetime, random: Random) -> Iterator[dict[str, Any]]:
    """The journal's rows about one incident. Their hashes are none: nobody verifies this journal."""
    priority = random.choice(["P1", "P2", "P3", "P4"])
    names = ["hoster", "house", "team"]
    steps: list[tuple[str, dict[str, Any]]] = [("open", {"priority": priority, "promises": names}), ("take", {})]
    if random.random() < 0.5:
        steps += [("hold", {"hold_reason": random.choice(["caller", "supplier", "change"])}), ("resume", {})]
    if random.random() < 0.3:
        steps.append(("set-priority", {"priority": random.choice(["P1", "P2", "P3", "P4"])}))
    steps.append(("note", {"note": number}))
    if random.random() < 0.9:
        steps += [("resolve", {}), ("close", {})]
    at = opened
    for action, facts in steps:
        yield {
            "at": at.isoformat(timespec="microseconds"),
            "tag": f"incidents:incident:{action}",
            "subject": f"incident/{number}",
            "actor": "bench",
            "facts": json.dumps(facts),
            "previous": "",
            "hash": "",
        }
        at += random.random() * 600 * MINUTE


def ticket(number: int, opened: datetime) -> dict[str, Any]:
    """The row of any ticket."""
    return {
        "id": number,
        "kind": TicketKind.INCIDENT,
        "public_id": f"{number:016d}",
        "title": "bench",
        "description": "",
        "service": "shop",
        "opened_by": "bench",
        "opened_at": opened,
        "source": "bench",
        "is_drill": False,
    }


def incident(number: int, closed: datetime | None) -> dict[str, Any]:
    """The row of an incident."""
    return {
        "id": number,
        "state": IncidentState.CLOSED if closed else IncidentState.IN_PROGRESS,
        "impact": "high",
        "urgency": "high",
        "priority": "P1",
        "team": "ops",
        "resolution_code": ResolutionCode.FIXED if closed else None,
        "resolution": "bench" if closed else None,
        "closed_at": closed,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000)
    print(json.dumps(measure(parser.parse_args().size), indent=2))
