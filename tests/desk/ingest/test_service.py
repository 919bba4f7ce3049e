"""The ingest service on both databases: every format at its address, yes only when it is kept, once by key."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import text

from desk.ingest.limits import Bounds
from desk.ingest.spool import spool_file
from desk.ingest.stores import SpoolStore
from models.database import Database
from models.rules.named_events import named_event
from models.vocabulary import EventFormat, EventStatus
from tests.desk.ingest.sampling import Sample, samples
from tests.desk.ingest.serving import PROBE, Served, serving

PLACES = {
    "alertmanager": "/events/alertmanager",
    "cloudevents": "/events/cloudevents",
    "icinga2": "/events/icinga2",
    "monit": "/events/monit",
    "nagios": "/events/nagios",
}
CAPTURED = [sample for sample in samples() if sample.form in PLACES]


@pytest.fixture
def served(database: Database) -> Iterator[Served]:
    with serving(database) as service:
        yield service


@pytest.fixture
def quick(sqlite: Database) -> Iterator[Served]:
    """The same on SQLite only, for what has nothing to do with the database."""
    with serving(sqlite) as service:
        yield service


@pytest.mark.parametrize("sample", CAPTURED, ids=lambda sample: f"{sample.form}-{sample.name}")
def test_what_real_senders_send_is_taken_unmodified(quick: Served, sample: Sample) -> None:
    answer = quick.send(PLACES[sample.form], sample.body, headers={**sample.headers, **PROBE})
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"accepted": len(quick.events())}
    assert {row.format for row in quick.rows()} == {EventFormat(sample.form)}


@pytest.mark.parametrize("path", ["/v2/enqueue", "/events/pagerduty/v2/enqueue"])
@pytest.mark.parametrize("sample", [one for one in samples() if one.form == "pagerduty"], ids=lambda one: one.name)
def test_pagerduty_clients_hear_what_they_expect(quick: Served, path: str, sample: Sample) -> None:
    document = {**sample.document, "routing_key": "probe-token"}
    answer = quick.client.post(path, json=document)
    assert (answer.status_code, answer.json()["status"]) == (202, "success")
    assert answer.json()["dedup_key"] == quick.events()[0].key
    assert quick.rows()[0].source == "probe"


def test_a_pagerduty_client_with_a_foreign_key_is_not_let_in(quick: Served) -> None:
    document = {"routing_key": "0" * 32, "event_action": "resolve", "dedup_key": "k"}
    answer = quick.client.post("/v2/enqueue", json=document)
    assert (answer.status_code, answer.json()["status"]) == (401, "invalid event")
    assert quick.rows() == []


def test_one_event_and_an_array_are_kept_before_the_answer(served: Served) -> None:
    assert served.send("/events", {"name": "load-done"}).json() == {"accepted": 1}
    assert served.send("/events", [{"name": "a"}, {"name": "b"}]).json() == {"accepted": 2}
    assert [event.name for event in served.events()] == ["load-done", "a", "b"]
    assert {event.source for event in served.events()} == {"probe"}


def test_a_named_event_that_was_sent_can_release_a_slot(quick: Served) -> None:
    quick.send("/events", {"name": "load-done", "key": "k1"})
    named = named_event(quick.events()[0])
    assert named is not None
    assert (named.name, named.key, named.source) == ("load-done", "k1", "probe")


def test_a_batch_may_be_empty(quick: Served) -> None:
    answer = quick.send("/events/cloudevents", [], headers={"Content-Type": "application/cloudevents-batch+json"})
    assert (answer.status_code, answer.json(), quick.rows()) == (202, {"accepted": 0}, [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("nightly-dump", EventStatus.RESOLVED, id="success"),
        pytest.param("nightly-dump/start", EventStatus.INFORMATIONAL, id="start"),
        pytest.param("nightly-dump/fail", EventStatus.FIRING, id="fail"),
        pytest.param("nightly-dump/3", EventStatus.FIRING, id="exit code"),
        pytest.param("nightly-dump/0", EventStatus.RESOLVED, id="exit code 0"),
    ],
)
def test_a_plain_url_is_a_sign_of_life(quick: Served, method: str, path: str, status: EventStatus) -> None:
    answer = quick.client.request(method, f"/ping/probe-token/{path}")
    assert (answer.status_code, answer.text) == (200, "" if method == "HEAD" else "OK\n")
    assert [(event.name, event.status) for event in quick.events()] == [("nightly-dump", status)]


def test_the_last_words_of_a_job_are_kept(quick: Served) -> None:
    quick.client.post("/ping/probe-token/nightly-dump/fail", content="disk full")
    assert quick.events()[0].text == "disk full"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/ping/wrong/nightly-dump", 401, id="nobody's token"),
        pytest.param("/ping/nagios-token/nightly-dump", 403, id="not this format"),
        pytest.param("/ping/probe-token/" + quote("a b"), 422, id="no name"),
        pytest.param("/ping/probe-token", 422, id="no name at all"),
        pytest.param("/ping/probe-token/x/400", 422, id="no exit code"),
    ],
)
def test_a_wrong_ping_is_refused(quick: Served, path: str, status: int) -> None:
    answer = quick.client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert quick.rows() == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/events"), ("PUT", "/ping/probe-token/x"), ("GET", "/nowhere")])
def test_other_ways_and_addresses_are_named_as_such(quick: Served, method: str, path: str) -> None:
    answer = quick.client.request(method, path)
    assert answer.status_code == (404 if path == "/nowhere" else 405)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def test_health_says_whether_what_comes_is_kept(quick: Served) -> None:
    while quick.client.get("/health").status_code == 503:
        pass  # its first sign of life is on its way
    assert quick.client.get("/health").json() == {"status": "ok", "sources": 3}


def test_the_same_under_the_same_key_is_answered_the_same_and_kept_once(served: Served) -> None:
    key = {"Idempotency-Key": "order-17"}

    def send(_: int) -> tuple[int, dict[str, Any]]:
        answer = served.send("/events", {"name": "load-done"}, headers=key)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(10) as senders:
        answers = list(senders.map(send, range(50)))
    assert answers == [(202, {"accepted": 1})] * 50
    assert len(served.rows()) == 1


def test_another_body_under_the_same_key_is_a_conflict(served: Served) -> None:
    key = {"Idempotency-Key": "order-17"}
    served.send("/events", {"name": "load-done"}, headers=key)
    answer = served.send("/events", {"name": "load-failed"}, headers=key)
    assert (answer.status_code, answer.json()["pointer"]) == (409, "header Idempotency-Key")
    assert len(served.rows()) == 1


def test_a_dedup_key_names_a_condition_and_may_come_with_many_bodies(quick: Served) -> None:
    for action in ("trigger", "acknowledge", "resolve"):
        payload = {"summary": "disk full", "source": "db1", "severity": "error"}
        document = {"routing_key": "probe-token", "event_action": action, "dedup_key": "db1", "payload": payload}
        assert quick.client.post("/v2/enqueue", json=document).json()["dedup_key"] == "db1"
    assert len(quick.rows()) == 3


def test_refused_bodies_are_counted_by_source_and_not_kept(served: Served) -> None:
    served.send("/events", b'{"name": NaN}')
    served.client.post("/events", content=b"{}")
    assert served.count("probe").refused == 1
    nobody = served.count("")
    assert (nobody.refused, nobody.requests) == (1, 0)
    assert "Authorization" in (nobody.last_refusal or "")


def test_what_was_taken_is_counted_by_source(served: Served) -> None:
    served.send("/events", [{"name": "a"}, {"name": "b"}])
    served.send("/events", {"name": "c"}, headers={"Idempotency-Key": "c"})
    served.send("/events", b"{}")
    found = served.count("probe")
    assert (found.requests, found.events, found.last_received_at) == (2, 3, served.rows()[-1].received_at)


def test_when_too_many_wait_they_are_asked_to_come_again(sqlite: Database) -> None:
    with serving(sqlite, Bounds(requests=0)) as service:
        answer = service.send("/events", {"name": "a"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json()["title"] == "Too Many Requests"


def test_a_body_for_which_there_is_no_room_is_asked_to_come_again(sqlite: Database) -> None:
    with serving(sqlite, Bounds(size_bytes=10)) as service:
        assert service.send("/events", {"name": "a-long-one"}).status_code == 429


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Where requests are committed before they are acknowledged, gone as long as the block lasts."""
    if database.is_sqlite:
        with closing(sqlite3.connect(spool_file(database))) as spool:
            spool.execute("ALTER TABLE spool RENAME TO away")
            yield
            spool.execute("ALTER TABLE away RENAME TO spool")
        return
    with database.raw() as connection:
        connection.execute(text("ALTER TABLE inbox RENAME TO away"))
    yield
    with database.raw() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO inbox"))


def test_what_cannot_be_written_is_not_acknowledged(served: Served) -> None:
    served.send("/events", {"name": "a"})
    assert [event.name for event in served.events()] == ["a"]
    with away(served.database):
        answer = served.send("/events", {"name": "b"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert served.client.get("/health").status_code == 503
    assert served.send("/events", {"name": "c"}).status_code == 202
    assert [event.name for event in served.events()] == ["a", "c"]
    assert served.client.get("/health").status_code == 200


def test_a_busy_store_is_answered_in_time(sqlite: Database) -> None:
    with (
        serving(sqlite, Bounds(answer_seconds=0.2)) as service,
        closing(sqlite3.connect(spool_file(sqlite), isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        answer = service.send("/events", {"name": "b"})
        other.execute("ROLLBACK")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert service.send("/events", {"name": "c"}).status_code == 202


def test_senders_do_not_wait_for_those_who_write_to_sqlite(sqlite: Database) -> None:
    with serving(sqlite) as service:
        with sqlite.write():
            assert service.send("/events", {"name": "a"}).status_code == 202
        assert [event.name for event in service.events()] == ["a"]


def test_a_writer_that_meets_the_unexpected_goes_on(quick: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(SpoolStore, "put", lambda *_: 1 / 0)
        assert quick.send("/events", {"name": "b"}).status_code == 503
        patch.setattr(SpoolStore, "carry", lambda *_, **__: 1 / 0)
        while "not expect" not in quick.client.get("/health").json().get("problem", ""):
            pass
    assert quick.send("/events", {"name": "c"}).status_code == 202
    assert [event.name for event in quick.events()] == ["c"]


def test_many_at_once_share_a_commit(quick: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    put = SpoolStore.put
    is_first = threading.Event()

    def counted(self: SpoolStore, deliveries: Any) -> Any:
        commits.append(len(deliveries))
        if len(commits) == 1:
            is_first.wait(10)
        return put(self, deliveries)

    monkeypatch.setattr(SpoolStore, "put", counted)
    with ThreadPoolExecutor(20) as senders:
        waiting = [senders.submit(quick.send, "/events", {"name": f"e{n}"}) for n in range(20)]
        while not commits or not all(one.running() for one in waiting):
            pass
        is_first.set()
        assert {one.result().status_code for one in waiting} == {202}
    assert len(quick.rows()) == sum(commits) == 20
    assert len(commits) < 20


def test_what_waits_at_the_end_is_still_written(sqlite: Database) -> None:
    with serving(sqlite) as service:
        answers = [service.send("/events", {"name": f"e{n}"}).status_code for n in range(5)]
    assert answers == [202] * 5
    assert len(service.rows()) == 5


@given(body=some.binary(max_size=200) | some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.sampled_from(["name", "labels", "alerts", "x"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_makes_an_error_of_ours(quick: Served, body: bytes) -> None:
    for path in ("/events", "/v2/enqueue", *PLACES.values()):
        answer = quick.client.post(path, content=body, headers=PROBE)
        assert answer.status_code in (202, 400, 401, 413, 415, 422)
