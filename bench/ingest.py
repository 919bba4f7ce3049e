"""Events over HTTP: our desk, which commits before it says yes, and Debian's prometheus-alertmanager, in memory.

One client process; batches over one keep-alive connection, single events over 32. About 372 bytes an alert, 20,000
distinct ones that repeat. The contestants alternate, round by round, and the median of the rounds counts. After each
load the desk's inbox is counted: every event that was acknowledged must be in it.
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

from sqlalchemy import func, select

from bench.http_load import Load, load, request
from deployments.engine.prefect_server import free_port
from desk.services.desk_address import address_note
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
READY_SECONDS = 30.0
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
    kept: Callable[[], int] | None = None
    """How many events it keeps; None: it keeps none."""


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
        f"batch {size}": {name: round(_median(loads, _per_second) * size) for name, loads in by_name.items()}
        for size, by_name in batches.items()
    }
    return {
        "what": f"alerts of about {len(_alert(1))} bytes, {DISTINCT:,} distinct; ours committed before the answer",
        "alerts a second, one connection": alerts,
        f"single events, {CLIENTS} connections": {name: _of_singles(loads) for name, loads in singles.items()},
        "ratios": {
            f"{name} against {PEER}, {batch}": round(alerts[batch][name] / alerts[batch][PEER], 2)
            for name in OURS
            for batch in alerts
        },
        "goals": {**GOALS, f"single events, {OURS[0]}": SINGLE_GOALS},
    }


def _of_singles(loads: Sequence[Load]) -> dict[str, float]:
    return {
        "events a second": round(_median(loads, _per_second)),
        "p50 milliseconds": round(_median(loads, lambda one: one.percentile(0.5)), 1),
        "p99 milliseconds": round(_median(loads, lambda one: one.percentile(0.99)), 1),
    }


def _per_second(one: Load) -> float:
    return one.per_second


def _median(loads: Sequence[Load], figure: Callable[[Load], float]) -> float:
    return statistics.median(figure(one) for one in loads)


def _in_turns(
    contestants: Sequence[Contestant], size: int, clients: int, rounds: int, seconds: float
) -> Mapping[str, Sequence[Load]]:
    """Each contestant's loads."""
    found: dict[str, list[Load]] = {one.name: [] for one in contestants}
    requests = {
        one.name: [one.make(range(begin, begin + size)) for begin in range(0, DISTINCT, size)] for one in contestants
    }
    for _ in range(rounds):
        for one in contestants:
            before = one.kept() if one.kept else 0
            done = load(one.port, requests[one.name], clients=clients, seconds=seconds)
            if one.kept and one.kept() - before != len(done.latencies) * size:
                raise SystemExit(f"{one.name}: {len(done.latencies) * size} acknowledged, {one.kept() - before} kept")
            if done.refused:
                raise SystemExit(f"{one.name}: {done.refused} of {done.requests} requests were refused")
            found[one.name].append(done)
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

    def kept() -> int:
        with database.read() as session:
            return session.scalar(select(func.coalesce(func.sum(InboxRow.count), 0))) or 0

    def make(numbers: Sequence[int]) -> bytes:
        body = _array(map(_alert, numbers)) if len(numbers) > 1 else _alert(numbers[0])
        return request("/events", body, f"Authorization: Bearer {TOKEN}")

    command = [sys.executable, "-m", "deployments.engine.parts", "desk"]
    with _running(command, folder, f"http://127.0.0.1:{port}/health", environment):
        assert address_note(folder).read_text().endswith(f":{port}\n")
        yield Contestant(name, port, make, kept)
    database.close()


@contextmanager
def _running(
    command: Sequence[str], folder: Path, healthy: str, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    with (folder / "said.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=CHECKOUT)
    try:
        end = time.monotonic() + READY_SECONDS
        while not _answers(healthy):
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
