"""A storm: 100,000 alerts a minute for five minutes, most of them new, while the desk is used; twice somebody kills it.

Desk and events run as their own processes on SQLite; the sender has one connection and sends 100 alerts a request.
Beside it a caller's single events and the list of incidents are timed. At one and at two thirds of the time a part is
killed with -9 and started again, and what was not acknowledged is sent again, as senders do. In the end every
acknowledged event must have been worked off, and there must be one incident (`python -m bench.storm --minutes 5`).
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from sqlalchemy import func, select

from deployments.engine.up import apply_site
from desk.ingest.spool import is_all_carried
from desk.services.desk_address import address_note
from desk.services.incidents import list_incidents
from models import clock
from models.database import Database
from models.queries.desk_incidents import Choice
from models.records import Alert, InboxRow, Incident
from models.settings import CHECKOUT, Settings

RATE, BATCH = 100_000, 100
"""Alerts a minute, and alerts a request."""
TOKEN = "a-token-of-the-bench"
READY_SECONDS, SETTLING_SECONDS = 60.0, 300.0
GOAL_SECONDS = 1.0
MOST_GROWTH = 1.2
"""How much more memory a part may have in the last third than in the second."""


@dataclass
class Part:
    """A part of the engine that is measured, killed and started again."""

    name: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    mebibytes: list[tuple[float, float]] = field(default_factory=list)

    def start(self) -> None:
        """Start it, anew when it was killed."""
        command = [sys.executable, "-m", "deployments.engine.parts", self.name]
        self.process = subprocess.Popen(command, cwd=CHECKOUT, env=self.environment, stderr=subprocess.DEVNULL)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it, and wait for that."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(READY_SECONDS)

    def sample(self, at: float) -> None:
        """Note its resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) if self.process else 0
        self.mebibytes.append((at, pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)))


def measure(minutes: float = 1.0) -> dict[str, object]:
    """Rates, waiting times, memory, and what became of it."""
    with TemporaryDirectory(prefix="wb-") as scratch:
        site, home = Path(scratch, "site"), Path(scratch, "home")
        shutil.copytree(CHECKOUT / "deployments" / "sites" / "night", site)
        settings = Settings(home=home, site=site)
        (home / "secrets").mkdir(parents=True)
        for source in ("prometheus", "nagios", "scripts"):
            secret = home / "secrets" / f"{source}-token"
            secret.touch(mode=0o600)
            secret.write_text(TOKEN + source)
        apply_site(settings, "bench", clock.now())
        environment = {
            **os.environ,
            "WATCHBILL_HOME": str(home),
            "WATCHBILL_SITE": str(site),
            "WATCHBILL_DESK_PORT": "0",
        }
        desk, events = Part("desk", environment), Part("events", environment)
        for part in (desk, events):
            part.start()
        try:
            return _play(settings, desk, events, minutes)
        finally:
            for part in (desk, events):
                part.kill(signal.SIGTERM)


def _play(settings: Settings, desk: Part, events: Part, minutes: float) -> dict[str, object]:
    database = Database(settings.url())
    sender, caller = Sender(settings.home, "prometheus"), Sender(settings.home, "scripts")
    sender.until_ready()
    over = threading.Event()
    singles: list[float] = []
    lists: list[float] = []
    users = [
        threading.Thread(target=_use, args=(over, lambda: caller.post("/events", _single()), singles)),
        threading.Thread(target=_use, args=(over, lambda: list_incidents(database, Choice(), clock.now()), lists)),
    ]
    for user in users:
        user.start()
    kills = [(1 / 3, desk), (2 / 3, events)]
    began, seconds, sent = time.monotonic(), minutes * 60, 0
    while (elapsed := time.monotonic() - began) < seconds:
        if kills and elapsed > kills[0][0] * seconds:
            part = kills.pop(0)[1]
            part.kill()
            part.start()
        if sent * 60 < elapsed * RATE:
            sender.post("/events/alertmanager", _batch(sent))
            sent += BATCH
        else:
            time.sleep(0.005)
        if sent % (BATCH * 50) == 0:
            for part in (desk, events):
                part.sample(elapsed / seconds)
    took = time.monotonic() - began
    over.set()
    for user in users:
        user.join()
    settled = _settle(database)
    with database.read() as session:
        acknowledged = session.scalar(select(func.count(Alert.id)).where(Alert.name == "PickerLost")) or 0
        waiting = session.scalar(select(func.count()).where(InboxRow.processed_at.is_(None))) or 0
        quarantined = session.scalar(select(func.count()).where(InboxRow.quarantined_at.is_not(None))) or 0
        incidents = session.scalar(
            select(func.count(func.distinct(Alert.incident_id))).where(Alert.name == "PickerLost")
        )
        every = session.scalar(select(func.count()).select_from(Incident))
    return {
        "what": f"{RATE:,} new alerts a minute for {minutes:g} minutes, {BATCH} a request; SQLite, parts killed",
        "sent": sent,
        "alerts a minute": round(sent * 60 / took),
        "requests sent again after a kill": sender.again,
        "alerts there": acknowledged,
        "lost": sent - acknowledged,
        "left in the inbox": waiting,
        "quarantined": quarantined,
        "incidents of the storm": incidents,
        "incidents in all": every,
        "seconds until all was worked off": round(settled, 1),
        "single events, seconds": _percentiles(singles),
        "list of incidents, seconds": _percentiles(lists),
        "MiB": {part.name: _growth(part) for part in (desk, events)},
        "goal": {
            "p95 of users, seconds": GOAL_SECONDS,
            "most growth of memory": MOST_GROWTH,
            "lost": 0,
            "incidents": 1,
        },
    }


class Sender:
    """One connection to the desk; what is not acknowledged is sent again, as the real ones do."""

    def __init__(self, home: Path, source: str) -> None:
        self.again = 0
        self._home = home
        self._token = TOKEN + source
        self._connection: http.client.HTTPConnection | None = None

    def until_ready(self) -> None:
        """Wait until the desk answers. Raises TimeoutError."""
        limit = time.monotonic() + READY_SECONDS
        while time.monotonic() < limit:
            try:
                self._ask("GET", "/health", None)
            except (OSError, http.client.HTTPException):
                self._connection = None
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"the desk did not answer within {READY_SECONDS:.0f} s")

    def post(self, path: str, body: bytes) -> None:
        """Send until it is acknowledged."""
        while True:
            try:
                status = self._ask("POST", path, body)
                if status < 300:
                    return
                if status < 500 and status != 429:
                    raise RuntimeError(f"the desk refuses {path} with {status}")
            except (OSError, http.client.HTTPException):
                self._connection = None
            self.again += 1
            time.sleep(0.1)

    def _ask(self, method: str, path: str, body: bytes | None) -> int:
        if self._connection is None:
            address = address_note(self._home)
            host = urlsplit(address.read_text(encoding="utf-8").strip()).netloc
            self._connection = http.client.HTTPConnection(host, timeout=30)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        response.read()
        return response.status


def _batch(first: int) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    labels = {"alertname": "PickerLost", "severity": "critical", "service": "warehouse"}
    alerts = [
        {
            "status": "firing",
            "labels": {**labels, "instance": f"picker-{number}"},
            "annotations": {"summary": "the picker does not reach the stock service"},
            "startsAt": now,
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": f"{number:016x}",
        }
        for number in range(first, first + BATCH)
    ]
    shared = {
        "receiver": "watchbill",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
    }
    return json.dumps(
        {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "alerts": alerts, **shared}
    ).encode()


def _single() -> bytes:
    return json.dumps(
        {"name": "Note", "status": "informational", "severity": "info", "labels": {"host": "web1"}}
    ).encode()


def _use(over: threading.Event, act: Callable[[], object], seconds: list[float]) -> None:
    while not over.wait(0.05):
        before = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - before)


def _settle(database: Database) -> float:
    began = time.monotonic()
    while time.monotonic() - began < SETTLING_SECONDS:
        is_carried = is_all_carried(database)
        with database.read() as session:
            if is_carried and not session.scalar(
                select(func.count()).where(InboxRow.processed_at.is_(None), InboxRow.quarantined_at.is_(None))
            ):
                break
        time.sleep(0.2)
    return time.monotonic() - began


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "turns": len(ordered),
        "p50": round(statistics.median(ordered), 4),
        "p95": round(ordered[int(len(ordered) * 0.95)], 4),
        "longest": round(ordered[-1], 4),
    }


def _growth(part: Part) -> dict[str, float]:
    second = [size for at, size in part.mebibytes if 1 / 3 < at <= 2 / 3]
    third = [size for at, size in part.mebibytes if at > 2 / 3]
    return {
        "second third, most": round(max(second, default=0), 1),
        "last third, most": round(max(third, default=0), 1),
    }


def main() -> None:
    """Measure as long as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=1.0)
    json.dump(measure(parser.parse_args().minutes), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
