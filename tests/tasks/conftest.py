"""Tasks run here without Prefect's server: their bodies, on a worker's home with a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import Database
from tasks import workplace


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A worker's home; what a worker keeps per process is forgotten before and after."""
    monkeypatch.setenv("WATCHBILL_HOME", str(tmp_path))
    monkeypatch.setenv("WATCHBILL_DATABASE_URL", sqlite_url)
    _forget()
    yield tmp_path
    workplace.database().close()
    _forget()


def _forget() -> None:
    for kept in (workplace._database, workplace._settings):
        kept.cache_clear()


@pytest.fixture
def worker_database(home: Path) -> Database:
    """The database that the tasks of this process write."""
    return workplace.database()
