"""PagerDuty's Events API: what is asked, and what its clients are told."""

import json

import pytest

from desk.ingest.formats.pagerduty import accepted, enqueued, refused
from models.rules.incoming import Link
from models.vocabulary import EventStatus, Severity
from tests.desk.ingest.sampling import JSON, parse, refusal, sample
from tests.rules.moments import utc

KEY = "0123456789abcdef0123456789abcdef"
TRIGGER = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "disk/db1",
    "payload": {
        "summary": "Disk full",
        "source": "db1",
        "severity": "critical",
        "timestamp": "2026-11-21T20:42:58.315+0000",
        "component": "postgres",
        "group": "prod",
        "class": "disk",
        "custom_details": {"free": "1%"},
    },
    "links": [{"href": "https://runbooks.example.org/disk", "text": "runbook"}, "x", {"href": 5}],
    "images": [{"src": "https://graphs.example.org/d.png", "alt": "graph"}],
    "client": "probe",
    "client_url": "https://probe.example.org",
}


def _enqueued(document):
    return enqueued(json.dumps(document).encode(), JSON)


def _payload(**change):
    return {**TRIGGER, "payload": {**TRIGGER["payload"], **change}}


def test_a_trigger_brings_all_that_it_says():
    (event,) = parse("pagerduty", TRIGGER)
    assert (event.name, event.text, event.key) == ("Disk full", "Disk full", "disk/db1")
    assert event.labels == {"source": "db1", "component": "postgres", "group": "prod", "class": "disk"}
    assert event.facts == {"client": "probe", "custom_details": {"free": "1%"}}
    assert event.links == (
        Link("runbook", "https://runbooks.example.org/disk"),
        Link("graph", "https://graphs.example.org/d.png"),
        Link("probe", "https://probe.example.org"),
    )
    assert (event.started_at, event.ended_at) == (utc("2026-11-21 20:42:58.315"), None)


@pytest.mark.parametrize(
    ("action", "status", "severity"),
    [
        ("acknowledge", EventStatus.ACKNOWLEDGED, Severity.WARNING),
        ("resolve", EventStatus.RESOLVED, Severity.INFO),
    ],
)
def test_what_follows_needs_the_key_only_and_meets_its_trigger(action, status, severity):
    (event,) = parse("pagerduty", {"routing_key": KEY, "event_action": action, "dedup_key": "disk/db1"})
    (trigger,) = parse("pagerduty", TRIGGER)
    assert (event.status, event.severity, event.name) == (status, severity, "disk/db1")
    assert (event.source, event.key) == (trigger.source, trigger.key)


def test_another_routing_key_is_another_source_and_neither_is_told():
    (event,), (other,) = parse("pagerduty", TRIGGER), parse("pagerduty", TRIGGER | {"routing_key": "other"})
    assert event.source != other.source
    assert KEY not in repr(event)
    whole = _enqueued(TRIGGER)
    assert whole.routing_key == KEY
    assert KEY not in repr(whole)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("error", Severity.HIGH),
        ("warning", Severity.WARNING),
        ("info", Severity.INFO),
    ],
)
def test_each_severity_has_ours(word, severity):
    assert parse("pagerduty", _payload(severity=word))[0].severity is severity


def test_a_trigger_without_a_key_gets_one_of_what_it_is_about():
    document = {name: value for name, value in TRIGGER.items() if name != "dedup_key"}
    found = _enqueued(document)
    assert found.dedup_key == found.event.key != ""
    again = {**document, "payload": {**document["payload"], "timestamp": "2026-11-21T20:59:00Z", "severity": "error"}}
    assert _enqueued(again).dedup_key == found.dedup_key
    other = {**document, "payload": {**document["payload"], "source": "db2"}}
    assert _enqueued(other).dedup_key != found.dedup_key


def test_clients_are_told_what_they_expect():
    assert accepted("disk/db1") == {"status": "success", "message": "Event processed", "dedup_key": "disk/db1"}
    error = refusal("pagerduty", _payload(severity="urgent"))
    assert refused(error) == {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": ['/payload/severity is "urgent": send one of critical, error, warning, info'],
    }


def test_the_real_resolution_meets_the_real_trigger_by_source():
    both = [sample("pagerduty", f"pagerduty-v2-{action}") for action in ("trigger", "resolve")]
    assert len({parse("pagerduty", found.document)[0].source for found in both}) == 1


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([TRIGGER], ""),
        (TRIGGER | {"routing_key": None}, "/routing_key"),
        (TRIGGER | {"routing_key": ""}, "/routing_key"),
        (TRIGGER | {"event_action": "open"}, "/event_action"),
        (TRIGGER | {"event_action": None}, "/event_action"),
        (TRIGGER | {"event_action": "resolve", "dedup_key": ""}, "/dedup_key"),
        (TRIGGER | {"dedup_key": "x" * 256}, "/dedup_key"),
        (TRIGGER | {"dedup_key": 5}, "/dedup_key"),
        (TRIGGER | {"payload": None}, "/payload/summary"),
        (TRIGGER | {"payload": "x"}, "/payload"),
        (_payload(summary=""), "/payload/summary"),
        (_payload(source=None), "/payload/source"),
        (_payload(severity=None), "/payload/severity"),
        (_payload(severity="urgent"), "/payload/severity"),
        (_payload(timestamp="2026-11-21T20:42:58"), "/payload/timestamp"),
        (_payload(component={}), "/payload/component"),
        (TRIGGER | {"client_url": []}, "/client_url"),
    ],
)
def test_what_is_no_event_is_refused_with_its_place(document, place):
    error = refusal("pagerduty", document)
    assert (error.status, error.place) == (422, place)
    assert KEY not in str(error)
