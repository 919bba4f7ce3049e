"""Flow tests run against one real Prefect server, with a shared database and a home of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import Settings, temporary_settings
from prefect.settings.legacy import _get_settings_fields

from deployments.engine.prefect_server import running_server
from models import clock
from models.database import Database
from models.queries import dispatching, runs
from models.queries.book import Book
from models.queries.dispatching import Wish
from models.records import Run
from tests.sites import apply_site, write_site

StartRun = Callable[..., Run]


@pytest.fixture(scope="package")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a Prefect server that runs for all the flow tests, in force in this process."""
    with running_server(tmp_path_factory.mktemp("prefect-home")) as server:
        fields = _get_settings_fields(Settings)
        ours = {fields[name]: value for name, value in server.environment.items() if name in fields}
        with temporary_settings(updates=ours):
            yield server.environment
            # What is left to say must be said before the server goes: otherwise it is tried for a minute at exit.
            EventsWorker.drain_all()
            APILogWorker.drain_all()


@pytest.fixture
def start_run(home: Path, worker_database: Database) -> StartRun:
    """Put a job (YAML) into the register and queue a run of it by hand."""

    def start(jobs: str, name: str, *, hosts: str = "", wish: Wish | None = None) -> Run:
        folder = write_site(home / "site", jobs, hosts=hosts or "  {}\n")
        book: Book = apply_site(worker_database, folder)
        with worker_database.write() as session:
            run = dispatching.run_now(session, book, name, wish or Wish("ann"), clock.now())
            return runs.get(session, run.id)

    return start
