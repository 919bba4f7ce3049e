"""What was set aside, as people see it: listed with why, tried again, given up; and who sends events."""

from collections.abc import Callable

import pytest

from models import clock
from models.database import Database
from models.queries import inbox
from models.queries.inbox import Delivery, Tally
from models.records import InboxRow
from models.rules.incoming import Incoming
from models.rules.incoming_bytes import to_bytes
from models.vocabulary import EventFormat, EventStatus, Severity
from tests.desk.conftest import Said

Watchbill = Callable[..., Said]


@pytest.fixture
def poison(harbour: Database) -> list[int]:
    """Two requests in quarantine, and one that waits; the bytes of the second are damaged."""
    body = to_bytes([Incoming("nagios", f"Disk{n}", EventStatus.FIRING, Severity.HIGH) for n in range(5)])
    now = clock.now()
    made = [Delivery("nagios-1", EventFormat.NAGIOS, 5, kept, now) for kept in (body, body[:-7], body)]
    with harbour.write() as session:
        numbers = [number or 0 for number in inbox.put(session, made)]
        for number in numbers[:2]:
            row = session.get_one(InboxRow, number)
            for _ in range(inbox.MOST_TRIES):
                inbox.fail(session, row, "KeyError: 'host'", now)
    return numbers[:2]


def test_a_request_in_quarantine_is_listed_with_why(watchbill: Watchbill, poison: list[int]) -> None:
    said = watchbill("event", "quarantine", "list")
    assert "KeyError: 'host'" in said.words
    assert "Disk0, Disk1, Disk2" in said.words
    assert "(unreadable)" in said.words
    found = watchbill("event", "quarantine", "list", "--json").json["requests"]
    assert [(one["request"], one["source"], one["events"], one["tries"]) for one in found] == [
        (number, "nagios-1", 5, 5) for number in poison
    ]
    assert watchbill("event", "quarantine", "list", "--quiet").out.split() == [str(number) for number in poison]


def test_a_replayed_request_waits_again(watchbill: Watchbill, harbour: Database, poison: list[int]) -> None:
    said = watchbill("event", "quarantine", "replay", str(poison[0]), "--as", "ann")
    assert (said.code, "1 request with 5 events will be worked off again" in said.words) == (0, True)
    with harbour.write() as session:
        assert poison[0] in [row.id for row in inbox.take(session, 10, clock.now())]
    assert "nothing" not in watchbill("event", "quarantine", "list").words


def test_all_that_is_dropped_is_gone_from_the_quarantine(watchbill: Watchbill, poison: list[int]) -> None:
    said = watchbill("event", "quarantine", "drop", "--all", "--reason", "a test", "--json")
    assert [one["request"] for one in said.json] == poison
    assert "nothing is in quarantine" in watchbill("event", "quarantine", "list").words


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param((), 2, id="neither"),
        pytest.param(("1", "--all"), 2, id="both"),
        pytest.param(("99",), 5, id="no such request"),
    ],
)
def test_which_requests_are_meant_is_said_once(
    watchbill: Watchbill, poison: list[int], given: tuple[str, ...], code: int
) -> None:
    assert watchbill("event", "quarantine", "replay", *given).code == code
    assert watchbill("event", "quarantine", "drop", *given, "--reason", "x").code == code


def test_sources_are_listed_with_what_was_refused(watchbill: Watchbill, harbour: Database) -> None:
    assert "nobody has sent anything" in watchbill("event", "sources").words
    with harbour.write() as session:
        inbox.tally(session, {"old": Tally(2, 20, clock.now()), "": Tally(refused=3, last_refusal="no token")})
    said = watchbill("event", "sources")
    assert "old (no longer in events.yaml)" in said.words
    assert "no token" in said.words
    found = watchbill("event", "sources", "--json").json["sources"]
    assert [(one["source"], one["events"], one["refused"]) for one in found] == [("old", 20, 0), ("(nobody)", 0, 3)]
