"""The ingest service on both databases: every format at its address, yes only when it is kept, once by key."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from desk.ingest.intake import Intake
from desk.ingest.limits import Bounds
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
    assert answer.json() == {"accepted": len(quick.events()), "request": 1}
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
    assert served.send("/events", {"name": "load-done"}).json() == {"accepted": 1, "request": 1}
    assert served.send("/events", [{"name": "a"}, {"name": "b"}]).json() == {"accepted": 2, "request": 2}
    assert [event.name for event in served.events()] == ["load-done", "a", "b"]
    assert {event.source for event in served.events()} == {"probe"}


def test_a_named_event_that_was_sent_can_release_a_slot(quick: Served) -> None:
    quick.send("/events", {"name": "load-done", "key": "k1"})
    named = named_event(quick.events()[0])
    assert named is not None
    assert (named.name, named.key, named.source) == ("load-done", "k1", "probe")


def test_a_batch_may_be_empty(quick: Served) -> None:
    answer = quick.send("/events/cloudevents", [], headers={"Content-Type": "application/cloudevents-batch+json"})
    assert (answer.status_code, answer.json(), quick.rows()) == (202, {"accepted": 0, "request": None}, [])


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
    quick.send("/events", {"name": "a"})
    assert quick.client.get("/health").json() == {"status": "ok", "sources": 3}


def test_the_same_under_the_same_key_is_answered_the_same_and_kept_once(served: Served) -> None:
    key = {"Idempotency-Key": "order-17"}

    def send(_: int) -> tuple[int, dict[str, Any]]:
        answer = served.send("/events", {"name": "load-done"}, headers=key)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(10) as senders:
        answers = list(senders.map(send, range(50)))
    assert answers == [(202, {"accepted": 1, "request": 1})] * 50
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


def test_when_too_many_wait_they_are_asked_to_come_again(sqlite: Database) -> None:
    with serving(sqlite, Bounds(requests=0)) as service:
        answer = service.send("/events", {"name": "a"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json()["title"] == "Too Many Requests"


def test_a_body_for_which_there_is_no_room_is_asked_to_come_again(sqlite: Database) -> None:
    with serving(sqlite, Bounds(size_bytes=10)) as service:
        assert service.send("/events", {"name": "a-long-one"}).status_code == 429


def test_what_cannot_be_written_is_not_acknowledged(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(sqlite) as service:
        service.send("/events", {"name": "a"})
        with sqlite.outside_transactions() as cursor:
            cursor.execute("ALTER TABLE inbox RENAME TO away")
        answer = service.send("/events", {"name": "b"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert service.client.get("/health").status_code == 503
        with sqlite.outside_transactions() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO inbox")
        assert service.send("/events", {"name": "c"}).status_code == 202
        assert service.client.get("/health").status_code == 200
        assert [event.name for event in service.events()] == ["a", "c"]


def test_a_busy_database_is_answered_in_time(sqlite: Database) -> None:
    with serving(sqlite, Bounds(answer_seconds=0.2)) as service:
        service.send("/events", {"name": "a"})
        with sqlite.write():
            answer = service.send("/events", {"name": "b"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert service.send("/events", {"name": "c"}).status_code == 202


def test_a_writer_that_meets_the_unexpected_goes_on(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(sqlite) as service:
        service.send("/events", {"name": "a"})
        with monkeypatch.context() as patch:
            patch.setattr(Intake, "_write", lambda *_: 1 / 0)
            assert service.send("/events", {"name": "b"}).status_code == 503
        assert service.send("/events", {"name": "c"}).status_code == 202


def test_many_at_once_share_a_commit(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = 0
    write = Intake._write

    def counted(self: Intake, *given: Any) -> Any:
        nonlocal commits
        commits += 1
        return write(self, *given)

    with serving(sqlite) as service, ThreadPoolExecutor(20) as senders:
        monkeypatch.setattr(Intake, "_write", counted)
        with sqlite.write():
            waiting = [senders.submit(service.send, "/events", {"name": f"e{n}"}) for n in range(20)]
            while service.client.get("/health") and not all(one.running() for one in waiting):
                pass
        assert {one.result().status_code for one in waiting} == {202}
        assert len(service.rows()) == 20
        assert commits < 20


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
