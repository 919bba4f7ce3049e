"""The inbox on both databases: put in once by key, worked off in order, set aside after five tries, forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from deployments.engine.planner import Planner
from models.database import Database
from models.errors import NotFound
from models.queries import inbox, journal
from models.queries.inbox import Delivery, Tally
from models.records import InboxKey, InboxRow, JournalRow
from models.rules.incoming import Incoming
from models.rules.incoming_bytes import to_bytes
from models.settings import Settings
from models.vocabulary import EventFormat, EventStatus, Severity
from tests.sites import apply_site, job, write_site

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def delivery(name: str = "DiskFull", key: str = "", sent: str = "", source: str = "nagios-1") -> Delivery:
    body = to_bytes([Incoming("nagios", name, EventStatus.FIRING, Severity.HIGH)])
    return Delivery(source, EventFormat.NAGIOS, 1, body, NOON, key, sent)


def put(database: Database, *deliveries: Delivery) -> list[int | None]:
    with database.write() as session:
        return inbox.put(session, deliveries)


def names(database: Database, now: datetime = NOON) -> list[str]:
    with database.write() as session:
        return [event.name for row in inbox.take(session, 100, now) for event in row.events()]


def fail(database: Database, number: int, now: datetime) -> None:
    with database.write() as session:
        inbox.fail(session, session.get_one(InboxRow, number), "KeyError: 'host'", now)


def poison(database: Database) -> int:
    """A request that failed five times."""
    number = put(database, delivery("Poison"))[0]
    assert number is not None
    for _ in range(inbox.MOST_TRIES):
        fail(database, number, NOON)
    return number


def test_requests_are_worked_off_in_the_order_in_which_they_came(database: Database) -> None:
    numbers = put(database, delivery("a"), delivery("b")) + put(database, delivery("c"))
    assert numbers == sorted(number for number in numbers if number)
    assert names(database) == ["a", "b", "c"]
    with database.write() as session:
        rows = inbox.take(session, 2, NOON)
        inbox.done(session, rows, NOON)
    assert names(database) == ["c"]


def test_an_event_says_the_source_that_sent_it(database: Database) -> None:
    put(database, delivery())
    with database.read() as session:
        assert session.scalars(select(InboxRow)).one().events()[0].source == "nagios-1"


def test_the_same_under_the_same_key_is_put_in_once(database: Database) -> None:
    first = put(database, delivery("a", "k", "s"), delivery("b"), delivery("a", "k", "s"))
    again = put(database, delivery("a", "k", "s"), delivery("a", "k", "s", source="nagios-2"))
    assert first[0] == first[2] == again[0]
    assert len({*first, *again}) == 3
    assert names(database) == ["a", "b", "a"]


def test_something_else_under_the_same_key_is_not_put_in(database: Database) -> None:
    first = put(database, delivery("a", "k", "s"), delivery("b", "k", "t"))
    assert (first[0] is None, first[1]) == (False, None)
    assert put(database, delivery("b", "k", "t")) == [None]
    assert names(database) == ["a"]


def test_a_key_of_yesterday_is_a_new_one(database: Database) -> None:
    first = put(database, delivery("a", "k", "s"))
    later = replace(delivery("b", "k", "t"), received_at=NOON + inbox.KEYS_KEPT + SECOND)
    assert put(database, later) not in ([None], first)
    assert put(database, replace(later)) != [None]


def test_what_failed_waits_longer_each_time_and_does_not_hold_up_the_others(database: Database) -> None:
    number = put(database, delivery("a"), delivery("b"))[0] or 0
    waits = []
    for _ in range(inbox.MOST_TRIES - 1):
        fail(database, number, NOON)
        with database.read() as session:
            waits.append(session.get_one(InboxRow, number).next_try_at - NOON)
    assert [wait.total_seconds() for wait in waits] == [2, 4, 8, 16]
    assert names(database) == ["b"]
    assert names(database, NOON + 16 * SECOND) == ["a", "b"]


def test_after_five_tries_it_is_set_aside_and_journaled(database: Database) -> None:
    number = poison(database)
    assert names(database, NOON + DAY) == []
    with database.read() as session:
        assert [(row.id, row.error) for row in inbox.quarantined(session)] == [(number, "KeyError: 'host'")]
        tags = list(session.scalars(select(JournalRow.tag).where(JournalRow.subject == f"inbox/{number}")))
        journal.verify(session)
    assert tags == ["events:inbox:quarantine"]


def test_a_replay_begins_anew(database: Database) -> None:
    number = poison(database)
    with database.write() as session:
        inbox.replay(session, number, "ann", NOON)
    assert names(database) == ["Poison"]
    fail(database, number, NOON)
    assert names(database, NOON + 2 * SECOND) == ["Poison"]


def test_what_is_dropped_is_never_tried_again(database: Database) -> None:
    number = poison(database)
    with database.write() as session:
        inbox.drop(session, number, "ann", "a test", NOON)
    with database.read() as session:
        assert inbox.quarantined(session) == []
    assert names(database, NOON + DAY) == []
    with pytest.raises(NotFound), database.write() as session:
        inbox.replay(session, number, "ann", NOON)


@pytest.mark.parametrize("exists", [True, False], ids=["not in quarantine", "no such request"])
def test_only_what_is_set_aside_can_be_replayed_or_dropped(database: Database, exists: bool) -> None:
    number = (put(database, delivery())[0] or 0) if exists else 99
    for act in (lambda s: inbox.replay(s, number, "ann", NOON), lambda s: inbox.drop(s, number, "ann", "why", NOON)):
        with pytest.raises(NotFound, match="quarantine list"), database.write() as session:
            act(session)


def test_counts_by_source_add_up(database: Database) -> None:
    for minute in (0, 1):
        then = NOON + timedelta(minutes=minute)
        with database.write() as session:
            inbox.tally(
                session, {"a": Tally(2, 20, then), "": Tally(refused=3, last_refused_at=then, last_refusal="x")}
            )
    with database.read() as session:
        found = inbox.sources(session)
        assert (found["a"].requests, found["a"].events, found["a"].last_received_at) == (4, 40, then)
        assert (found["a"].refused, found["a"].last_refusal) == (0, None)
        assert (found[""].requests, found[""].refused, found[""].last_refused_at) == (0, 6, then)


def test_what_waits_is_never_forgotten(database: Database) -> None:
    put(database, delivery("done", "k", "s"), delivery("waits"))
    with database.write() as session:
        inbox.done(session, inbox.take(session, 1, NOON), NOON)
    poison(database)
    with database.write() as session:
        assert inbox.forget(session, NOON + DAY, 7 * DAY) == 0
        assert inbox.forget(session, NOON + DAY + SECOND, 7 * DAY) == 1
    with database.write() as session:
        assert inbox.forget(session, NOON + 8 * DAY, 7 * DAY) == 1
    with database.read() as session:
        rows = session.scalars(select(InboxRow).order_by(InboxRow.id))
        assert [event.name for row in rows for event in row.events()] == [
            "waits",
            "Poison",
        ]
        assert session.scalar(select(func.count(InboxKey.id))) == 0


def test_the_planner_forgets_as_long_as_the_site_says(database: Database, tmp_path: Path) -> None:
    apply_site(database, write_site(tmp_path / "site", job("nightly")), NOON)
    put(database, delivery("done"))
    with database.write() as session:
        inbox.done(session, inbox.take(session, 1, NOON), NOON)
    planner = Planner(database, Settings(home=tmp_path))
    left = []
    for days in (30, 400):
        planner.tick(NOON + days * DAY)
        with database.read() as session:
            left.append(session.scalar(select(func.count(InboxRow.id))))
    assert left == [1, 0]
