"""Events over HTTP: our desk, which commits before it says yes, and Debian's prometheus-alertmanager, in memory.

One client process; batches over one keep-alive connection, single events over 32. About 372 bytes an alert, 20,000
distinct ones that repeat. The part `events` works off meanwhile what the desk took: rules, alerts, groups, incidents.
The contestants alternate, round by round, and the median of the rounds counts. After each load the next
contestant waits until every event that was acknowledged is in the inbox, and worked off.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, func, select

from bench.http_load import Load, load, request
from deployments.engine.prefect_server import free_port
from models import clock, migrations
from models.database import Database
from models.queries import register
from models.records import InboxRow
from models.settings import CHECKOUT
from models.site.loading import load_site
from tests.postgres import postgresql_server
from tests.servers import need

DISTINCT = 20_000
BATCHES = (100, 1_000)
CLIENTS = 32
SECONDS = 3.0
READY_SECONDS, WORKED_OFF_SECONDS = 30.0, 120.0
TOKEN = "bench-token-0123456789"
OURS = ("desk on SQLite", "desk on PostgreSQL")
PEER = "alertmanager"
GOALS = {
    OURS[0]: {"batch 100": 1.0, "batch 1000": 1.0},
    OURS[1]: {"batch 100": 0.6, "batch 1000": 0.6},
}
SINGLE_GOALS = {"events a second": 2_500, "p99 milliseconds": 100}


@dataclass(frozen=True)
class Contestant:
    """Something that takes alerts."""

    name: str
    port: int
    make: Callable[[Sequence[int]], bytes]
    """A request with the alerts of these numbers."""
    database: Database | None = None
    """Where it keeps what it took; None: nowhere."""

    def kept(self) -> int:
        """How many events it keeps."""
        return self._count()

    def until_worked_off(self, kept: int) -> None:
        """Wait until it keeps so many events, and nothing of them waits."""
        end = time.monotonic() + WORKED_OFF_SECONDS
        while self.database and (self.kept() < kept or self._count(InboxRow.processed_at.is_(None))):
            if time.monotonic() > end:
                waiting = self._count(InboxRow.processed_at.is_(None))
                raise SystemExit(f"{self.name}: {kept} acknowledged, {self.kept()} kept, {waiting} not worked off")
            time.sleep(0.02)

    def _count(self, *which: ColumnElement[bool]) -> int:
        if self.database is None:
            return 0
        with self.database.read() as session:
            return session.scalar(select(func.coalesce(func.sum(InboxRow.count), 0)).where(*which)) or 0


@dataclass(frozen=True)
class Round:
    """One load on one contestant."""

    load: Load
    worked_off_per_second: float
    """Events, from the first request until all were worked off."""


def measure(rounds: int = 3, seconds: float = SECONDS) -> dict[str, object]:
    """Alerts a second of each, and ours against the peer's."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as running:
        folder = Path(scratch)
        contestants = [
            running.enter_context(alertmanager(folder / "alertmanager")),
            running.enter_context(desk(OURS[0], folder / "sqlite", f"sqlite:///{folder / 'watchbill.db'}")),
            running.enter_context(desk(OURS[1], folder / "postgresql", running.enter_context(postgresql_server()))),
        ]
        batches = {size: _in_turns(contestants, size, 1, rounds, seconds) for size in BATCHES}
        singles = _in_turns(contestants, 1, CLIENTS, rounds, seconds)
    alerts = {
        f"batch {size}": {name: round(_median(rounds, _per_second) * size) for name, rounds in by_name.items()}
        for size, by_name in batches.items()
    }
    return {
        "what": f"alerts of about {len(_alert(1))} bytes, {DISTINCT:,} distinct; ours committed before the answer",
        "alerts a second, one connection": alerts,
        f"single events, {CLIENTS} connections": {name: _of_singles(rounds) for name, rounds in singles.items()},
        "worked off a second": {
            name: {
                **{f"batch {size}": round(_median(by_name[name], _worked_off)) for size, by_name in batches.items()},
                "single events": round(_median(singles[name], _worked_off)),
            }
            for name in OURS
        },
        "ratios": {
            f"{name} against {PEER}, {batch}": round(alerts[batch][name] / alerts[batch][PEER], 2)
            for name in OURS
            for batch in alerts
        },
        "goals": {**GOALS, f"single events, {OURS[0]}": SINGLE_GOALS},
    }


def _of_singles(rounds: Sequence[Round]) -> dict[str, float]:
    return {
        "events a second": round(_median(rounds, _per_second)),
        "p50 milliseconds": round(_median(rounds, lambda one: one.load.percentile(0.5)), 1),
        "p99 milliseconds": round(_median(rounds, lambda one: one.load.percentile(0.99)), 1),
    }


def _per_second(one: Round) -> float:
    return one.load.per_second


def _worked_off(one: Round) -> float:
    return one.worked_off_per_second


def _median(rounds: Sequence[Round], figure: Callable[[Round], float]) -> float:
    return statistics.median(figure(one) for one in rounds)


def _in_turns(
    contestants: Sequence[Contestant], size: int, clients: int, rounds: int, seconds: float
) -> Mapping[str, Sequence[Round]]:
    """Each contestant's rounds."""
    found: dict[str, list[Round]] = {one.name: [] for one in contestants}
    requests = {
        one.name: [one.make(range(begin, begin + size)) for begin in range(0, DISTINCT, size)] for one in contestants
    }
    for _ in range(rounds):
        for one in contestants:
            before, started = one.kept(), time.perf_counter()
            done = load(one.port, requests[one.name], clients=clients, seconds=seconds)
            sent = len(done.latencies) * size
            if done.refused:
                raise SystemExit(f"{one.name}: {done.refused} of {done.requests} requests were refused")
            one.until_worked_off(before + sent)
            found[one.name].append(Round(done, sent / (time.perf_counter() - started)))
    return found


@contextmanager
def alertmanager(folder: Path) -> Iterator[Contestant]:
    """Debian's, with a configuration that sends nothing."""
    folder.mkdir()
    config, port = folder / "alertmanager.yml", free_port()
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    command = [
        str(need("prometheus-alertmanager")),
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _running(command, folder, f"http://127.0.0.1:{port}/-/ready"):
        yield Contestant(PEER, port, lambda numbers: request("/api/v2/alerts", _array(map(_peers_alert, numbers))))


@contextmanager
def desk(name: str, folder: Path, url: str) -> Iterator[Contestant]:
    """Ours, as `watchbill desk` starts it."""
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets" / "bench").touch(mode=0o600)
    (folder / "secrets" / "bench").write_text(TOKEN)
    site = folder / "site"
    site.mkdir()
    (site / "site.yaml").write_text("name: bench\ntitle: Bench\ntimezone: UTC\n")
    (site / "events.yaml").write_text("sources:\n  bench: {token: 'secret://bench'}\n")
    database = Database(url)
    migrations.upgrade(database)
    with database.write() as session:
        register.apply(session, load_site(site).entries(), "bench", clock.now())
    port = free_port()
    environment = {
        **os.environ,
        "WATCHBILL_HOME": str(folder),
        "WATCHBILL_SITE": str(site),
        "WATCHBILL_DATABASE_URL": url,
        "WATCHBILL_DESK_PORT": str(port),
    }

    def make(numbers: Sequence[int]) -> bytes:
        body = _array(map(_alert, numbers)) if len(numbers) > 1 else _alert(numbers[0])
        return request("/events", body, f"Authorization: Bearer {TOKEN}")

    part = [sys.executable, "-m", "deployments.engine.parts"]
    healthy = f"http://127.0.0.1:{port}/health"
    with _running([*part, "desk"], folder, healthy, environment), _running([*part, "events"], folder, "", environment):
        yield Contestant(name, port, make, database)
    database.close()


@contextmanager
def _running(
    command: Sequence[str], folder: Path, healthy: str, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    with (folder / "said.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=CHECKOUT)
    try:
        end = time.monotonic() + READY_SECONDS
        while healthy and not _answers(healthy):
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit(f"{command[0]} is not there:\n{(folder / 'said.log').read_text()[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def _array(values: Iterator[bytes]) -> bytes:
    return b"[" + b",".join(values) + b"]"


def _alert(number: int) -> bytes:
    """In our own form."""
    host = f"db{number:05}"
    event = {
        "name": "DiskFull",
        "severity": "critical",
        "text": f"/var on {host} has 3 % left; it grew by 4 GB in the last hour",
        "labels": {
            "host": host,
            "instance": f"10.0.{number // 250}.{number % 250}:9100",
            "job": "node",
            "mountpoint": "/var",
            "service": "billing",
            "team": "unix",
        },
        "links": [{"text": "source", "url": f"http://prometheus.example.org/graph?g0.expr={host}"}],
        "started_at": "2026-11-21T20:43:35Z",
    }
    return json.dumps(event).encode()


def _peers_alert(number: int) -> bytes:
    """The same in Alertmanager's."""
    ours = json.loads(_alert(number))
    alert = {
        "labels": {"alertname": ours["name"], "severity": ours["severity"], **ours["labels"]},
        "annotations": {"summary": ours["text"]},
        "generatorURL": ours["links"][0]["url"],
        "startsAt": ours["started_at"],
    }
    return json.dumps(alert).encode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    print(json.dumps(measure(given.rounds, given.seconds), indent=2))
