"""A desk in a process of its own, with two sources, for drills with real senders."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
from sqlalchemy import select

from deployments.engine.prefect_server import free_port
from desk.ingest.spool import is_all_carried
from desk.services.desk_address import address_note
from models.database import Database
from models.records import InboxRow
from models.rules.incoming import Incoming
from models.settings import CHECKOUT
from tests.sites import apply_site, job, write_site

TOKEN = "drill-token-0123456789"
SIGNING_KEY = "drill-key-0123456789"
SOURCES = """
sources:
  drill: {token: 'secret://drill'}
  signer: {signature: {secret: 'secret://signer'}}
"""
PROOF = {"Authorization": f"Bearer {TOKEN}"}
PATIENCE_SECONDS = 30.0
Found = TypeVar("Found")


@dataclass
class Desk:
    """A desk that listens."""

    home: Path
    database: Database
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return address_note(self.home).read_text().strip()

    def start(self) -> None:
        """Start it, at the same address as the last time; return when it is well."""
        log = self.home / "desk.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deployments.engine.parts", "desk"],
                cwd=CHECKOUT,
                stdout=output,
                stderr=output,
                env=self.environment,
            )
        until(self._is_well, log.read_text)

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def events(self) -> list[Incoming]:
        """What it took, when all that it acknowledged is in the inbox."""
        until(lambda: is_all_carried(self.database))
        with self.database.read() as session:
            rows = list(session.scalars(select(InboxRow).order_by(InboxRow.id)))
            return [event for row in rows for event in row.events()]

    def _is_well(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=1).status_code == 200
        except (OSError, httpx.HTTPError):
            return False


def until(ask: Callable[[], Found], why: Callable[[], str] = str) -> Found:
    """What is answered as soon as it is not nothing."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := ask()):
        assert time.monotonic() < end, why()
        time.sleep(0.05)
    return found


@contextmanager
def running_desk(folder: Path, database: Database) -> Iterator[Desk]:
    """A desk as long as the block lasts, with a home in this folder."""
    site = write_site(folder / "site", job("nightly"))
    (site / "events.yaml").write_text(SOURCES)
    apply_site(database, site)
    home = folder / "home"
    (home / "secrets").mkdir(parents=True)
    for name, value in (("drill", TOKEN), ("signer", SIGNING_KEY)):
        (home / "secrets" / name).touch(mode=0o600)
        (home / "secrets" / name).write_text(value)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WATCHBILL_")},
        "WATCHBILL_HOME": str(home),
        "WATCHBILL_SITE": str(site),
        "WATCHBILL_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "WATCHBILL_DESK_PORT": str(free_port()),
    }
    desk = Desk(home, database, environment)
    try:
        desk.start()
        yield desk
    finally:
        desk.process.kill()
        desk.process.wait(10)
