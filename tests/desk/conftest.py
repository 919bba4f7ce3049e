"""A desk with a small site behind it, called in this process or as a real command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desk.cli.entry import run
from models import clock
from models.database import Database
from models.settings import CHECKOUT
from tests.desk.small_site import apply_site, write_site


@dataclass(frozen=True)
class Said:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on standard output."""
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """Everything that was said, blanks joined: what is aligned or wrapped how is the screen's business."""
        return " ".join((self.out + " " + self.err).split())


@pytest.fixture
def site_folder(tmp_path: Path) -> Path:
    """The files of the small site."""
    return write_site(tmp_path / "site")


@pytest.fixture(scope="session")
def harbour_template(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A SQLite file in which the small site is in force and planned, to copy from."""
    folder = tmp_path_factory.mktemp("harbour")
    path = folder / "watchbill.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    apply_site(database, write_site(folder / "site"), clock.now())
    database.close()
    return path


@pytest.fixture
def harbour(sqlite_url: str, harbour_template: Path, site_folder: Path) -> Iterator[Database]:
    """A database in which the small site is in force and planned."""
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(harbour_template.read_bytes())
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def surroundings(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the environment tells a command: a home, a site, a database, and nothing of this machine's own."""
    given = {
        "WATCHBILL_HOME": str(tmp_path / "var"),
        "WATCHBILL_SITE": str(tmp_path / "site"),
        "WATCHBILL_DATABASE_URL": sqlite_url,
        "WATCHBILL_PERSON": "ada",
    }
    for name in [name for name in os.environ if name.startswith("WATCHBILL_")] + ["COLUMNS", "NO_COLOR"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest.fixture
def watchbill(
    harbour: Database, surroundings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Calls a command in this process, with the small site in force."""
    return _caller(capsys)


@pytest.fixture
def bare_watchbill(
    site_folder: Path, surroundings: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Calls a command in this process, where nothing was ever started."""
    monkeypatch.delenv("WATCHBILL_DATABASE_URL")
    return _caller(capsys)


def _caller(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def call(*words: str) -> Said:
        capsys.readouterr()
        code = run(words)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def real_watchbill(*words: str, environment: dict[str, str] | None = None, folder: Path = CHECKOUT) -> Said:
    """A command as people call it: its own process, no terminal."""
    code = "from desk.cli import main; main()"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHBILL_")}
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env={**kept, "PYTHONPATH": str(CHECKOUT), **(environment or {})},
    )
    return Said(done.returncode, done.stdout, done.stderr)
