"""A real desk that is killed while it takes events: what it acknowledged is there. And what real clients hear of it."""

import contextlib
import http.client
import json
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from models.database import Database
from tests.drills.ingest_lab import PROOF, running_desk, until

pytestmark = pytest.mark.drill
CLIENTS, ENOUGH = 8, 400


class Client(threading.Thread):
    """Sends one event after the other until the desk is gone; remembers what was acknowledged."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__()
        self.number = number
        self.acknowledged: list[str] = []
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)

    def run(self) -> None:
        with contextlib.closing(self._connection), contextlib.suppress(OSError, http.client.HTTPException):
            self._send()

    def _send(self) -> None:
        for count in range(100_000):
            name = f"e{self.number}-{count}"
            # Every tenth sends a batch: that is read in another thread.
            events = [{"name": name, "text": "x" * 900}] * (100 if count % 10 == 9 else 1)
            self._connection.request("POST", "/events", json.dumps(events), PROOF)
            with self._connection.getresponse() as answer:
                answer.read()
            if answer.status == 202:
                self.acknowledged.append(name)


@pytest.mark.fault
def test_nothing_acknowledged_is_lost_by_kill_9(database: Database, tmp_path: Path) -> None:
    with running_desk(tmp_path, database) as desk:
        clients = [Client(desk.url, number) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        until(lambda: sum(len(client.acknowledged) for client in clients) > ENOUGH)
        desk.kill()
        for client in clients:
            client.join(20)
        desk.start()
        kept = {event.name for event in desk.events()}
    acknowledged = {name for client in clients for name in client.acknowledged}
    assert len(acknowledged) > ENOUGH
    assert acknowledged - kept == set()


def test_a_desk_that_is_asked_to_end_answers_first_and_ends_well(sqlite: Database, tmp_path: Path) -> None:
    with running_desk(tmp_path, sqlite) as desk:
        client = Client(desk.url, 0)
        client.start()
        until(lambda: len(client.acknowledged) > 20)
        desk.process.send_signal(signal.SIGTERM)
        assert desk.process.wait(20) == 0
        client.join(20)
        assert set(client.acknowledged) <= {event.name for event in desk.events()}


@pytest.mark.parametrize(("headers", "status"), [(PROOF, 413), ({}, 401)], ids=["known", "foreign"])
def test_who_sends_10_megabytes_hears_why_not(
    sqlite: Database, tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    body = b'{"name": "' + b"x" * 10_000_000 + b'"}'
    with running_desk(tmp_path, sqlite) as desk:
        answer = httpx.post(f"{desk.url}/events", content=body, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert httpx.post(f"{desk.url}/events", json={"name": "small"}, headers=PROOF).status_code == 202


def test_a_ping_is_one_line_of_shell(sqlite: Database, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    with running_desk(tmp_path, sqlite) as desk:
        done = subprocess.run(
            ["sh", "-c", f"false; {curl} -fsS -m 10 {desk.url}/ping/{PROOF['Authorization'][7:]}/nightly-dump/$?"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "OK\n"
        assert [(event.name, event.facts["exit_code"]) for event in desk.events()] == [("nightly-dump", 1)]
