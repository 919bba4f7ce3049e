"""What a program says that Monit runs."""

import pytest

from desk.ingest.errors import BadInput
from desk.ingest.formats.monit import parse
from models.vocabulary import EventStatus, Severity
from tests.desk.ingest.sampling import JSON

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("event", "subject", "status"),
    [
        ("Connection failed", "connection", EventStatus.FIRING),
        ("Connection succeeded", "connection", EventStatus.RESOLVED),
        ("Does not exist", "existence", EventStatus.FIRING),
        ("Exists", "existence", EventStatus.RESOLVED),
        ("Resource limit matched", "resource limit", EventStatus.FIRING),
        ("Resource limit succeeded", "resource limit", EventStatus.RESOLVED),
        ("Link down", "link", EventStatus.FIRING),
        ("Link up", "link", EventStatus.RESOLVED),
        ("Timeout", "timeout", EventStatus.FIRING),
        ("Timeout recovery", "timeout", EventStatus.RESOLVED),
        ("Download bytes exceeded", "download bytes", EventStatus.FIRING),
        ("Download bytes ok", "download bytes", EventStatus.RESOLVED),
        ("Data access error", "data access", EventStatus.FIRING),
        ("Data access succeeded", "data access", EventStatus.RESOLVED),
        ("Checksum changed", "checksum", EventStatus.INFORMATIONAL),
        ("Checksum not changed", "checksum", EventStatus.INFORMATIONAL),
        ("Monit instance changed", "monit instance", EventStatus.INFORMATIONAL),
        ("Action done", "action", EventStatus.INFORMATIONAL),
        ("Something new", "something new", EventStatus.FIRING),
    ],
)
def test_both_words_of_a_pair_are_of_one_condition(event, subject, status):
    body = f'{{"MONIT_SERVICE": "web", "MONIT_HOST": "vm", "MONIT_EVENT": "{event}", "MONIT_DESCRIPTION": "why"}}'
    (found,) = parse(body.encode(), JSON)
    assert (found.name, found.key, found.status) == (f"web: {subject}", f"web;{subject}", status)
    assert found.severity is (Severity.WARNING if status is EventStatus.FIRING else Severity.INFO)
    assert (found.source, found.text, found.facts) == ("vm", "why", {"event": event})


def test_a_form_says_the_same_as_json():
    form = b"MONIT_SERVICE=web&MONIT_EVENT=Connection+failed&MONIT_DESCRIPTION=%C3%BCber+80%25&MONIT_HOST=vm"
    text = '{"service": "web", "event": "Connection failed", "description": "über 80%", "host": "vm"}'
    assert parse(form, FORM) == parse(text.encode(), FORM)


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        (b"", 422, "/MONIT_SERVICE"),
        (b"svc=", 422, "/MONIT_SERVICE"),
        (b"event=Exists", 422, "/MONIT_SERVICE"),
        (b"svc=%ff", 400, ""),
        (b"svc=\xff", 400, ""),
        (b"svc=a%00", 400, "/svc"),
        (b"a=1&" * 200, 413, ""),
        (b'{"svc": 5}', 422, "/svc"),
        (b'{"svc": "a", "svc": "b"}', 400, "/svc"),
        (b"x" * 1_048_577, 413, ""),
    ],
)
def test_what_says_nothing_of_a_service_is_refused(body, status, place):
    with pytest.raises(BadInput) as refused:
        parse(body, FORM)
    assert (refused.value.status, refused.value.place) == (status, place)
