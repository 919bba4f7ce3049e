"""Slots planned and registered, journal rows appended and verified: what one costs, and whether that stays flat."""

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from models import migrations
from models.database import Database
from models.queries import journal, register, slots
from models.queries.book import read_book
from models.queries.journal import Fact
from models.site.loading import load_site

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)
ROWS_PER_COMMIT = 20


def measure(small: int = 1_000, factor: int = 10) -> dict[str, object]:
    """Milliseconds a slot and a row at one size and at ten times that, on SQLite with full sync."""
    sizes = {"slots": (small, small * factor), "journal rows": (small, small * factor)}
    planned = {size: plan(size) for size in sizes["slots"]}
    appended = {size: append(size) for size in sizes["journal rows"]}
    return {
        "what": "SQLite, full sync; slots of jobs due every 15 minutes; journal rows, 20 a commit",
        "milliseconds": {
            "a slot, planned and written": {size: figures["a slot"] for size, figures in planned.items()},
            "a journal row, appended": {size: figures["append"] for size, figures in appended.items()},
            "a journal row, verified": {size: figures["verify"] for size, figures in appended.items()},
        },
        "ratios": {
            f"a slot at {factor} times the size (1 is flat)": ratio(planned, "a slot"),
            f"an appended row at {factor} times the size (1 is flat)": ratio(appended, "append"),
            f"a verified row at {factor} times the size (1 is flat)": ratio(appended, "verify"),
        },
    }


def ratio(found: dict[int, dict[str, float]], figure: str) -> float:
    """The cost at the larger size against the smaller."""
    small, large = sorted(found)
    return round(found[large][figure] / found[small][figure], 2)


def plan(size: int) -> dict[str, float]:
    """Plan 48 hours of as many jobs as make about that many slots."""
    jobs = max(1, round(size / 192))
    with TemporaryDirectory() as scratch:
        site = Path(scratch) / "site"
        site.mkdir()
        (site / "site.yaml").write_text("name: bench\ntitle: Bench\ntimezone: Europe/Berlin\n")
        (site / "people.yaml").write_text("teams:\n  ops: {title: Operations}\n")
        lines = [
            f"  job-{number}: {{title: t, owner: ops, runbook: none, on: local, command: ['true'],"
            f" schedule: {{cron: '*/15 * * * *'}}}}\n"
            for number in range(jobs)
        ]
        (site / "jobs.yaml").write_text("jobs:\n" + "".join(lines))
        database = fresh(Path(scratch))
        with database.write() as session:
            register.apply(session, load_site(site).entries(), "bench", NOW)
        with database.read() as session:
            book = read_book(session)
        with database.write() as session:
            seconds, added = timed(lambda: slots.plan_ahead(session, book, NOW, "bench"))
        database.close()
    return {"a slot": round(1000 * seconds / added, 4)}


def append(size: int) -> dict[str, float]:
    """Append so many journal rows, then verify them all."""
    with TemporaryDirectory() as scratch:
        database = fresh(Path(scratch))
        started = time.perf_counter()
        for commit in range(size // ROWS_PER_COMMIT):
            with database.write() as session:
                for number in range(ROWS_PER_COMMIT):
                    fact = Fact("operations:bench:note", f"bench/{commit}-{number}", "bench", facts={"n": number})
                    journal.append(session, fact)
        appended = time.perf_counter() - started
        with database.read() as session:
            verified, found = timed(lambda: journal.verify(session).rows)
        database.close()
    return {"append": round(1000 * appended / size, 4), "verify": round(1000 * verified / found, 4)}


def fresh(folder: Path) -> Database:
    """An empty shared database."""
    database = Database(f"sqlite:///{folder}/watchbill.db")
    migrations.upgrade(database)
    return database


def timed(act: Callable[[], int]) -> tuple[float, int]:
    """How long it took, and what it counted."""
    started = time.perf_counter()
    counted = act()
    return time.perf_counter() - started, counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000)
    print(json.dumps(measure(parser.parse_args().size), indent=2))
