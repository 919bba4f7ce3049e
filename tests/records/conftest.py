"""What several tests of records share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import Database
from tests.records.approvals_lab import apply


@pytest.fixture(scope="session")
def approvals_template(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A SQLite file in which the site with schemes is in force, to copy from."""
    folder = tmp_path_factory.mktemp("approvals")
    path = folder / "watchbill.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    apply(database, folder / "site")
    database.close()
    return path


@pytest.fixture
def approving(tmp_path: Path, approvals_template: Path) -> Iterator[Database]:
    """A SQLite database in which the site with schemes is in force."""
    path = tmp_path / "watchbill.db"
    path.write_bytes(approvals_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()
