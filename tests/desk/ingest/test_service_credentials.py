"""Who is let in: tokens, signatures and their window, what a source may send, and sources that cannot be taken up."""

import base64
import gzip
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest

from desk.ingest.credentials import Credentials
from models import clock
from models.database import Database
from models.errors import DatabaseError
from models.rules.event_sources import EventSource
from tests.desk.ingest.serving import SOURCES, Served, resolve, serving, signed

BODY = json.dumps({"name": "load-done"}).encode()


@pytest.fixture
def served(sqlite: Database) -> Iterator[Served]:
    with serving(sqlite) as service:
        yield service


def basic(password: str) -> str:
    return f"Basic {base64.b64encode(f'anyone:{password}'.encode()).decode()}"


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        pytest.param("Bearer probe-token", 202, id="a token"),
        pytest.param("bearer  probe-token ", 202, id="small letters and blanks"),
        pytest.param(basic("probe-token"), 202, id="as a password"),
        pytest.param(basic("wrong"), 401, id="a wrong password"),
        pytest.param("Basic %%%", 401, id="no base64"),
        pytest.param("Bearer wrong", 401, id="a wrong token"),
        pytest.param("Bearer probe-toke", 401, id="the beginning of a token"),
        pytest.param("Bearer ", 401, id="an empty token"),
        pytest.param("Bearer  ", 401, id="blanks"),
        pytest.param("Bearer nagios-token", 403, id="a source that may not send this"),
        pytest.param("Digest probe-token", 401, id="another scheme"),
        pytest.param("", 401, id="nothing"),
    ],
)
def test_a_token_lets_its_source_in(served: Served, authorization: str, status: int) -> None:
    answer = served.client.post("/events", content=BODY, headers={"Authorization": authorization})
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert [row.source for row in served.rows()] == (["probe"] if status == 202 else [])


def test_a_foreign_sender_is_refused_before_its_body_is_read(served: Served) -> None:
    answer = served.client.post("/events", content=b"x" * 2_000_000, headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


def now() -> int:
    return int(clock.now().timestamp())


@pytest.mark.parametrize(
    ("late", "secret", "body", "status"),
    [
        pytest.param(0, "signing-key", BODY, 202, id="signed now"),
        pytest.param(290, "signing-key", BODY, 202, id="within the window"),
        pytest.param(-290, "signing-key", BODY, 202, id="within the window, ahead"),
        pytest.param(310, "signing-key", BODY, 401, id="after the window"),
        pytest.param(-310, "signing-key", BODY, 401, id="ahead of the window"),
        pytest.param(0, "another-key", BODY, 401, id="another secret"),
        pytest.param(0, "signing-key", BODY + b" ", 401, id="another body"),
    ],
)
def test_a_signature_lets_its_source_in(served: Served, late: int, secret: str, body: bytes, status: int) -> None:
    answer = served.client.post("/events", content=body, headers=signed(BODY, now() - late, secret))
    assert answer.status_code == status, answer.text
    assert [row.source for row in served.rows()] == (["signer"] if status == 202 else [])


@pytest.mark.parametrize("time", ["", "soon", "1e9", "9" * 40, "-5"])
def test_a_signed_time_that_is_none_is_refused(served: Served, time: str) -> None:
    headers = signed(BODY, 0) | {"X-Watchbill-Timestamp": time}
    assert served.client.post("/events", content=BODY, headers=headers).status_code == 401


def test_what_is_sent_again_with_its_signature_counts_once(served: Served) -> None:
    headers = signed(BODY, now())
    answers = [served.client.post("/events", content=BODY, headers=headers).json() for _ in range(3)]
    assert answers == [{"accepted": 1}] * 3
    assert len(served.rows()) == 1


def test_a_packed_body_is_signed_as_it_is_sent(served: Served) -> None:
    packed = gzip.compress(BODY)
    headers = signed(packed, now()) | {"Content-Encoding": "gzip"}
    assert served.client.post("/events", content=packed, headers=headers).status_code == 202


def test_sources_that_cannot_prove_themselves_are_named(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    found = Credentials(SOURCES, resolve)
    assert len(found) == 3
    assert set(found.problems) == {"gone", "empty", "twin"}
    assert "token of probe" in found.problems["twin"]


def test_changed_sources_are_taken_up_without_a_restart(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.ingest.app.RELOAD_SECONDS", 0.01)
    sources = list(SOURCES[:1])
    with serving(sqlite, sources=sources) as service:
        headers = {"Authorization": "Bearer nagios-token"}
        assert service.client.post("/events/nagios", content=b"{}", headers=headers).status_code == 401
        sources.append(SOURCES[1])
        while service.client.post("/events/nagios", content=b"{}", headers=headers).status_code == 401:
            pass
        sources.clear()
        while service.send("/events", {"name": "a"}).status_code != 401:
            pass


def test_sources_that_cannot_be_read_now_stay_what_they_were(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[datetime] = []

    def read() -> list[EventSource]:
        asked.append(clock.now())
        if len(asked) > 1:
            raise DatabaseError("it is away")
        return list(SOURCES)

    monkeypatch.setattr("desk.ingest.app.RELOAD_SECONDS", 0.01)
    with caplog.at_level(logging.WARNING), serving(sqlite, sources=read) as service:
        while len(asked) < 4:
            pass
        assert service.send("/events", {"name": "a"}).status_code == 202
    assert caplog.text.count("it is away") == 1


def test_the_service_knows_nothing_of_prefect() -> None:
    code = "import sys, desk.ingest.service; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
