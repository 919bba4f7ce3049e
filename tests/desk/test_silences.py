"""silence add, list and end; event list --alerts, show, acknowledge and accept."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from models import clock
from models.database import Database
from models.queries import inbox
from models.queries.event_processing import looking, working_off
from models.queries.event_processing.event_book import read_event_book
from models.queries.event_processing.memory import remember
from models.queries.inbox import Delivery
from models.rules.incoming_bytes import to_bytes
from models.vocabulary import EventFormat, Severity
from tests.desk.conftest import Said
from tests.records.events_lab import event

Watchbill = Callable[..., Said]


@pytest.fixture
def fired(harbour: Database) -> Database:
    """Three alerts: one critical on web1 of the shop, one high, one a warning."""
    tell(harbour, event("+DiskFull host=web1", Severity.CRITICAL, text="99 % of /var"))
    tell(harbour, event("+LoadHigh host=web2"), event("+LogOld host=db1", Severity.WARNING))
    return harbour


def tell(database: Database, *events: object) -> None:
    now = clock.now()
    with database.write() as session:
        body = to_bytes(list(events))  # type: ignore[arg-type]
        inbox.put(session, [Delivery("prometheus", EventFormat.ALERTMANAGER, len(events), body, now)])
        memory = remember(session, read_event_book(session), now)
        working_off.work_off(session, inbox.take(session, 10, now), memory, now)


def look(database: Database, later: timedelta = timedelta(0)) -> None:
    now = clock.now() + later
    with database.write() as session:
        looking.look(session, remember(session, read_event_book(session), now), now)


def test_a_silence_is_set_listed_with_what_it_keeps_quiet_and_ended(watchbill: Watchbill, fired: Database) -> None:
    said = watchbill("silence", "add", "service=shop", "host=~web.*", "--for", "2h", "--comment", "disk change")
    assert said.words.startswith('SIL000001: {host=~"web.*",service="shop"} until ')
    look(fired)
    (line,) = watchbill("silence", "list", "--json").json["silences"]
    assert (line["state"], line["held"], line["author"], line["comment"]) == ("active", 2, "ada", "disk change")
    assert "SIL000001 active" in watchbill("silence", "list").words
    alert = watchbill("event", "show", "1", "--json").json["line"]
    assert (alert["standing"], alert["muted_reason"]) == ("held", "SIL000001 of ada: disk change")
    assert "has ended" in watchbill("silence", "end", "sil1").words
    look(fired)
    assert watchbill("event", "show", "1", "--json").json["history"][0]["action"] == "raise"
    assert watchbill("silence", "list").words == "nothing is silenced"
    assert watchbill("silence", "list", "--ended", "--quiet").out == "SIL000001\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["service=shop", "--comment", "x"], 2, "there is none without an end"),
        (["service=shop", "--comment", "x", "--for", "2h", "--until", "2026-11-22 06:00"], 2, "without an end"),
        (["service=shop", "--comment", "x", "--for", "soon"], 2, "is not a duration"),
        (["service=shop", "--comment", "x", "--until", "soon"], 2, "is not a time"),
        (["service", "--comment", "x", "--for", "2h"], 2, "is not a matcher"),
        (["service=~.*", "--comment", "x", "--for", "2h"], 6, "it would silence every alert"),
        (["service=shop", "--comment", " ", "--for", "2h"], 6, "it has no comment"),
        (["service=shop", "--comment", "x", "--for", "2000d"], 6, "lasts longer"),
    ],
)
def test_a_silence_that_cannot_be_is_refused(
    watchbill: Watchbill, harbour: Database, arguments: list[str], code: int, words: str
) -> None:
    said = watchbill("silence", "add", *arguments)
    assert (said.code, words in said.words) == (code, True), said.words


def test_what_is_over_or_was_never_set_cannot_be_ended(watchbill: Watchbill, harbour: Database) -> None:
    assert watchbill("silence", "end", "SIL000009").code == 5
    assert watchbill("silence", "end", "nine").code == 2
    watchbill("silence", "add", "service=shop", "--for", "2h", "--comment", "x")
    watchbill("silence", "end", "1")
    assert "is over already" in watchbill("silence", "end", "1").words


def test_alerts_are_listed_gravest_first_and_chosen(watchbill: Watchbill, fired: Database) -> None:
    lines = watchbill("event", "list", "--alerts", "--json").json["alerts"]
    assert [(line["name"], line["severity"]) for line in lines] == [
        ("DiskFull", "critical"),
        ("LoadHigh", "high"),
        ("LogOld", "warning"),
    ]
    assert (lines[0]["service"], lines[0]["host"], lines[2]["service"]) == ("shop", "web1", None)
    few = watchbill("event", "list", "--alerts", "--severity", "high", "--service", "shop", "--json").json
    assert (few["total"], [line["alert"] for line in few["alerts"]]) == (2, [1, 2])
    assert "DiskFull web1" in watchbill("event", "list", "--alerts").words
    assert watchbill("event", "list", "--alerts", "--severity", "bad").code == 2
    tell(fired, event("-DiskFull host=web1", Severity.CRITICAL, text="99 % of /var"))
    assert watchbill("event", "list", "--alerts", "--json").json["total"] == 2
    assert watchbill("event", "list", "--alerts", "--resolved", "--json").json["total"] == 3


def test_an_alert_is_found_by_its_fingerprint_and_says_what_happened(watchbill: Watchbill, fired: Database) -> None:
    fingerprint = watchbill("event", "show", "1", "--json").json["line"]["fingerprint"]
    assert watchbill("event", "show", fingerprint[:8], "--json").json["line"]["alert"] == 1
    said = watchbill("event", "show", "1").words
    assert "99 % of /var" in said
    assert "fires since" in said
    assert watchbill("event", "show", "99").code == 5
    assert watchbill("event", "show", "abcdef0123").code == 5


def test_a_person_owns_an_alert_for_a_time(watchbill: Watchbill, fired: Database) -> None:
    found = watchbill("event", "acknowledge", "1", "--for", "1h", "--json").json
    assert (found["line"]["state"], found["line"]["owner"]) == ("acknowledged", "ada")
    assert found["history"][0]["actor"] == "ada"
    look(fired, timedelta(minutes=59))
    assert watchbill("event", "show", "1", "--json").json["line"]["state"] == "acknowledged"
    look(fired, timedelta(hours=1, seconds=5))
    found = watchbill("event", "show", "1", "--json").json
    assert (found["line"]["state"], found["history"][0]["action"]) == ("firing", "time out")


def test_what_is_no_candidate_cannot_be_accepted(watchbill: Watchbill, fired: Database) -> None:
    said = watchbill("event", "accept", "3")
    assert (said.code, "is no candidate" in said.words) == (6, True)
