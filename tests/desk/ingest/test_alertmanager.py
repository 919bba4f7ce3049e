"""Alertmanager's webhook: each alert for itself."""

import pytest

from models.vocabulary import EventStatus, Severity
from tests.desk.ingest.sampling import parse, refusal, sample

GROUP = sample("alertmanager", "webhook-group-3")
SINGLE = sample("alertmanager", "webhook-firing-single")


def _with(**change):
    """The single alert with other members."""
    document = SINGLE.document
    document["alerts"][0] |= change
    return document


def test_a_resolved_group_with_alerts_left_out_resolves_only_those_that_it_names():
    document = GROUP.document | {"truncatedAlerts": 7}
    events = parse("alertmanager", document)
    assert [(event.key, event.status) for event in events] == [
        ("ecad83511f3e8cc1", EventStatus.RESOLVED),
        ("19e622211764c6ac", EventStatus.RESOLVED),
    ]
    assert {event.facts["truncated_alerts"] for event in events} == {7}


def test_the_status_of_the_group_says_nothing_of_an_alert():
    document = SINGLE.document | {"status": "resolved"}
    assert parse("alertmanager", document)[0].status is EventStatus.FIRING


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("page", Severity.CRITICAL),
        ("P1", Severity.CRITICAL),
        ("error", Severity.HIGH),
        ("High", Severity.HIGH),
        ("warning", Severity.WARNING),
        ("minor", Severity.LOW),
        ("info", Severity.INFO),
        ("none", Severity.INFO),
        ("", Severity.WARNING),
        ("frobnicated", Severity.WARNING),
    ],
)
def test_a_free_word_has_a_severity(word, severity):
    (event,) = parse("alertmanager", _with(labels={"alertname": "x", "severity": word}))
    assert event.severity is severity
    assert event.labels["severity"] == word


def test_an_alert_without_a_name_a_severity_or_a_fingerprint_is_taken():
    (event,) = parse("alertmanager", _with(labels={"job": "x"}, fingerprint=None, annotations=None))
    assert (event.name, event.severity, event.key, event.text) == ("alert", Severity.WARNING, "", "")


def test_notes_that_are_not_the_text_are_facts():
    (event,) = parse("alertmanager", _with(annotations={"summary": "s", "description": "d", "owner": "dba"}))
    assert event.text == "s\nd"
    assert event.facts["annotations"] == {"owner": "dba"}


def test_a_link_that_leads_nowhere_costs_the_link_only():
    (event,) = parse("alertmanager", _with(generatorURL="javascript:x", annotations={"runbook_url": "see wiki"}))
    assert event.links == ()


def test_the_zero_time_of_go_means_never():
    never = "0001-01-01T00:00:00Z"
    (event,) = parse("alertmanager", _with(status="resolved", startsAt=never, endsAt=never))
    assert (event.started_at, event.ended_at) == (None, None)


def test_an_alert_that_fires_has_not_ended_whatever_its_time_out():
    (event,) = parse("alertmanager", _with(endsAt="2026-11-21T20:47:07Z"))
    assert event.ended_at is None


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], ""),
        ({}, "/version"),
        (SINGLE.document | {"version": "3"}, "/version"),
        (SINGLE.document | {"version": 4}, "/version"),
        (SINGLE.document | {"alerts": {}}, "/alerts"),
        (SINGLE.document | {"alerts": None}, "/alerts"),
        (SINGLE.document | {"alerts": ["x"]}, "/alerts/0"),
        (SINGLE.document | {"receiver": 5}, "/receiver"),
        (_with(status="pending"), "/alerts/0/status"),
        (_with(status=["firing"]), "/alerts/0/status"),
        (_with(status=None), "/alerts/0/status"),
        (_with(labels={}), "/alerts/0/labels"),
        (_with(labels={"a": 1}), "/alerts/0/labels/a"),
        (_with(labels={str(number): "x" for number in range(65)}), "/alerts/0/labels"),
        (_with(annotations={"a": None}), "/alerts/0/annotations/a"),
        (_with(startsAt="9999-12-31T23:59:59Z"), "/alerts/0/startsAt"),
        (_with(startsAt="0000-12-31T23:59:59Z"), "/alerts/0/startsAt"),
        (_with(status="resolved", endsAt="soon"), "/alerts/0/endsAt"),
    ],
)
def test_what_is_no_notification_is_refused_with_its_place(document, place):
    refused = refusal("alertmanager", document)
    assert (refused.status, refused.place) == (422, place)


def test_the_place_names_the_alert_of_a_group():
    document = GROUP.document
    document["alerts"][1]["labels"]["severity"] = 1
    assert refusal("alertmanager", document).place == "/alerts/1/labels/severity"
