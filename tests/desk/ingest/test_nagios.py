"""Notifications of Nagios and Icinga 2: problems, recoveries, and what lies between."""

import pytest

from models.vocabulary import EventStatus, Severity
from tests.desk.ingest.sampling import parse, refusal, sample
from tests.rules.moments import utc

SERVICE = sample("nagios", "01-problem-critical").document
HOST = sample("nagios", "04-problem-down").document
ICINGA = sample("icinga2", "088_icinga2").document


def _service(**macros):
    return SERVICE | {"macros": SERVICE["macros"] | macros}


def _host(**macros):
    return HOST | {"macros": HOST["macros"] | macros}


SAID = [
    ("PROBLEM", "CRITICAL", [("HTTP", EventStatus.FIRING)]),
    ("problem", "WARNING", [("HTTP", EventStatus.FIRING)]),
    ("RECOVERY", "OK", [("HTTP", EventStatus.RESOLVED)]),
    ("ACKNOWLEDGEMENT", "CRITICAL", [("HTTP", EventStatus.ACKNOWLEDGED)]),
    ("CUSTOM", "OK", [("HTTP", EventStatus.INFORMATIONAL)]),
    ("FLAPPINGSTART", "CRITICAL", [("HTTP flapping", EventStatus.FIRING)]),
    ("FLAPPINGSTOP", "OK", [("HTTP flapping", EventStatus.RESOLVED), ("HTTP", EventStatus.RESOLVED)]),
    ("FLAPPINGSTOP", "CRITICAL", [("HTTP flapping", EventStatus.RESOLVED), ("HTTP", EventStatus.FIRING)]),
    ("FLAPPINGDISABLED", "WARNING", [("HTTP flapping", EventStatus.RESOLVED), ("HTTP", EventStatus.FIRING)]),
    ("DOWNTIMESTART", "CRITICAL", [("HTTP", EventStatus.SUPPRESSED)]),
    ("DOWNTIMESTART", "OK", [("HTTP", EventStatus.INFORMATIONAL)]),
    ("DOWNTIMEEND", "CRITICAL", [("HTTP", EventStatus.FIRING)]),
    ("DOWNTIMEEND", "OK", [("HTTP", EventStatus.RESOLVED)]),
    ("DOWNTIMECANCELLED", "UNKNOWN", [("HTTP", EventStatus.FIRING)]),
]


@pytest.mark.parametrize(("kind", "state", "events"), SAID)
def test_a_notification_says_how_it_stands(kind, state, events):
    found = parse("nagios", _service(NOTIFICATIONTYPE=kind, SERVICESTATE=state))
    assert [(event.name, event.status) for event in found] == events


@pytest.mark.parametrize(("kind", "state", "events"), SAID)
def test_icinga_says_the_same(kind, state, events):
    kind = {"FLAPPINGSTOP": "FLAPPINGEND", "DOWNTIMECANCELLED": "DOWNTIMEREMOVED"}.get(kind, kind)
    found = parse("icinga2", ICINGA | {"NOTIFICATIONTYPE": kind, "STATE": state})
    assert [(event.name.replace("http", "HTTP"), event.status) for event in found] == events


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        ("OK", Severity.INFO),
        ("WARNING", Severity.WARNING),
        ("UNKNOWN", Severity.WARNING),
        ("CRITICAL", Severity.CRITICAL),
    ],
)
def test_the_state_of_a_service_is_a_severity(state, severity):
    assert parse("nagios", _service(SERVICESTATE=state))[0].severity is severity


@pytest.mark.parametrize(
    ("state", "severity"), [("UP", Severity.INFO), ("DOWN", Severity.CRITICAL), ("UNREACHABLE", Severity.HIGH)]
)
def test_the_state_of_a_host_is_a_severity(state, severity):
    (event,) = parse("nagios", _host(HOSTSTATE=state))
    assert (event.name, event.key, event.severity) == ("host check", "web1", severity)


def test_flapping_is_another_condition_than_the_problem():
    (start,) = parse("nagios", _service(NOTIFICATIONTYPE="FLAPPINGSTART"))
    stop, problem = parse("nagios", _service(NOTIFICATIONTYPE="FLAPPINGSTOP"))
    assert start.key == stop.key != problem.key == "web1;HTTP"
    assert (start.severity, stop.severity, stop.ended_at) == (Severity.WARNING, Severity.INFO, None)


def test_an_acknowledgement_says_who_and_why():
    macros = {"NOTIFICATIONTYPE": "ACKNOWLEDGEMENT", "NOTIFICATIONAUTHOR": "alice", "NOTIFICATIONCOMMENT": "on it"}
    (event,) = parse("nagios", _service(**macros))
    assert event.text == "HTTP CRITICAL - connection refused\nalice: on it"
    older = {"NOTIFICATIONTYPE": "ACKNOWLEDGEMENT", "SERVICEACKAUTHOR": "bob", "SERVICEACKCOMMENT": "mine"}
    assert parse("nagios", _service(**older))[0].text.endswith("\nbob: mine")


def test_the_long_output_follows_on_lines_of_its_own():
    (event,) = parse("nagios", _service(LONGSERVICEOUTPUT="one\\ntwo"))
    assert event.text == "HTTP CRITICAL - connection refused\none\ntwo"


def test_macros_may_be_the_whole_body_and_have_the_prefix_of_the_environment():
    flat = {f"NAGIOS_{name}": value for name, value in SERVICE["macros"].items()}
    assert parse("nagios", flat) == parse("nagios", SERVICE)
    assert parse("nagios", HOST["macros"]) == parse("nagios", HOST)


def test_a_notification_of_a_host_may_name_a_service_in_passing():
    assert parse("nagios", _host(SERVICEDESC="HTTP"))[0].name == "host check"


def test_a_state_that_never_changed_has_no_time():
    assert parse("nagios", _service(LASTSERVICESTATECHANGE="0"))[0].started_at is None


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], ""),
        ({}, "/NOTIFICATIONTYPE"),
        (SERVICE | {"kind": "router"}, "/kind"),
        (SERVICE | {"macros": []}, "/macros"),
        (SERVICE | {"macros": {}}, "/macros/NOTIFICATIONTYPE"),
        (_service(SERVICESTATE="BAD"), "/macros/SERVICESTATE"),
        (_service(SERVICESTATE=2), "/macros/SERVICESTATE"),
        (_service(SERVICEDESC=""), "/macros/SERVICEDESC"),
        (_service(HOSTNAME=""), "/macros/HOSTNAME"),
        (_service(NOTIFICATIONTYPE="NOTE"), "/macros/NOTIFICATIONTYPE"),
        (_service(LASTSERVICESTATECHANGE="-5"), "/macros/LASTSERVICESTATECHANGE"),
        (_service(LASTSERVICESTATECHANGE="9" * 30), "/macros/LASTSERVICESTATECHANGE"),
        (_service(LASTSERVICESTATECHANGE="99999999999"), "/macros/LASTSERVICESTATECHANGE"),
        (_service(LASTSERVICESTATECHANGE="²"), "/macros/LASTSERVICESTATECHANGE"),
        (_host(HOSTSTATE="SIDEWAYS"), "/macros/HOSTSTATE"),
    ],
)
def test_what_is_no_notification_is_refused_with_its_place(document, place):
    error = refusal("nagios", document)
    assert (error.status, error.place) == (422, place)


def test_icinga_names_its_variables_in_two_ways():
    long = {
        "NOTIFICATIONTYPE": "PROBLEM",
        "HOSTNAME": "web1",
        "SERVICEDESC": "http",
        "SERVICESTATE": "CRITICAL",
        "SERVICEOUTPUT": "HTTP CRITICAL",
        "LONGDATETIME": "2026-11-21 21:07:37 +0000",
        "NOTIFICATIONAUTHORNAME": "alice",
        "NOTIFICATIONCOMMENT": "on it",
        "HOSTADDRESS": "127.0.0.1",
    }
    short = ICINGA | {"AUTHOR": "alice", "COMMENT": "on it"}
    (one,), (other,) = parse("icinga2", long), parse("icinga2", short)
    assert (one.key, one.text, one.labels) == (other.key, other.text, other.labels)
    assert one.text == "HTTP CRITICAL\nalice: on it"


def test_icinga_tells_of_hosts_too():
    host = {"NOTIFICATIONTYPE": "RECOVERY", "HOSTNAME": "web1", "HOSTSTATE": "UP", "HOSTOUTPUT": "PING OK"}
    (event,) = parse("icinga2", host | {"LONGDATETIME": "2026-11-21 21:07:37 -0130"})
    assert (event.name, event.key, event.text) == ("host check", "web1", "PING OK")
    assert event.ended_at == utc("2026-11-21 22:37:37")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"STATE": "BAD"}, "/STATE"),
        ({"STATE": None}, "/STATE"),
        ({"HOSTNAME": ""}, "/HOSTNAME"),
        ({"LONGDATETIME": "2026-11-21 21:07:37"}, "/LONGDATETIME"),
        ({"LONGDATETIME": "2026-11-21 21:07:37 CET"}, "/LONGDATETIME"),
        ({"NOTIFICATIONTYPE": "96"}, "/NOTIFICATIONTYPE"),
    ],
)
def test_what_icinga_cannot_have_said_is_refused_with_its_place(change, place):
    error = refusal("icinga2", ICINGA | change)
    assert (error.status, error.place) == (422, place)
