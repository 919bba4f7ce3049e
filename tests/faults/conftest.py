"""A worker's home, and a run in it, for faults that need no Prefect server."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.queries import dispatching
from models.queries.dispatching import Wish
from tests.faults.backup_plan import Plan
from tests.quick_restic import make_repository
from tests.servers import need
from tests.sites import apply_site, write_site

QueueRun = Callable[[str, str], str]
MakePlan = Callable[[str], Plan]


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """What tells a process of its own which home it works for."""
    return {name: value for name, value in os.environ.items() if name.startswith("WATCHBILL_")}


@pytest.fixture
def queue_run(home: Path, worker_database: Database) -> QueueRun:
    """Put jobs (YAML) into the register and queue a run of one by hand; its number."""

    def queue(jobs: str, name: str, hosts: str = "  {}\n") -> str:
        book = apply_site(worker_database, write_site(home / "site", jobs, hosts=hosts))
        with worker_database.write() as session:
            return dispatching.run_now(session, book, name, Wish("ann"), clock.now()).number

    return queue


@pytest.fixture
def make_plan(home: Path, environment: dict[str, str], worker_database: Database) -> MakePlan:
    """A plan of three small files on this machine, kept by this engine."""

    def make(engine: str) -> Plan:
        if engine == "restic":
            need("restic")
            (home / "secrets").mkdir(mode=0o700)
            (home / "secrets" / "main").write_text("main-password\n")
            (home / "secrets" / "main").chmod(0o600)
            make_repository(home / "main", "main-password")
        (home / "data").mkdir()
        for number in range(3):
            (home / "data" / f"file-{number}").write_bytes(bytes([number]) * 10_000)
        plan = Plan(worker_database, home, environment)
        plan.apply(engine)
        return plan

    return make
