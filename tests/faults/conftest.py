"""A worker's home, and a run in it, for faults that need no Prefect server."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.queries import dispatching
from models.queries.dispatching import Wish
from tasks import workplace
from tests.sites import apply_site, write_site

QueueRun = Callable[[str, str], str]


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A worker's home with a fresh database; what a worker keeps per process is forgotten before and after."""
    monkeypatch.setenv("WATCHBILL_HOME", str(tmp_path))
    monkeypatch.setenv("WATCHBILL_SITE", str(tmp_path / "site"))
    monkeypatch.setenv("WATCHBILL_DATABASE_URL", sqlite_url)
    _forget()
    yield tmp_path
    workplace.host_pool().close()
    workplace.database().close()
    _forget()


def _forget() -> None:
    for kept in (workplace._host_pool, workplace._database, workplace._settings):
        kept.cache_clear()


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """What tells a process of its own which home it works for."""
    return {name: value for name, value in os.environ.items() if name.startswith("WATCHBILL_")}


@pytest.fixture
def worker_database(home: Path) -> Database:
    """The database that the tasks of this process write."""
    return workplace.database()


@pytest.fixture
def queue_run(home: Path, worker_database: Database) -> QueueRun:
    """Put jobs (YAML) into the register and queue a run of one by hand; its number."""

    def queue(jobs: str, name: str, hosts: str = "  {}\n") -> str:
        book = apply_site(worker_database, write_site(home / "site", jobs, hosts=hosts))
        with worker_database.write() as session:
            return dispatching.run_now(session, book, name, Wish("ann"), clock.now()).number

    return queue
