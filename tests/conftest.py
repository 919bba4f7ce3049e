"""What all tests share: a shared database of either kind, fresh for each test."""

import gc
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.engine import make_url
from xdist.scheduler import LoadFileScheduling

from models import migrations
from models.database import Database
from tasks import workplace
from tests.postgres import emptied, postgresql_server, shape_of
from tests.statements import share_statements

SERVED = ("night", "engine", "flows")
"""The folders of tests that share one server a folder."""
LONG = ("drills", "faults")
"""The other folders of tests that take seconds each."""


def pytest_configure() -> None:
    """Make this process like one of the parts, whatever started it."""
    # A shell's background job ignores SIGINT, and so would all it starts: restic would be asked to end in vain.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Half of what a test with a database computes is SQL from statements: once a process is enough.
    share_statements()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, which mostly wait: the quick tests fill up what is left at the end."""
    items.sort(key=lambda item: (item.path.parent.name not in SERVED, item.path.parent.name not in LONG))


def pytest_collection_finish() -> None:
    """What was collected stays to the end: nobody need look through it for garbage after every test."""
    gc.freeze()


class FilesByServer(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """The tests of a file stay together, and so do those of a folder that share a server: it starts only once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        folder = file.rpartition("/")[0]
        return folder if folder.rpartition("/")[2] in SERVED else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FilesByServer:
    """How the processes of `make test` share the files out."""
    return FilesByServer(config, log)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server that runs for the session, with a database `template` that has our schema."""
    with postgresql_server() as url:
        _administrate(url, "CREATE DATABASE template")
        template = Database(_named(url, "template"))
        migrations.upgrade(template)
        template.close()
        yield url


@pytest.fixture(scope="session")
def emptied_databases() -> list[str]:
    """Databases of the server that are as new, for the next test."""
    return []


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our schema, to copy from."""
    path = tmp_path_factory.mktemp("template") / "watchbill.db"
    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A fresh SQLite database with our schema."""
    path = tmp_path / "watchbill.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh shared database of each kind: the same test passes on both."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server = request.getfixturevalue("postgresql")
    free: list[str] = request.getfixturevalue("emptied_databases")
    if free:
        name = free.pop()
    else:
        name = f"t{abs(hash(str(tmp_path))):x}"
        _administrate(server, f"CREATE DATABASE {name} TEMPLATE template")
    yield _named(server, name)
    if emptied(_reached(server, name), _shape(server)):
        free.append(name)
    else:
        _administrate(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh shared database, open."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite database, open."""
    opened = Database(sqlite_url)
    yield opened
    opened.close()


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
def worker_database(home: Path) -> Database:
    """The database that the tasks of this process write."""
    return workplace.database()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _reached(url: str, name: str | None = None) -> URL:
    found = make_url(url).set(drivername="postgresql+psycopg")
    return found.set(database=name) if name else found


@cache
def _shape(url: str) -> str:
    engine = create_engine(_reached(url, "template"))
    with engine.connect() as connection:
        found = shape_of(connection)
    engine.dispose()
    return found


def _administrate(url: str, statement: str) -> None:
    engine = create_engine(_reached(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
