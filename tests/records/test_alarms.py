"""A look at every job, on both databases: it reads first, writes only news, and what it says is true when asked."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from models.database import Database
from models.queries import alarms, pauses, slots
from models.queries.alarm_facts import facts_of
from models.queries.book import Book
from models.records import Alarm, OutboxRow, Pause, Run, Slot
from models.rules.alarms import EndedRun
from models.vocabulary import AlarmKind, Outcome, RunState, SlotState, Trigger
from tests.sites import apply_site, job, write_site

NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)
LIMITS = "alarms: {too_long: 10m, no_success_for: 2h}\n"
TOLD = "notify: [{on: [too long, cleared], to: 'secret://chat'}]\n"


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Book:
    folder = write_site(tmp_path / "site", "\n".join([job("check", LIMITS + TOLD), job("dump"), job("sync")]))
    return apply_site(database, folder, NOON)


def ran(database: Database, name: str, ended: datetime, outcome: Outcome = Outcome.OK) -> None:
    """A run of one minute by hand."""
    facts = {"queued_at": ended - timedelta(minutes=1), "started_at": ended - timedelta(minutes=1), "ended_at": ended}
    with database.write() as session:
        kept = {"plan": {}, "requested_by": "ann", "trigger": Trigger.MANUAL}
        session.add(Run(job=name, state=RunState.ENDED, outcome=outcome, **kept, **facts))


def look(database: Database, book: Book, now: datetime) -> list[str]:
    """One look as the planner makes it."""
    with database.read() as session:
        news = alarms.jobs_with_news(session, book, now)
    with database.write() as session:
        return alarms.look(session, book, now, news) if news else []


def recorded(database: Database) -> list[tuple[str, str, bool, int]]:
    """Each alarm on record: its job and kind, whether it is open, how often it was renewed."""
    with database.read() as session:
        rows = session.scalars(select(Alarm).order_by(Alarm.id))
        return [(row.job, row.kind.value, row.cleared_at is None, row.count) for row in rows]


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, by either engine."""
    seen: list[str] = []

    def keep(_c: object, _k: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engines = (database._engine, database._read_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", keep)
    yield seen
    for engine in engines:
        event.remove(engine, "before_cursor_execute", keep)


def test_a_failed_run_raises_an_alarm_and_a_good_one_clears_it(database: Database, book: Book) -> None:
    ran(database, "dump", NOON, Outcome.FAILED)
    assert look(database, book, NOON) == ["dump: failed: the last run ended failed at 2026-11-20T11:00Z"]
    assert look(database, book, NOON + timedelta(seconds=5)) == []
    ran(database, "dump", NOON + timedelta(minutes=5))
    assert look(database, book, NOON + timedelta(minutes=6)) == [
        "dump: failed is over: the last run ended failed at 2026-11-20T11:00Z"
    ]
    assert recorded(database) == [("dump", "failed", False, 1)]


def test_a_look_without_news_needs_no_turn_to_write(sqlite: Database, tmp_path: Path) -> None:
    book = apply_site(sqlite, write_site(tmp_path / "site", job("dump")), NOON)
    ran(sqlite, "dump", NOON, Outcome.FAILED)
    look(sqlite, book, NOON)
    assert sqlite._file is not None
    with sqlite._file.with_name(sqlite._file.name + ".queue").open("a") as queue:
        fcntl.flock(queue.fileno(), fcntl.LOCK_EX)  # as another process that is writing
        assert look_only(sqlite, book, NOON + timedelta(minutes=1)) == set()
        with sqlite.read() as session:
            assert [alarm.kind for alarm in alarms.standing(session, book, NOON)] == [AlarmKind.FAILED]


def look_only(database: Database, book: Book, now: datetime) -> set[str]:
    with database.read() as session:
        return alarms.jobs_with_news(session, book, now)


def test_the_statements_of_a_look_do_not_grow_with_the_jobs(sqlite: Database, tmp_path: Path) -> None:
    sent = []
    for number in (2, 40):
        text = "\n".join(job(f"job-{n}", LIMITS) for n in range(number))
        book = apply_site(sqlite, write_site(tmp_path / "site", text), NOON)
        with statements(sqlite) as seen:
            assert look_only(sqlite, book, NOON) == set()
        sent.append(len(seen))
    assert sent[0] == sent[1]


def test_what_is_no_longer_so_when_the_turn_comes_is_not_written(database: Database, book: Book) -> None:
    ran(database, "dump", NOON, Outcome.FAILED)
    news = look_only(database, book, NOON)
    ran(database, "dump", NOON + timedelta(minutes=2))  # while the planner waits for its turn
    assert news == {"dump"}
    with database.write() as session:
        assert alarms.look(session, book, NOON + timedelta(minutes=2), news) == []
    assert recorded(database) == []


def test_two_planners_with_the_same_news_raise_one_alarm(database: Database, book: Book) -> None:
    ran(database, "dump", NOON, Outcome.FAILED)
    for news in [look_only(database, book, NOON) for _planner in range(2)]:
        with database.write() as session:
            alarms.look(session, book, NOON, news)
    assert recorded(database) == [("dump", "failed", True, 1)]


def test_what_is_wrong_is_known_before_any_planner_has_recorded_it(database: Database, book: Book) -> None:
    ran(database, "dump", NOON, Outcome.FAILED)
    with database.read() as session:
        (alarm,) = alarms.standing(session, book, NOON + timedelta(seconds=1))
    assert (alarm.job, alarm.kind, alarm.since, alarm.count) == ("dump", AlarmKind.FAILED, NOON, 1)
    look(database, book, NOON + timedelta(seconds=3))
    ran(database, "dump", NOON + timedelta(minutes=1))
    with database.read() as session:
        assert alarms.standing(session, book, NOON + timedelta(minutes=1)) == [], "and when it is over, at once too"


def test_the_text_of_a_long_run_is_renewed_once_a_minute(database: Database, book: Book) -> None:
    with database.write() as session:
        kept = {"plan": {}, "requested_by": "ann", "trigger": Trigger.MANUAL, "lease_until": NOON + timedelta(days=1)}
        session.add(Run(job="check", state=RunState.RUNNING, queued_at=NOON, started_at=NOON, **kept))
    start = NOON + timedelta(minutes=11)
    assert look(database, book, start) == ["check: too long: runs for 11m; the limit is 10m"]
    for seconds in (5, 30, 59, 61, 90):
        look(database, book, start + timedelta(seconds=seconds))
    assert recorded(database) == [("check", "too long", True, 2)]
    with database.read() as session:
        assert len(list(session.scalars(select(OutboxRow)))) == 1, "people hear of it once"


def test_the_alarms_of_a_job_that_left_the_site_are_cleared(database: Database, book: Book, tmp_path: Path) -> None:
    ran(database, "dump", NOON, Outcome.FAILED)
    look(database, book, NOON)
    smaller = apply_site(database, write_site(tmp_path / "site", job("check")), NOON)
    assert look(database, smaller, NOON + timedelta(minutes=1))[0].startswith("dump: failed is over")


CASES: list[tuple[Callable[[Database], None], str, object, str]] = [
    (lambda _db: None, "last_success", None, "nothing ever ran"),
    (lambda db: ran(db, "dump", NOON, Outcome.FAILED), "last_success", None, "a failure is no success"),
    (
        lambda db: [ran(db, "dump", NOON - timedelta(hours=n)) for n in (1, 3, 2)] and None,
        "last_success",
        NOON - timedelta(hours=1),
        "the newest of several, whatever the order of the rows",
    ),
    (
        lambda db: [ran(db, name, NOON, Outcome.FAILED) for name in ("check", "sync")] and None,
        "last_ended",
        None,
        "other jobs' runs are theirs",
    ),
    (
        lambda db: ran(db, "dump", NOON, Outcome.PARTIAL),
        "last_ended",
        EndedRun(NOON - timedelta(minutes=1), NOON, Outcome.PARTIAL),
        "the last run, with its times",
    ),
]


@pytest.mark.parametrize(("rows", "fact", "expected", "reason"), CASES, ids=[case[3] for case in CASES])
def test_each_fact_is_read_from_the_jobs_own_rows(
    database: Database, book: Book, rows: Callable[[Database], None], fact: str, expected: object, reason: str
) -> None:
    rows(database)
    with database.read() as session:
        assert getattr(facts_of(session, book, ["dump"], NOON)["dump"], fact) == expected, reason


def settled(job_name: str, due: datetime, state: SlotState) -> Slot:
    at = None if state is SlotState.LATE else due
    return Slot(job=job_name, due_at=due, state=state, planned_at=due, settled_at=at)


def test_missed_slots_count_from_the_last_success_of_their_own_job(database: Database, book: Book) -> None:
    hours = [NOON + timedelta(hours=n) for n in range(1, 5)]
    ran(database, "dump", hours[1] + timedelta(minutes=1))
    with database.write() as session:
        session.add_all(settled(name, due, SlotState.MISSED) for name in ("dump", "sync") for due in hours)
    with database.read() as session:
        facts = facts_of(session, book, ["dump", "sync"], hours[3])
    assert (facts["dump"].missed, facts["sync"].missed) == (tuple(hours[2:]), tuple(hours))


def test_the_late_slot_of_a_paused_job_is_no_alarm(database: Database, book: Book) -> None:
    with database.write() as session:
        session.add_all(settled(name, NOON, SlotState.LATE) for name in ("dump", "sync"))
        pauses.start(session, Pause(job="dump", paused_at=NOON, paused_by="ann", reason="disk swap"), "UTC")
    assert look_only(database, book, NOON + timedelta(minutes=10)) == {"sync"}
    with database.read() as session:
        assert slots.due(session, NOON).keys() == {"dump", "sync"}
