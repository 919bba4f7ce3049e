"""CloudEvents in the three modes of HTTP."""

import json

import pytest

from desk.ingest.errors import BadInput
from desk.ingest.formats.cloudevents import parse
from models.vocabulary import EventStatus, Severity
from tests.rules.moments import utc

EVENT = {"specversion": "1.0", "id": "e1", "source": "/hosts/db1", "type": "disk.full"}
BINARY = {f"ce-{name}": value for name, value in EVENT.items()}
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


def _structured(headers=None, **members):
    (event,) = parse(json.dumps(EVENT | members).encode(), STRUCTURED if headers is None else headers)
    return event


def _binary(body=b"", **headers):
    (event,) = parse(body, BINARY | {name.replace("_", "-"): value for name, value in headers.items()})
    return event


def _refused(body, headers):
    with pytest.raises(BadInput) as refused:
        parse(body, headers)
    return refused.value


def test_the_modes_say_the_same():
    members = {"subject": "db1", "time": "2026-11-21T21:06:01Z", "severity": "high", "data": {"free": 1}}
    structured = _structured(**members)
    headers = BINARY | {"CE-Subject": "db1", "Ce-Time": "2026-11-21T21:06:01Z", "ce-severity": "high"}
    assert parse(b'{"free": 1}', headers | {"Content-Type": "application/json"}) == [structured]
    assert parse(json.dumps([EVENT | members] * 2).encode(), BATCH) == [structured] * 2
    assert _structured({"Content-Type": "application/json"}, **members) == structured
    assert (structured.status, structured.started_at) == (EventStatus.FIRING, utc("2026-11-21 21:06:01"))


def test_a_batch_may_be_empty():
    assert parse(b"[]", BATCH) == []


@pytest.mark.parametrize(
    ("extensions", "status", "severity"),
    [
        ({}, EventStatus.INFORMATIONAL, Severity.INFO),
        ({"severity": "info"}, EventStatus.INFORMATIONAL, Severity.INFO),
        ({"severity": "ERROR"}, EventStatus.FIRING, Severity.HIGH),
        ({"severity": "urgent"}, EventStatus.FIRING, Severity.WARNING),
        ({"severity": 3}, EventStatus.FIRING, Severity.WARNING),
        ({"severity": "critical", "status": "Resolved"}, EventStatus.RESOLVED, Severity.CRITICAL),
        ({"status": "firing"}, EventStatus.FIRING, Severity.INFO),
        ({"status": "200"}, EventStatus.INFORMATIONAL, Severity.INFO),
    ],
)
def test_extensions_may_say_severity_and_status(extensions, status, severity):
    event = _structured(**extensions)
    assert (event.status, event.severity) == (status, severity)


def test_an_end_has_the_labels_of_its_beginning():
    began = _structured(severity="critical", status="firing", cluster="eu", traceparent="00-a", sequence="1")
    ended = _structured(severity="info", status="resolved", cluster="eu", traceparent="00-b", sequence="2", id="e2")
    assert began.labels == ended.labels == {"type": "disk.full", "cluster": "eu"}
    assert ended.facts == {"id": "e2", "traceparent": "00-b", "sequence": "2"}


def test_a_status_that_is_none_of_ours_and_other_extensions_are_labels():
    event = _structured(status="200", count=5, live=True, absent=None)
    assert event.labels == {"type": "disk.full", "status": "200", "count": "5", "live": "true"}


def test_a_resolution_has_ended_at_its_time():
    event = _structured(status="resolved", time="2026-11-21T21:06:01Z")
    assert (event.started_at, event.ended_at) == (None, utc("2026-11-21 21:06:01"))


@pytest.mark.parametrize(
    ("body", "kind", "text", "facts"),
    [
        (b"", "", "", {"id": "e1"}),
        (b'{"a": 1}', "application/vnd.x+json", "", {"id": "e1", "data": {"a": 1}}),
        (b'{"a": 1}', "", "", {"id": "e1", "data": {"a": 1}}),
        (b'"said"', "application/json", "said", {"id": "e1"}),
        (b"not json", "", "not json", {"id": "e1"}),
        (b"disk \xff", "text/plain", "disk \ufffd", {"id": "e1"}),
        (b"\x00\x01", "application/octet-stream", "", {"id": "e1", "data_base64": "AAE="}),
        (b"a\x00", "text/plain", "", {"id": "e1", "data_base64": "YQA="}),
    ],
)
def test_the_body_of_binary_mode_is_what_its_media_type_says(body, kind, text, facts):
    event = _binary(body, **({"content_type": kind} if kind else {}))
    assert (event.text, event.facts) == (text, facts)


def test_headers_are_percent_decoded():
    assert _binary(ce_subject="Z%C3%BCrich %E2%82%AC 100%").labels["subject"] == "Zürich € 100%"


@pytest.mark.parametrize(
    ("headers", "status", "place"),
    [
        ({"ce-id": ""}, 422, "header ce-id"),
        ({"ce-specversion": "0.3"}, 422, "header ce-specversion"),
        ({"ce-time": "soon"}, 422, "header ce-time"),
        ({"ce-subject": "%ff"}, 400, "header ce-subject"),
        ({"ce-subject": "a%00"}, 400, "header ce-subject"),
        ({f"ce-x{number}": "1" for number in range(70)}, 422, "the headers"),
    ],
)
def test_a_header_that_is_wrong_is_named(headers, status, place):
    error = _refused(b"", BINARY | headers)
    assert (error.status, error.place) == (status, place)


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"specversion": None}, "/specversion"),
        ({"id": ""}, "/id"),
        ({"source": None}, "/source"),
        ({"type": 5}, "/type"),
        ({"time": "2026-11-21T21:06:01"}, "/time"),
        ({"subject": []}, "/subject"),
        ({"cluster": {"a": 1}}, "/cluster"),
        ({"load": 1.5}, "/load"),
    ],
)
def test_a_member_that_is_wrong_is_named(members, place):
    error = _refused(json.dumps(EVENT | members).encode(), STRUCTURED)
    assert (error.status, error.place) == (422, place)
    error = _refused(json.dumps([EVENT, EVENT | members]).encode(), BATCH)
    assert (error.status, error.place) == (422, f"/1{place}")


@pytest.mark.parametrize("kind", ["application/cloudevents+avro", "application/cloudevents", "text/plain"])
def test_cloudevents_in_another_form_than_json_are_refused(kind):
    error = _refused(json.dumps(EVENT).encode(), {"Content-Type": kind})
    assert (error.status, error.place) == (415, "header Content-Type")


def test_the_json_of_binary_mode_is_read_with_the_same_care():
    assert _refused(b'{"a": 1, "a": 2}', BINARY | {"Content-Type": "application/json"}).place == "/a"
    assert _refused(b"x" * 1_048_577, BINARY).status == 413
    assert _refused(b"x", BINARY | {"Content-Encoding": "gzip"}).status == 415
