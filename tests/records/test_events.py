"""Events and the jobs that wait for them, on both databases: received once, each releases one slot of a job."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import Refused
from models.queries import events, journal, pauses, retention, runs, slots
from models.queries.book import Book
from models.queries.dispatching import Wish, run_now, start_due
from models.records import Event, JournalRow, Notice, OutboxRow, Pause, Run, Slot
from models.rules.events import NewEvent
from models.vocabulary import Outcome, SlotState
from tests.sites import apply_site, job, write_site

EVENING = datetime(2026, 11, 20, 17, tzinfo=UTC)
NIGHTLY = "schedule: {cron: '0 2 * * *', timezone: UTC}\n"
WAITS = NIGHTLY + "wait_for_event: {name: load-done, up_to: 2h}\n"
MakeBook = Callable[..., Book]


@pytest.fixture
def make_book(database: Database, tmp_path: Path) -> MakeBook:
    """Puts jobs in force on the evening before the first night, with their slots."""

    def make(*jobs: str) -> Book:
        book = apply_site(database, write_site(tmp_path / "site", "\n".join(jobs)), EVENING)
        with database.write() as session:
            slots.plan_ahead(session, book, EVENING, "planner")
        return book

    return make


def at(hour: float, night: int = 21) -> datetime:
    """An hour of the night of 21 November, the first; negative ones are the evening before."""
    return datetime(2026, 11, night, tzinfo=UTC) + timedelta(hours=hour)


def send(database: Database, when: datetime, name: str = "load-done", key: str | None = None) -> int:
    with database.write() as session:
        return events.receive(session, NewEvent(name, "dwh", "all is loaded", {"rows": "12"}, key), "ann", when)[0].id


def tick(database: Database, book: Book, now: datetime) -> list[str]:
    with database.write() as session:
        return list(start_due(session, book, now, "planner"))


def slots_of(database: Database, name: str = "sales", until: datetime = EVENING + timedelta(hours=48)) -> list[Slot]:
    with database.read() as session:
        found = list(session.scalars(select(Slot).where(Slot.job == name, Slot.due_at <= until).order_by(Slot.due_at)))
        session.expunge_all()
        return found


def states(database: Database, name: str = "sales") -> list[str]:
    return [slot.state.value for slot in slots_of(database, name)]


def count(session: Session, table: type[Event] | type[JournalRow]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_an_event_is_received_once_and_stands_in_the_journal(database: Database) -> None:
    first = send(database, at(1), key="2026-11-21")
    assert send(database, at(2), key="2026-11-21") == first
    other = send(database, at(3), name="export-done", key="2026-11-21")
    assert len({first, other, send(database, at(4)), send(database, at(4))}) == 4, "without a key each is its own"
    with database.read() as session:
        assert count(session, Event) == 4
        event = session.get_one(Event, first)
        assert (event.received_at, event.sent_by, event.facts) == (at(1), "ann", {"rows": "12"})
        (row,) = journal.rows_about(session, f"event/{first}")
        assert (row.tag, row.actor) == ("events:event:receive", "ann")
        assert row.facts == '{"key":"2026-11-21","name":"load-done","source":"dwh"}'
        assert count(session, JournalRow) == 4
        journal.verify(session)


def test_the_same_event_sent_twice_at_one_moment_is_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first, known, looks = send(database, at(1), key="k"), events._known, iter([None])
    monkeypatch.setattr(events, "_known", lambda session, new: next(looks, known(session, new)))
    assert send(database, at(1), key="k") == first, "the database said that somebody else was first"
    with database.read() as session:
        assert (count(session, Event), count(session, JournalRow)) == (1, 1)


def test_an_event_that_cannot_be_kept_is_refused_and_leaves_nothing(database: Database) -> None:
    with pytest.raises(Refused, match="the event's name 'Load done' must be a name"), database.write() as session:
        events.receive(session, NewEvent("Load done"), "ann", at(1))
    with database.read() as session:
        assert (count(session, Event), count(session, JournalRow)) == (0, 0)


def test_a_job_waits_says_so_and_starts_when_its_event_comes(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("sales", WAITS))
    assert tick(database, book, at(2)) == []
    assert tick(database, book, at(3)) == []
    (slot, _) = slots_of(database)
    assert (slot.state, slot.reason) == (SlotState.EXPECTED, "waits for the event load-done until 2026-11-21T04:00Z")
    send(database, at(2.5), name="load-started")
    assert tick(database, book, at(3)) == [], "another event is none"

    event = send(database, at(3.5))
    released = "due; released by the event load-done of 2026-11-21T03:30Z"
    assert tick(database, book, at(3.5))[0] == f"RUN000001 sales: {released}"
    (slot, second) = slots_of(database)
    assert (slot.event_id, slot.was_late, slot.reason, second.event_id) == (event, False, released, None)
    with database.read() as session:
        (start,) = [row for row in journal.rows_about(session, f"slot/{slot.id}") if row.tag.endswith(":start")]
        assert f'"event_id":{event}' in start.facts
        assert runs.get(session, 1).start_by == at(4.5), "it is late from now on, not from its due time"


def test_an_event_that_came_before_releases_the_slot_when_it_is_due(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("sales", WAITS))
    send(database, at(-1))
    assert tick(database, book, at(1.99)) == []
    tick(database, book, at(2))
    assert states(database) == ["started", "expected"]


@pytest.mark.parametrize(
    ("sent", "expected", "reason"),
    [
        ([at(3)], ["started", "missed"], "last night's event releases last night only"),
        ([at(3), at(3.5)], ["started", "missed"], "also when it is sent twice"),
        ([at(5)], ["missed", "missed"], "too late for the first, and not meant for the second"),
        ([at(3), at(-1, 22)], ["started", "started"], "each night has its own"),
        ([at(3), at(2.5, 22)], ["started", "started"], "before its due time or after"),
    ],
)
def test_no_night_is_released_by_the_event_of_the_night_before(
    database: Database, make_book: MakeBook, sent: list[datetime], expected: list[str], reason: str
) -> None:
    book = make_book(job("sales", WAITS + "overlap: {policy: queue, max_queued: 9}\n"))
    hours = [2.0, 2.6, 3.1, 3.6, 4.1, 5.1]
    _play(database, book, sent, [at(hour, night) for night in (21, 22) for hour in hours])
    assert states(database) == expected, reason


def _play(database: Database, book: Book, sent: list[datetime], ticks: list[datetime]) -> None:
    """Send the events and let the planner look, in the order of time."""
    for moment in sorted({*sent, *ticks}):
        if moment in sent:
            send(database, moment)
        tick(database, book, moment)


def test_two_slots_that_wait_at_once_take_one_event_each(database: Database, make_book: MakeBook) -> None:
    hourly = "schedule: {cron: '0 * * * *', timezone: UTC}\nwait_for_event: {name: load-done, up_to: 3h}\n"
    more = "overlap: {policy: queue, max_queued: 9}\n"
    book = make_book(job("sales", hourly + more), job("stock", hourly + more))
    began = EVENING + timedelta(hours=2, minutes=10)
    ids = [send(database, began)]
    tick(database, book, began)
    for name in ("sales", "stock"):
        first, second = slots_of(database, name, began)
        assert (first.event_id, second.event_id, second.state) == (ids[0], None, SlotState.EXPECTED), name
    ids.append(send(database, began + timedelta(minutes=1)))
    tick(database, book, began + timedelta(minutes=1))
    assert [slot.event_id for slot in slots_of(database, "sales", began)] == ids


def test_a_slot_whose_event_does_not_come_is_missed_and_told(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("sales", WAITS + "notify: [{on: [missed], to: 'secret://chat'}]\n"))
    assert tick(database, book, at(4)) == []
    (line,) = tick(database, book, at(4) + timedelta(seconds=1))
    reason = "the event load-done did not come between 2026-11-20T14:00Z and 2026-11-21T04:00Z"
    assert line.endswith(f"missed: {reason}")
    (slot, _) = slots_of(database)
    assert (slot.state, slot.reason, slot.was_late) == (SlotState.MISSED, reason, False)
    with database.write() as session:
        (order,) = session.scalars(select(OutboxRow))
        told = session.get_one(Notice, order.parameters["order"]["notice"])
        assert reason in told.facts["text"]
    send(database, at(5))
    tick(database, book, at(5))
    assert states(database) == ["missed", "expected"], "what comes too late does not bring it back"


def test_a_planner_that_was_down_finds_the_event_that_came_in_time(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("sales", WAITS + "catch_up: {policy: last, max_late: 3h}\n"))
    send(database, at(3))
    tick(database, book, at(5))
    (slot, _) = slots_of(database)
    assert (slot.state, slot.caught_up) == (SlotState.STARTED, True)
    assert slot.reason == "caught up 2h after it could start; released by the event load-done of 2026-11-21T03:00Z"


def test_catch_up_counts_from_the_event(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("sales", WAITS + "catch_up: {policy: last, max_late: 1h}\n"))
    send(database, at(3))
    tick(database, book, at(5))
    (slot, _) = slots_of(database)
    assert (slot.state, slot.reason) == (SlotState.MISSED, "2h late, which is more than its max_late of 1h")


@pytest.mark.parametrize(
    ("when", "upstream", "event", "expected", "reason"),
    [
        ("success", Outcome.OK, True, "started", "both are so"),
        ("success", Outcome.OK, False, "expected", "the job ended, the event is not there"),
        ("success", None, True, "expected", "the event is there, the job has not ended"),
        ("success", Outcome.FAILED, False, "skipped", "nothing to do, event or not"),
        ("failure", Outcome.FAILED, True, "started", "after a failure too"),
    ],
)
def test_a_job_that_comes_after_another_needs_the_event_as_well(
    database: Database,
    make_book: MakeBook,
    when: str,
    upstream: Outcome | None,
    event: bool,
    expected: str,
    reason: str,
) -> None:
    follows = f"after: [{{job: dump, when: {when}}}]\nwait_for_event: {{name: load-done}}\n"
    book = make_book(job("dump", NIGHTLY), job("sales", follows))
    tick(database, book, at(2))
    if upstream is not None:
        with database.write() as session:
            dump = session.scalars(select(Run).where(Run.job == "dump")).one()
            session.execute(
                Run.__table__.update()
                .where(Run.id == dump.id)
                .values(state="ended", outcome=upstream, ended_at=at(2.5))
            )
    if event:
        send(database, at(2.6))
    tick(database, book, at(3))
    assert states(database)[0] == expected, reason


def test_a_pause_skips_a_slot_that_waits(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("sales", WAITS))
    tick(database, book, at(2))
    with database.write() as session:
        session.add(Pause(job="sales", paused_at=at(2.5), until=at(2.75), paused_by="ann", reason="disk swap"))
    tick(database, book, at(2.6))
    (slot, _) = slots_of(database)
    assert slot.state is SlotState.SKIPPED
    with database.read() as session:
        pause = pauses.in_force(session, "sales", at(2), at(2.6))
        assert pause is not None
        assert slot.reason == pauses.in_words(pause)


@pytest.mark.parametrize(
    ("lasts", "expected", "reason"),
    [
        ("3h", ["expected", "started"], "the event came inside the blackout, which ends within max_late"),
        ("6h", ["missed", "missed"], "it ends later"),
    ],
)
def test_a_slot_waits_inside_a_blackout_and_is_judged_when_its_event_comes(
    database: Database, tmp_path: Path, lasts: str, expected: list[str], reason: str
) -> None:
    calendars = f"calendars:\n  window: {{windows: [{{day: mon-sun, at: '02:30', lasts: {lasts}}}], timezone: UTC}}\n"
    more = WAITS + "calendars: {never: [window]}\ncatch_up: {policy: last, max_late: 2h}\n"
    book = apply_site(database, write_site(tmp_path / "site", job("sales", more), calendars=calendars), EVENING)
    with database.write() as session:
        slots.plan_ahead(session, book, EVENING, "planner")
    tick(database, book, at(2))
    tick(database, book, at(3))
    assert states(database)[0] == "expected", "it waits for its event, whatever the blackout"
    send(database, at(3.75))
    tick(database, book, at(3.75))
    first = states(database)[0]
    tick(database, book, at(5.6))
    assert [first, states(database)[0]] == expected, reason


def test_a_run_by_hand_waits_for_no_event_and_uses_none_up(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("sales", WAITS + "overlap: {policy: queue, max_queued: 9}\n"))
    send(database, at(1))
    with database.write() as session:
        assert run_now(session, book, "sales", Wish("ann"), at(1.5)).state.value == "dispatched"
    tick(database, book, at(2))
    assert states(database)[0] == "started"


def test_events_are_forgotten_except_those_that_released_a_slot(
    database: Database, make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    book = make_book(job("sales", WAITS))
    kept = send(database, at(1))
    tick(database, book, at(2))
    old = [send(database, at(2 + hour)) for hour in range(3)]
    young = send(database, at(0, 25))
    gone = []
    while not gone or gone[-1]:
        with database.write() as session:
            gone.append(retention.forget_events(session, at(0, 26), timedelta(days=2)))
    assert gone == [2, 1, 0]
    with database.read() as session:
        assert set(session.scalars(select(Event.id))) == {kept, young}
    with database.write() as session:
        retention.forget_events(session, at(0, 30), timedelta(days=2))
    assert send(database, at(0, 30)) > max(*old, young), "a number in the journal means one event for ever"
