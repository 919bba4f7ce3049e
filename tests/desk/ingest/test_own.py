"""Our own form: one event, or an array."""

import pytest

from models.rules.incoming import Incoming, Link
from models.vocabulary import EventStatus, Severity
from tests.desk.ingest.sampling import parse, refusal
from tests.rules.moments import utc

WHOLE = {
    "name": "DiskFull",
    "source": "db1",
    "key": "db1:/var",
    "status": "resolved",
    "severity": "critical",
    "text": "/var has 1 % left",
    "labels": {"host": "db1"},
    "facts": {"free_percent": 1, "mounts": ["/var"]},
    "links": [{"text": "graph", "url": "https://graphs.example.org/db1"}, {"url": "http://vm/"}],
    "started_at": "2026-11-21T20:43:35+01:00",
    "ended_at": "2026-11-21t20:50:00.25z",
}


def test_each_member_arrives():
    assert parse("watchbill", WHOLE) == [
        Incoming(
            format="watchbill",
            name="DiskFull",
            status=EventStatus.RESOLVED,
            severity=Severity.CRITICAL,
            source="db1",
            key="db1:/var",
            text="/var has 1 % left",
            labels={"host": "db1"},
            facts={"free_percent": 1, "mounts": ["/var"]},
            links=(Link("graph", "https://graphs.example.org/db1"), Link("http://vm/", "http://vm/")),
            started_at=utc("2026-11-21 19:43:35"),
            ended_at=utc("2026-11-21 20:50:00.25"),
        )
    ]


def test_an_array_gives_its_events_in_order():
    assert [event.name for event in parse("watchbill", [{"name": "a"}, {"name": "b"}])] == ["a", "b"]
    assert parse("watchbill", []) == []


@pytest.mark.parametrize(
    ("said", "status", "severity"),
    [
        ({}, EventStatus.INFORMATIONAL, Severity.INFO),
        ({"severity": "info"}, EventStatus.INFORMATIONAL, Severity.INFO),
        ({"severity": "low"}, EventStatus.FIRING, Severity.LOW),
        ({"severity": "Critical "}, EventStatus.FIRING, Severity.CRITICAL),
        ({"status": "firing"}, EventStatus.FIRING, Severity.WARNING),
        ({"status": "Pending"}, EventStatus.PENDING, Severity.WARNING),
        ({"status": "resolved"}, EventStatus.RESOLVED, Severity.INFO),
        ({"status": "acknowledged", "severity": "high"}, EventStatus.ACKNOWLEDGED, Severity.HIGH),
        ({"status": "suppressed"}, EventStatus.SUPPRESSED, Severity.WARNING),
        ({"status": "informational", "severity": "high"}, EventStatus.INFORMATIONAL, Severity.HIGH),
        ({"status": None, "severity": None, "labels": None}, EventStatus.INFORMATIONAL, Severity.INFO),
    ],
)
def test_a_severity_makes_a_condition_unless_the_status_says_otherwise(said, status, severity):
    (event,) = parse("watchbill", {"name": "x", **said})
    assert (event.status, event.severity) == (status, severity)


@pytest.mark.parametrize(
    ("document", "status", "place"),
    [
        ("text", 422, ""),
        (None, 422, ""),
        (5, 422, ""),
        ({}, 422, "/name"),
        ({"name": ""}, 422, "/name"),
        ({"name": 5}, 422, "/name"),
        ({"name": ["a"]}, 422, "/name"),
        ({"name": "a", "sevrity": "high"}, 422, "/sevrity"),
        ({"name": "a", "a/b": 1}, 422, "/a~1b"),
        ({"name": "a", "severity": "urgent"}, 422, "/severity"),
        ({"name": "a", "status": "broken"}, 422, "/status"),
        ({"name": "a", "labels": []}, 422, "/labels"),
        ({"name": "a", "labels": {"n": 1}}, 422, "/labels/n"),
        ({"name": "a", "labels": {str(number): "" for number in range(65)}}, 422, "/labels"),
        ({"name": "a", "facts": [1]}, 422, "/facts"),
        ({"name": "a", "links": {}}, 422, "/links"),
        ({"name": "a", "links": ["http://vm/"]}, 422, "/links/0"),
        ({"name": "a", "links": [{"url": "http://vm/"}, {"url": "javascript:x"}]}, 422, "/links/1/url"),
        ({"name": "a", "links": [{"text": "t"}]}, 422, "/links/0/url"),
        ({"name": "a", "status": "firing", "ended_at": "2026-11-21T20:43:35Z"}, 422, "/ended_at"),
        ([{"name": "a"}, {"name": "b"}, {"nme": "c"}], 422, "/2/nme"),
        ([{"name": "a"}, [{"name": "b"}]], 422, "/1"),
        ([{"name": "a"}] * 5_001, 413, ""),
    ],
)
def test_what_is_no_event_is_refused_with_its_place(document, status, place):
    refused = refusal("watchbill", document)
    assert (refused.status, refused.place) == (status, place)
    assert refused.mend


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("0000-01-01T00:00:00Z", "no time with an offset"),
        ("0001-01-01T00:00:00Z", "outside the years 1970 to 2099"),
        ("0001-01-01T00:00:00+23:59", "outside the years 1970 to 2099"),
        ("1969-12-31T23:59:59Z", "outside the years 1970 to 2099"),
        ("9999-12-31T23:59:59-23:00", "outside the years 1970 to 2099"),
        ("2100-01-01T00:00:00Z", "outside the years 1970 to 2099"),
        ("10000-01-01T00:00:00Z", "no time with an offset"),
        ("2026-11-21T20:43:35", "without a time zone"),
        ("2026-11-21", "without a time zone"),
        ("2026-11-21T20:43:35 Europe/Berlin", "no time with an offset"),
        ("2026-11-21T20:43:35[Mars/Phobos]", "no time with an offset"),
        ("2026-11-21T20:43:35 CET", "no time with an offset"),
        ("2026-11-21T20:43:35+25:00", "no time with an offset"),
        ("2026-02-30T20:43:35Z", "no time with an offset"),
        ("2026-11-21T24:43:35Z", "no time with an offset"),
        ("yesterday", "no time with an offset"),
        ("x" * 100_000, "no time with an offset"),
        (" ", "no time with an offset"),
        (1795293880, "send a text"),
    ],
)
def test_a_time_that_cannot_be_is_refused(time, words):
    refused = refusal("watchbill", {"name": "a", "started_at": time})
    assert (refused.status, refused.place) == (422, "/started_at")
    assert words in str(refused)
    assert len(str(refused)) < 300


def test_a_time_is_kept_to_the_microsecond_in_utc():
    (event,) = parse("watchbill", {"name": "a", "started_at": "2026-11-21T20:43:35.123456789-12:45"})
    assert event.started_at == utc("2026-11-22 09:28:35.123456")
    assert event.started_at.utcoffset().total_seconds() == 0
