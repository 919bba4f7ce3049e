"""What each captured request becomes, field by field."""

import pytest

from desk.ingest.reading import LIMITS
from desk.ingest.taking import FORMATS
from models.rules.incoming import Incoming, Link
from models.vocabulary import EventStatus, Severity
from tests.desk.ingest.sampling import Sample, samples
from tests.rules.moments import utc

EXPECTED: dict[tuple[str, str], list[Incoming]] = {
    ("alertmanager", "webhook-firing-single"): [
        Incoming(
            format="alertmanager",
            name="TargetDown",
            status=EventStatus.FIRING,
            severity=Severity.CRITICAL,
            source="http://vm:19093",
            key="de246bb3e45fed5c",
            text="127.0.0.1:1 down\njob dead value 0 — ümlaut <b>&",
            labels={
                "alertname": "TargetDown",
                "cluster": "lab",
                "instance": "127.0.0.1:1",
                "job": "dead",
                "replica": "a",
                "service": "web",
                "severity": "critical",
            },
            facts={"receiver": "watchbill", "group": '{}/{severity="critical"}:{alertname="TargetDown"}'},
            links=(
                Link("source", "http://vm:19090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"),
                Link("runbook", "https://runbooks.example.org/TargetDown"),
            ),
            started_at=utc("2026-11-21 20:42:07.983000"),
        ),
    ],
    ("alertmanager", "webhook-group-1"): [
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.FIRING,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="8cbf6561c1852703",
            text="p99 > 1s on api1",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api1", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            links=(Link("source", "http://prom/g"),),
            started_at=utc("2026-11-21 20:43:35.499194"),
        ),
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.FIRING,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="c47b9a071e749a36",
            text="p99 > 1s on api2",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api2", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            links=(Link("source", "http://prom/g"),),
            started_at=utc("2026-11-21 20:43:35.527389"),
        ),
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.FIRING,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="ecad83511f3e8cc1",
            text="p99 > 1s on api3",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api3", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            links=(Link("source", "http://prom/g"),),
            started_at=utc("2026-11-21 20:43:35.549440"),
        ),
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.FIRING,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="19e622211764c6ac",
            text="p99 > 1s on api4",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api4", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            links=(Link("source", "http://prom/g"),),
            started_at=utc("2026-11-21 20:43:35.566362"),
        ),
    ],
    ("alertmanager", "webhook-group-2"): [
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.RESOLVED,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="8cbf6561c1852703",
            text="p99 > 1s on api1",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api1", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            started_at=utc("2026-11-21 20:43:35.499194"),
            ended_at=utc("2026-11-21 20:43:37"),
        ),
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.RESOLVED,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="c47b9a071e749a36",
            text="p99 > 1s on api2",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api2", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            started_at=utc("2026-11-21 20:43:35.527389"),
            ended_at=utc("2026-11-21 20:43:37"),
        ),
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.FIRING,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="ecad83511f3e8cc1",
            text="p99 > 1s on api3",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api3", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            links=(Link("source", "http://prom/g"),),
            started_at=utc("2026-11-21 20:43:35.549440"),
        ),
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.FIRING,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="19e622211764c6ac",
            text="p99 > 1s on api4",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api4", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            links=(Link("source", "http://prom/g"),),
            started_at=utc("2026-11-21 20:43:35.566362"),
        ),
    ],
    ("alertmanager", "webhook-group-3"): [
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.RESOLVED,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="ecad83511f3e8cc1",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api3", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            started_at=utc("2026-11-21 20:43:35.549440"),
            ended_at=utc("2026-11-21 20:43:40"),
        ),
        Incoming(
            format="alertmanager",
            name="HighLatency",
            status=EventStatus.RESOLVED,
            severity=Severity.WARNING,
            source="http://vm:19093",
            key="19e622211764c6ac",
            labels={"alertname": "HighLatency", "cluster": "eu", "instance": "api4", "severity": "warning"},
            facts={"receiver": "r", "group": '{}:{alertname="HighLatency"}'},
            started_at=utc("2026-11-21 20:43:35.566362"),
            ended_at=utc("2026-11-21 20:43:40"),
        ),
    ],
    ("alertmanager", "webhook-resolved"): [
        Incoming(
            format="alertmanager",
            name="DiskFull",
            status=EventStatus.RESOLVED,
            severity=Severity.CRITICAL,
            source="http://vm:19093",
            key="7c5d2f53e2e77726",
            text="disk 99%",
            labels={"alertname": "DiskFull", "cluster": "lab", "instance": "db2", "severity": "critical"},
            facts={"receiver": "watchbill", "group": '{}/{severity="critical"}:{alertname="DiskFull"}'},
            started_at=utc("2026-11-21 20:42:13.495571"),
            ended_at=utc("2026-11-21 20:42:18.495571"),
        ),
    ],
    ("cloudevents", "082_ce-structured"): [
        Incoming(
            format="cloudevents",
            name="com.example.disk.full",
            status=EventStatus.FIRING,
            severity=Severity.CRITICAL,
            source="/hosts/db1",
            labels={"type": "com.example.disk.full", "subject": "db1"},
            facts={"id": "cd1ffe03-0368-490d-966c-cd0e25989509", "data": {"free": "1%"}},
            started_at=utc("2026-11-21 21:06:01.680521"),
        ),
    ],
    ("cloudevents", "083_ce-binary"): [
        Incoming(
            format="cloudevents",
            name="com.example.disk.full",
            status=EventStatus.FIRING,
            severity=Severity.CRITICAL,
            source="/hosts/db1",
            labels={"type": "com.example.disk.full", "subject": "db1"},
            facts={"id": "cd1ffe03-0368-490d-966c-cd0e25989509", "data": {"free": "1%"}},
            started_at=utc("2026-11-21 21:06:01.680521"),
        ),
    ],
    ("icinga2", "088_icinga2"): [
        Incoming(
            format="icinga2",
            name="http",
            status=EventStatus.FIRING,
            severity=Severity.CRITICAL,
            key="web1;http",
            text="HTTP CRITICAL",
            labels={"host": "web1", "service": "http", "address": "127.0.0.1"},
            facts={"state": "CRITICAL", "state_type": "HARD", "attempt": "1"},
            started_at=utc("2026-11-21 21:07:37"),
        ),
    ],
    ("monit", "exec"): [
        Incoming(
            format="monit",
            name="flag",
            status=EventStatus.FIRING,
            severity=Severity.WARNING,
            key="flag;",
            labels={"service": "flag"},
        ),
    ],
    ("nagios", "01-problem-critical"): [
        Incoming(
            format="nagios",
            name="HTTP",
            status=EventStatus.FIRING,
            severity=Severity.CRITICAL,
            key="web1;HTTP",
            text="HTTP CRITICAL - connection refused",
            labels={"host": "web1", "service": "HTTP", "address": "127.0.0.1"},
            facts={
                "state": "CRITICAL",
                "last_state": "OK",
                "state_type": "HARD",
                "attempt": "1",
                "performance_data": "time=0.1s;1;2",
                "problem_id": "1",
                "check_command": "dummy",
                "host_state": "UP",
                "notification_number": "1",
                "contact": "desk",
            },
            started_at=utc("2026-11-21 20:44:40"),
        ),
    ],
    ("nagios", "02-problem-warning"): [
        Incoming(
            format="nagios",
            name="HTTP",
            status=EventStatus.FIRING,
            severity=Severity.WARNING,
            key="web1;HTTP",
            text="HTTP WARNING - slow",
            labels={"host": "web1", "service": "HTTP", "address": "127.0.0.1"},
            facts={
                "state": "WARNING",
                "last_state": "CRITICAL",
                "state_type": "HARD",
                "attempt": "1",
                "problem_id": "1",
                "check_command": "dummy",
                "host_state": "UP",
                "notification_number": "2",
                "contact": "desk",
            },
            started_at=utc("2026-11-21 20:44:41"),
        ),
    ],
    ("nagios", "03-recovery-ok"): [
        Incoming(
            format="nagios",
            name="HTTP",
            status=EventStatus.RESOLVED,
            severity=Severity.INFO,
            key="web1;HTTP",
            text="HTTP OK",
            labels={"host": "web1", "service": "HTTP", "address": "127.0.0.1"},
            facts={
                "state": "OK",
                "last_state": "WARNING",
                "state_type": "HARD",
                "attempt": "1",
                "problem_id": "1",
                "check_command": "dummy",
                "host_state": "UP",
                "notification_number": "3",
                "contact": "desk",
            },
            ended_at=utc("2026-11-21 20:44:42"),
        ),
    ],
    ("nagios", "04-problem-down"): [
        Incoming(
            format="nagios",
            name="host check",
            status=EventStatus.FIRING,
            severity=Severity.CRITICAL,
            key="web1",
            text="PING CRITICAL - Packet loss = 100%",
            labels={"host": "web1", "address": "127.0.0.1"},
            facts={
                "state": "DOWN",
                "last_state": "UP",
                "state_type": "HARD",
                "attempt": "1",
                "problem_id": "2",
                "check_command": "dummy",
                "host_state": "DOWN",
                "notification_number": "1",
                "contact": "desk",
            },
            started_at=utc("2026-11-21 20:44:44"),
        ),
    ],
    ("nagios", "05-recovery-up"): [
        Incoming(
            format="nagios",
            name="host check",
            status=EventStatus.RESOLVED,
            severity=Severity.INFO,
            key="web1",
            text="PING OK",
            labels={"host": "web1", "address": "127.0.0.1"},
            facts={
                "state": "UP",
                "last_state": "DOWN",
                "state_type": "HARD",
                "attempt": "1",
                "problem_id": "0",
                "check_command": "dummy",
                "host_state": "UP",
                "notification_number": "2",
                "contact": "desk",
            },
            ended_at=utc("2026-11-21 20:44:45"),
        ),
    ],
    ("pagerduty", "pagerduty-v2-resolve"): [
        Incoming(
            format="pagerduty",
            name="[RESOLVED] DiskFull lab (db2 critical)",
            status=EventStatus.RESOLVED,
            severity=Severity.HIGH,
            source="pagerduty/3eb1bd43",
            key="5f99b260c16daacfd241a8914ac6bfc6e2a954f3c9af1fe70d66dce1e03c9b72",
            text="[RESOLVED] DiskFull lab (db2 critical)",
            labels={"source": "Alertmanager"},
            facts={
                "client": "Alertmanager",
                "custom_details": {
                    "firing": "",
                    "num_firing": "0",
                    "num_resolved": "1",
                    "resolved": (
                        "Labels:\n"
                        " - alertname = DiskFull\n"
                        " - cluster = lab\n"
                        " - instance = db2\n"
                        " - severity = critical\n"
                        "Annotations:\n"
                        " - summary = disk 99%\n"
                        "Source: \n"
                    ),
                },
            },
            links=(Link("Alertmanager", "http://vm:19093/#/alerts?receiver=pd"),),
        ),
    ],
    ("pagerduty", "pagerduty-v2-trigger"): [
        Incoming(
            format="pagerduty",
            name="[FIRING:1] TargetDown lab (127.0.0.1:1 dead a web critical)",
            status=EventStatus.FIRING,
            severity=Severity.HIGH,
            source="pagerduty/3eb1bd43",
            key="ea29288ed29625494030e371a50463b087adf6016d0b4ddf3c23f584325445c2",
            text="[FIRING:1] TargetDown lab (127.0.0.1:1 dead a web critical)",
            labels={"source": "Alertmanager"},
            facts={
                "client": "Alertmanager",
                "custom_details": {
                    "firing": (
                        "Labels:\n"
                        " - alertname = TargetDown\n"
                        " - cluster = lab\n"
                        " - instance = 127.0.0.1:1\n"
                        " - job = dead\n"
                        " - replica = a\n"
                        " - service = web\n"
                        " - severity = critical\n"
                        "Annotations:\n"
                        " - description = job dead value 0 — ümlaut <b>&\n"
                        " - runbook_url = https://runbooks.example.org/TargetDown\n"
                        " - summary = 127.0.0.1:1 down\n"
                        "Source: http://vm:19090/graph?g0.expr=up+%3D%3D+0&g0.tab=1\n"
                    ),
                    "num_firing": "1",
                    "num_resolved": "0",
                    "resolved": "",
                },
            },
            links=(Link("Alertmanager", "http://vm:19093/#/alerts?receiver=pd"),),
        ),
    ],
}


def _name(sample: Sample) -> str:
    return f"{sample.form}/{sample.name}"


@pytest.mark.parametrize("sample", list(samples()), ids=_name)
def test_a_captured_request_becomes_these_events(sample):
    assert FORMATS[sample.form](sample.body, sample.headers, LIMITS) == EXPECTED[sample.form, sample.name]


def test_every_format_that_is_captured_has_samples():
    assert {form for form, _ in EXPECTED} == set(FORMATS) - {"watchbill"}
    assert len(EXPECTED) == len(list(samples()))
