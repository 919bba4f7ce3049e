"""The doctor on events: a desk that is not there, is not well, or is; and what waits in quarantine."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desk.services.checkups import events
from desk.services.checkups.finding import Finding, State
from models import clock
from models.database import Database
from models.queries import inbox
from models.queries.inbox import Delivery
from models.records import InboxRow
from models.settings import Settings
from models.vocabulary import EventFormat

Look = Callable[[], dict[str, Finding]]


@pytest.fixture
def look(harbour: Database, surroundings: dict[str, str]) -> Look:
    return lambda: {finding.what: finding for finding in events.look(Settings())}


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that answers so; gives its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "state", "words"),
    [
        pytest.param(200, b'{"status": "ok", "sources": 2}', State.OK, "2 sources of events", id="well"),
        pytest.param(503, b'{"status": "failing"}', State.FAIL, "answers 503", id="it cannot write"),
        pytest.param(200, b"<html>", State.FAIL, "does not answer", id="something else"),
    ],
)
def test_the_desk_is_asked(
    look: Look, surroundings: dict[str, str], status: int, body: bytes, state: State, words: str
) -> None:
    home = Path(surroundings["WATCHBILL_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    with answering(status, body) as address:
        (home / "desk-address").write_text(f"{address}\n")
        found = look()["ingest"]
    assert (found.state, words in found.text) == (state, True)
    assert look()["ingest"].state is State.FAIL, "it has gone"


def test_a_home_without_a_desk_is_a_warning(look: Look) -> None:
    assert look()["ingest"].state is State.WARN


def test_what_is_in_quarantine_is_a_warning(look: Look, harbour: Database) -> None:
    assert look()["quarantine"].state is State.OK
    with harbour.write() as session:
        number = inbox.put(session, [Delivery("nagios-1", EventFormat.NAGIOS, 1, b"[]", clock.now())])[0]
        for _ in range(inbox.MOST_TRIES):
            inbox.fail(session, session.get_one(InboxRow, number), "boom", clock.now())
    found = look()["quarantine"]
    assert (found.state, found.text) == (State.WARN, "1 request with events could not be worked off")
