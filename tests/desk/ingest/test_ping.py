"""Plain URLs for dead man's switches."""

import pytest

from desk.ingest.errors import BadInput
from desk.ingest.formats.ping import parse
from models.rules.incoming import Incoming
from models.vocabulary import EventStatus, Severity


@pytest.mark.parametrize(
    ("path", "status", "severity", "facts"),
    [
        ("dump", EventStatus.RESOLVED, Severity.INFO, {"signal": "success"}),
        ("/dump/", EventStatus.RESOLVED, Severity.INFO, {"signal": "success"}),
        ("dump/start", EventStatus.INFORMATIONAL, Severity.INFO, {"signal": "start"}),
        ("dump/log", EventStatus.INFORMATIONAL, Severity.INFO, {"signal": "log"}),
        ("dump/fail", EventStatus.FIRING, Severity.HIGH, {"signal": "fail"}),
        ("dump/0", EventStatus.RESOLVED, Severity.INFO, {"signal": "success", "exit_code": 0}),
        ("dump/1", EventStatus.FIRING, Severity.HIGH, {"signal": "fail", "exit_code": 1}),
        ("dump/255", EventStatus.FIRING, Severity.HIGH, {"signal": "fail", "exit_code": 255}),
    ],
)
def test_a_path_says_how_it_went(path, status, severity, facts):
    assert parse(path, b" all well\n", {}) == [
        Incoming(
            format="ping",
            name="dump",
            status=status,
            severity=severity,
            key="dump",
            text="all well",
            labels={"check": "dump"},
            facts=facts,
        )
    ]


@pytest.mark.parametrize(
    "path", ["", "/", "dump/256", "dump/-1", "dump/stop", "dump/start/x", "a b", "../x", "é", "x" * 129, "dump/²", "\0"]
)
def test_another_path_is_refused(path):
    with pytest.raises(BadInput) as refused:
        parse(path, b"", {})
    assert (refused.value.status, refused.value.place) == (422, "path")
    assert str(refused.value).isprintable()


def test_any_bytes_are_last_words_and_the_end_of_them_is_kept():
    (event,) = parse("dump/1", b"start \xff\x00" + b"x" * 20_000 + b" no space left", {})
    assert len(event.text) == 8_000
    assert event.text.startswith("(cut: it had 20022 characters) …x")
    assert event.text.endswith("x no space left")
    assert parse("dump", b"a\xff\x00b", {})[0].text == "a\ufffd…b"


def test_a_ping_too_is_read_with_care():
    for body, headers, status in ((b"x" * 1_048_577, {}, 413), (b"x", {"Content-Encoding": "gzip"}, 415)):
        with pytest.raises(BadInput) as refused:
            parse("dump", body, headers)
        assert refused.value.status == status
