"""A desk in a process of its own, with two sources, for drills with real senders."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
from sqlalchemy import select

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
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it listens."""
        return address_note(self.home).read_text().strip()

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def events(self) -> list[Incoming]:
        """What it took."""
        with self.database.read() as session:
            rows = list(session.scalars(select(InboxRow).order_by(InboxRow.id)))
            return [event for row in rows for event in row.events()]


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
    with (home / "desk.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.engine.parts", "desk"],
            cwd=CHECKOUT,
            stdout=log,
            stderr=log,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("WATCHBILL_")},
                "WATCHBILL_HOME": str(home),
                "WATCHBILL_SITE": str(site),
                "WATCHBILL_DATABASE_URL": database.url.render_as_string(hide_password=False),
                "WATCHBILL_DESK_PORT": "0",
            },
        )
        desk = Desk(home, database, process)
        try:
            until(lambda: _is_well(desk), (home / "desk.log").read_text)
            yield desk
        finally:
            process.kill()
            process.wait(10)


def _is_well(desk: Desk) -> bool:
    try:
        return httpx.get(f"{desk.url}/health", timeout=1).status_code == 200
    except (OSError, httpx.HTTPError):
        return False
