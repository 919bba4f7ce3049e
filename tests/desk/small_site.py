"""A small site, its database, and a worker that is only pretended: what the desk's tests stand on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from models import clock
from models.database import Database
from models.queries import closing, heartbeats, register, runs, slots
from models.queries.book import read_book
from models.queries.runs import StepResult
from models.queries.task_log import Started, Stream
from models.vocabulary import HostFault, Outcome
from tests.sites import entries_of

FILES = {
    "site.yaml": """
name: harbour
title: The harbour
timezone: Europe/Berlin
""",
    "people.yaml": """
teams:
  deck: {title: Deck}
people:
  ada: {name: Ada Lovelace, teams: [deck], roles: [operator]}
""",
    "services.yaml": """
services:
  shop: {title: Shop, owner: deck}
hosts:
  web1: {address: 10.0.0.1, tags: [web], service: shop, rank: 2}
  web2: {address: 10.0.0.2, tags: [web], service: shop, rank: 1}
  web3: {address: 10.0.0.3, tags: [web], attributes: {room: cellar}}
  db1: {address: 10.0.0.9, tags: [db], jump: web1}
""",
    "calendars.yaml": """
calendars:
  freeze: {windows: [{starts: 2026-12-20T00:00:00, ends: 2027-01-05T00:00:00, reason: Year end}]}
""",
    "jobs.yaml": """
jobs:
  rotate-logs:
    title: Rotate the logs
    owner: deck
    service: shop
    runbook: Look at the disk first.
    schedule: {cron: "30 2 * * *"}
    on: "tag=web"
    command: [/usr/local/bin/rotate, --days, "{days}"]
    parameters:
      days: {type: integer, default: 7, minimum: 1, maximum: 30, description: Days to keep}
    secrets: {TOKEN: "secret://rotate"}
    batch: {size: 2, order: rank}
    deadline: 10m
    repeat: safe
  check-disks:
    title: Check the disks
    owner: deck
    runbook: Free some space.
    schedule: {every: 6h}
    on: "tag=web or tag=db"
    command: [df, -h]
    overlap: {policy: forbid}
  restore-file:
    title: Restore a file
    owner: deck
    runbook: Ask Ada.
    on: "host=db1"
    command: [restore, "{path}"]
    parameters:
      path: {type: text, required: true, description: Which file}
  tell-everyone:
    title: Tell everyone
    owner: deck
    runbook: Call them.
    on: local
    command: [wall, done]
    after: [{job: rotate-logs}]
""",
}
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OK = Outcome.OK


def write_site(folder: Path, **changed: str) -> Path:
    """The small site as files; a keyword such as `jobs="..."` replaces or adds one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **{f"{stem}.yaml": text for stem, text in changed.items()}}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def apply_site(database: Database, folder: Path, now: datetime) -> None:
    """Register the site and write its slots, as `watchbill up` and the planner do."""
    with database.write() as session:
        register.apply(session, entries_of(folder), "test", now)
    with database.write() as session:
        slots.plan_ahead(session, read_book(session), now, "planner")


def beat_all(database: Database, now: datetime) -> None:
    """Every part of the engine gives a sign of life."""
    with database.write() as session:
        for part in ("planner", "relay", "worker", "desk", "events"):
            heartbeats.beat(session, part, now)


@dataclass(frozen=True)
class Ends:
    """How one host's command ends."""

    outcome: Outcome = OK
    exit_code: int | None = 0
    fault: HostFault | None = None
    said: str = "fine\n"
    complained: str = ""


WELL = Ends()
BADLY = Ends(Outcome.FAILED, 3, said="", complained="rotate: no space left\nrotate: giving up\n")
UNREACHABLE = Ends(Outcome.FAILED, None, HostFault.UNREACHABLE, said="")


def begin(database: Database, run: str) -> runs.ClaimedRun:
    """A pretended worker claims a run and opens its steps."""
    key = runs_key(run)
    with database.write() as session:
        attempt = runs.get(session, key).attempt
        return runs.claim(session, key, attempt, "worker:1")


def work(database: Database, run: str, ends: Mapping[str, Ends] | None = None) -> Outcome | None:
    """A pretended worker carries a run out; hosts that are not named end well."""
    claimed = begin(database, run)
    now = clock.now()
    shares = [Started("run_on_hosts", now, "worker:1", claimed.run_id, host) for host in claimed.plan.host_names]
    with database.write() as session:
        opened = runs.open_steps(session, claimed, shares)
    for step in opened:
        with database.write() as session:
            runs.end_steps(session, [(step, _result((ends or {}).get(step.host, WELL), now))], "worker:1")
    with database.write() as session:
        return closing.close(session, claimed, "worker:1", failed_with=None)


def _result(end: Ends, now: datetime) -> StepResult:
    said = [("stdout", end.said.encode()), ("stderr", end.complained.encode())]
    word = end.fault.value if end.fault else f"exit code {end.exit_code}"
    return StepResult(
        started_at=now,
        ended_at=now + timedelta(seconds=1.5),
        outcome=end.outcome,
        fault=end.fault,
        exit_code=end.exit_code,
        message="ok" if end.outcome is OK else word,
        first_error_line=end.complained.splitlines()[0] if end.complained else None,
        attached=False,
        streams=tuple(Stream(name, body, b"", len(body), sha256(body).hexdigest()) for name, body in said),
    )


def runs_key(run: str) -> int:
    """12 of RUN000012."""
    return int(run.removeprefix("RUN"))
