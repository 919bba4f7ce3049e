"""The file beside SQLite in which requests wait: brought into the inbox once each, whatever is killed between."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.ingest import spool as spool_module
from desk.ingest.spool import Spool, spool_file
from desk.ingest.stores import SpoolStore
from models.database import Database
from models.errors import DatabaseError
from models.queries import inbox
from models.queries.inbox import KEYS_KEPT, Delivery, Tally
from models.records import InboxRow
from models.rules.incoming import Incoming
from models.rules.incoming_bytes import to_bytes
from models.vocabulary import EventFormat, EventStatus, Severity

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def delivery(name: str, key: str = "", sent: str = "") -> Delivery:
    body = to_bytes([Incoming("nagios", name, EventStatus.FIRING, Severity.HIGH)])
    return Delivery("nagios-1", EventFormat.NAGIOS, 1, body, NOON, key, sent)


@pytest.fixture
def spool(sqlite: Database) -> Iterator[Spool]:
    with closing(Spool(spool_file(sqlite))) as opened:
        yield opened


@pytest.fixture
def store(sqlite: Database, spool: Spool) -> SpoolStore:
    return SpoolStore(sqlite, spool)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return [event.name for row in session.scalars(select(InboxRow).order_by(InboxRow.id)) for event in row.events()]


def carry(store: SpoolStore, *, beat: bool = False) -> bool:
    return store.carry({}, beat=beat)


def test_what_was_put_comes_into_the_inbox_in_its_order(store: SpoolStore, spool: Spool, sqlite: Database) -> None:
    assert store.put([delivery("a"), delivery("b")]) == [True, True]
    assert store.put([delivery("c")]) == [True]
    assert names(sqlite) == []
    assert carry(store) is False, "all that waited was carried at once: a moment later is soon enough for the next"
    assert (names(sqlite), spool.is_empty()) == (["a", "b", "c"], True)
    with sqlite.read() as session:
        row = session.scalars(select(InboxRow)).first()
        assert row is not None
        assert (row.source, row.format, row.count, row.received_at) == ("nagios-1", EventFormat.NAGIOS, 1, NOON)
        assert inbox.sources(session)["nagios-1"].events == 3


def test_a_desk_that_is_killed_between_the_files_brings_nothing_twice(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Spool(spool_file(sqlite))) as first:
        store = SpoolStore(sqlite, first)
        store.put([delivery("a"), delivery("b")])
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Spool, "forget", _killed)
            carry(store)
    with closing(Spool(spool_file(sqlite))) as again:
        assert not again.is_empty()
        store = SpoolStore(sqlite, again)
        store.put([delivery("c")])
        while carry(store):
            pass
        assert again.is_empty()
    assert names(sqlite) == ["a", "b", "c"]
    with sqlite.read() as session:
        assert inbox.sources(session)["nagios-1"].requests == 3


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_new_file_is_not_taken_for_the_old_one(sqlite: Database) -> None:
    for name in ("a", "b"):
        with closing(Spool(spool_file(sqlite))) as spool:
            store = SpoolStore(sqlite, spool)
            store.put([delivery(name)])
            carry(store)
        for path in spool_file(sqlite).parent.glob("*.spool*"):
            path.unlink()
    assert names(sqlite) == ["a", "b"]


def test_what_waits_is_brought_in_parts(store: SpoolStore, sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "MOST_AT_ONCE", 2)
    store.put([delivery(f"e{number}") for number in range(5)])
    assert [carry(store), len(names(sqlite)), carry(store), len(names(sqlite))] == [True, 2, True, 4]
    monkeypatch.setattr(spool_module, "MOST_BYTES_AT_ONCE", 1)
    store.put([delivery("large"), delivery("larger")])
    carry(store)
    assert names(sqlite)[-1] == "e4"


def test_a_key_is_known_to_the_next_desk_and_for_a_day(sqlite: Database) -> None:
    path = spool_file(sqlite)
    with closing(Spool(path)) as first:
        assert first.put([delivery("a", "k", "s"), delivery("a", "k", "s"), delivery("b", "k", "t")]) == [
            True,
            True,
            False,
        ]
    later = replace(delivery("b", "k", "t"), received_at=NOON + KEYS_KEPT + timedelta(seconds=1))
    with closing(Spool(path)) as again:
        assert again.put([delivery("b", "k", "t"), delivery("a", "k", "s")]) == [False, True]
        assert len(again.after(0)) == 1
        assert again.put([later]) == [True]
        assert len(again.after(0)) == 2
        again.forget(0, later.received_at + KEYS_KEPT + timedelta(seconds=1))
        assert again.put([delivery("c", "k", "u")]) == [True]


def test_a_write_that_fails_keeps_nothing_of_it(spool: Spool, tmp_path: Path) -> None:
    broken = replace(delivery("b"), body=None)  # type: ignore[arg-type]  # what the table refuses
    with pytest.raises(DatabaseError, match=r"\.spool: .*NOT NULL.* see that the disk has room"):
        spool.put([delivery("a"), broken])
    assert spool.is_empty()
    assert spool.put([delivery("c")]) == [True]


def test_a_file_that_cannot_be_made_is_an_error_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="who may write there"):
        Spool(tmp_path / "missing" / "watchbill.db.spool")


def test_counts_and_signs_of_life_are_written_without_requests(store: SpoolStore, sqlite: Database) -> None:
    store.carry({"": Tally(refused=2, last_refusal="no token")}, beat=True)
    with sqlite.read() as session:
        assert inbox.sources(session)[""].refused == 2


def test_two_desks_of_one_home_bring_each_request_once(sqlite: Database) -> None:
    path = spool_file(sqlite)
    with closing(Spool(path)) as one, closing(Spool(path)) as other:
        stores = [SpoolStore(sqlite, one), SpoolStore(sqlite, other)]

        def work(number: int) -> None:
            for count in range(20):
                stores[number].put([delivery(f"e{number}-{count}")])
                carry(stores[number])

        with ThreadPoolExecutor(2) as desks:
            list(desks.map(work, range(2)))
        while carry(stores[0]):
            pass
    assert sorted(names(sqlite)) == sorted(f"e{number}-{count}" for number in range(2) for count in range(20))
