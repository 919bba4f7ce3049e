"""Import of an incident event log: ours, with replay, journal and clocks; and pandas that only reads and stores it.

142,000 rows of 25,000 incidents with the 36 columns of a well-known ServiceNow log, out of order as such files are.
Each contestant is a process of its own that has its libraries loaded before it is timed, since what a start costs says
nothing of an import; they alternate, and the median of the rounds counts. `with start` is the whole process. The `cpu`
figures are seconds of the processor, which other work on the machine changes less. With --logs FOLDER the real logs of
that folder are imported, and every figure is compared with its `expected-*.json`.
"""

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from models import clock, migrations
from models.database import Database
from models.queries import register
from models.settings import CHECKOUT
from models.site.loading import load_site

ROWS, TICKETS = 142_000, 25_000
GOALS = {"seconds": 90.0, "peak MB": 500.0, "times pandas": 6.0}
MAPS = CHECKOUT / "docs" / "how-to" / "maps"
COLUMNS = (
    "number", "incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla",
    "caller_id", "opened_by", "opened_at", "sys_created_by", "sys_created_at", "sys_updated_by", "sys_updated_at",
    "contact_type", "location", "category", "subcategory", "u_symptom", "cmdb_ci", "impact", "urgency", "priority",
    "assignment_group", "assigned_to", "knowledge", "u_priority_confirmation", "notify", "problem_id", "rfc",
    "vendor", "caused_by", "closed_code", "resolved_by", "resolved_at", "closed_at",
)  # fmt: skip
WAITS = ("Awaiting User Info", "Awaiting Problem", "Awaiting Vendor", "Awaiting Evidence")
LEVELS = ("1 - High", "2 - Medium", "3 - Low")
PRIORITIES = ("1 - Critical", "2 - High", "3 - Moderate", "4 - Low")
SITE = """
promises:
  standard:
    title: Standard
    calendar: office
    own: {P1: 30m, P2: 2h, P3: 1 working day, P4: 2 working days}
    resolve: {P1: 4h, P2: 8h, P3: 5 working days, P4: 10 working days}
    stops_for: [caller, supplier]
"""
CALENDAR = 'calendars:\n  office: {hours: {mon-fri: ["08:00-18:00"]}}\n'


def log(rows: int = ROWS, tickets: int = TICKETS, seed: int = 7) -> Iterator[list[str]]:
    """The header and the rows of a log, by a seed; of each ticket in order, those of several tickets mixed."""
    yield list(COLUMNS)
    chance = random.Random(seed)
    whole = [row for number in range(tickets) for row in _ticket(number, rows / tickets, chance)]
    chance.shuffle(whole)
    yield from whole[:rows]


def _ticket(number: int, mean: float, chance: random.Random) -> list[list[str]]:
    at = opened = datetime(2016, 2, 29, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 350))
    steps = ["New", *("Active" for _ in range(1 + int(chance.expovariate(1 / (mean - 3.6)))))]
    steps = [chance.choice(WAITS) if step == "Active" and chance.random() < 0.15 else step for step in steps]
    steps += ["Resolved", "Closed"]
    if chance.random() < 0.02:
        steps += ["Active", "Resolved", "Closed"]
    told = dict.fromkeys(COLUMNS, "?")
    told |= {
        "number": f"INC{number:07}",
        "caller_id": f"Caller {chance.randrange(5000)}",
        "opened_by": f"Opened by  {chance.randrange(200)}",
        "opened_at": _time(opened),
        "sys_created_by": f"Created by {chance.randrange(200)}",
        "sys_created_at": _time(opened),
        "contact_type": "Phone",
        "location": f"Location {chance.randrange(220)}",
        "category": f"Category {chance.randrange(58)}",
        "subcategory": f"Subcategory {chance.randrange(250)}",
        "u_symptom": f"Symptom {chance.randrange(500)}",
        "impact": chance.choice(LEVELS),
        "urgency": chance.choice(LEVELS),
        "priority": chance.choice(PRIORITIES),
        "knowledge": "false",
        "u_priority_confirmation": "false",
        "notify": "Do Not Notify",
        "closed_code": f"code {chance.randrange(17)}",
    }
    moves: list[dict[str, str]] = []
    group, given, opened_again = f"Group {chance.randrange(78)}", 0, 0
    resolver = f"Resolver {chance.randrange(230)}"
    for count, state in enumerate(steps):
        if count:
            at += timedelta(minutes=chance.randrange(1, 2500))
        if count and chance.random() < 0.3:
            group, given, resolver = f"Group {chance.randrange(78)}", given + 1, f"Resolver {chance.randrange(230)}"
        opened_again += state == "Active" and bool(moves) and moves[-1]["incident_state"] == "Closed"
        moves.append(
            told
            | {
                "incident_state": state,
                "active": str(state != "Closed").lower(),
                "reassignment_count": str(given),
                "reopen_count": str(opened_again),
                "sys_mod_count": str(count),
                "made_sla": str((at - opened).days < 9).lower(),
                "sys_updated_by": f"Updated by {chance.randrange(800)}",
                "sys_updated_at": _time(at),
                "assignment_group": group,
                "assigned_to": resolver if count else "?",
                "resolved_by": f"Resolved by {chance.randrange(200)}",
            }
        )
    # As in the log: each row of a ticket says when it was solved and closed in the end.
    ends = {name: moves[place]["sys_updated_at"] for name, place in (("resolved_at", -2), ("closed_at", -1))}
    return [list((move | ends).values()) for move in moves]


def _time(at: datetime) -> str:
    return f"{at.day}/{at.month}/{at.year} {at:%H:%M}"


def measure(rounds: int = 3, rows: int = ROWS, tickets: int = TICKETS) -> dict[str, object]:
    """Seconds and memory of both, and how often ours takes the time of pandas."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "log.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(log(rows, tickets))
        ours, theirs = [], []
        for number in range(rounds):
            theirs.append(_round(PANDAS, [str(file), str(folder / f"pandas-{number}.db")], folder))
            home = folder / f"home-{number}"
            _site(home)
            ours.append(_round(OURS, [str(file), str(MAPS / "uci-incident-log.yaml"), str(home)], folder))
        mine, pandas = _medians(ours), _medians(theirs)
        found: dict[str, Any] = {
            "rows": rows,
            "tickets": tickets,
            "file MB": round(file.stat().st_size / 1e6, 1),
            "seconds": mine["with start"],
            "peak MB": max(one["peak MB"] for one in ours),
            "times pandas": round(mine["cpu"] / pandas["cpu"], 2),
            "times pandas, with start": round(mine["with start"] / pandas["with start"], 2),
            "ours": mine,
            "pandas": pandas,
        }
    return found | {"goals": GOALS, "met": all(float(found[name]) <= goal for name, goal in GOALS.items())}


TIMED = """
import json, sys, time
{imports}
began, cpu = time.perf_counter(), time.process_time()
{work}
print(json.dumps({{"inside": time.perf_counter() - began, "cpu": time.process_time() - cpu}}))
"""
PANDAS = TIMED.format(
    imports="import sqlite3, pandas",
    work="""
frame = pandas.read_csv(sys.argv[1])
with sqlite3.connect(sys.argv[2]) as database:
    frame.to_sql("log", database, index=False)
""",
)
OURS = TIMED.format(
    imports="""
from pathlib import Path
from desk.services.imports import ImportOrder, import_tickets
from models import clock
from models.database import Database
database = Database(f"sqlite:///{sys.argv[3]}/watchbill.db")
""",
    work="""
order = ImportOrder(Path(sys.argv[1]), Path(sys.argv[2]), "bench")
import_tickets(database, order, clock.now(), lambda _what, _done, _all: None)
""",
)


def _round(code: str, words: list[str], folder: Path) -> dict[str, float]:
    seconds, megabytes, said = _timed([sys.executable, "-c", code, *words], folder)
    return {**json.loads(said), "with start": seconds, "peak MB": megabytes}


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(one[name] for one in rounds), 2) for name in rounds[0]}


def _import(file: Path, map_: Path, home: Path) -> list[str]:
    code = "import sys; from desk.cli.entry import run; sys.exit(run(sys.argv[1:]))"
    words = ["import", "tickets", str(file), "--map", str(map_), "--home", str(home), "--as", "bench", "--json"]
    return [sys.executable, "-c", code, *words]


def _site(home: Path) -> None:
    """A home whose database has a promise, so that clocks are computed."""
    site = home / "site"
    site.mkdir(parents=True)
    (site / "site.yaml").write_text("name: bench\ntitle: Bench\ntimezone: UTC\n")
    (site / "calendars.yaml").write_text(CALENDAR)
    (site / "incidents.yaml").write_text(SITE)
    database = Database(f"sqlite:///{home / 'watchbill.db'}")
    migrations.upgrade(database)
    with database.write() as session:
        register.apply(session, load_site(site).entries(), "bench", clock.now())
    database.close()


def _timed(command: list[str], folder: Path) -> tuple[float, float, str]:
    """Seconds, megabytes at the most, and what it said. Raises SystemExit with what a failed one said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHBILL_")}
    file = folder / "said.txt"
    begin = time.monotonic()
    with (
        file.open("wb") as said,
        subprocess.Popen(command, stdout=said, stderr=said, cwd=CHECKOUT, env=environment) as it,
    ):
        _, status, used = os.wait4(it.pid, 0)
        it.returncode = os.waitstatus_to_exitcode(status)
    if it.returncode:
        raise SystemExit(file.read_text()[-2000:])
    return time.monotonic() - begin, used.ru_maxrss / 1024, file.read_text()


LOGS = {
    "volvo_closed_problems.csv.gz": ("vinst-problems.yaml", "expected-bpic2013_closed.json"),
    "volvo_open_problems.csv.gz": ("vinst-problems.yaml", "expected-bpic2013_open.json"),
    "helpdesk.csv.gz": ("help-desk-log.yaml", "expected-helpdesk_italy.json"),
}


def compare(logs: Path) -> list[str]:
    """Import the real logs of a folder, and say every figure that is not as expected."""
    from bench.import_expected import differences

    wrong = []
    for name, (map_, expected) in LOGS.items():
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            _site(home)
            _timed(_import(logs / name, MAPS / map_, home), Path(folder))
            database = Database(f"sqlite:///{home / 'watchbill.db'}")
            found = list(differences(database, json.loads((logs / expected).read_text())))
            database.close()
        wrong += [f"{name}: {text}" for text in found]
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--logs", type=Path)
    given = parser.parse_args()
    if given.logs:
        print("\n".join(compare(given.logs)) or "every figure is as expected")
    else:
        print(json.dumps(measure(given.rounds), indent=2))
