"""The planner under clocks that jump, outages, and a second planner: no slot twice, none lost, each has its word."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from deployments.engine.planner import Planner
from models.database import Database
from models.errors import Refused, StaleClaim, WatchbillError
from models.queries import dispatching, journal, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.records import Job, OutboxRow, Run, Slot
from models.settings import Settings
from models.vocabulary import SlotState
from tests.sites import apply_site, job, write_site

pytestmark = pytest.mark.fault
START = datetime(2026, 11, 20, 11, tzinfo=UTC)
HOURLY = 'schedule: {cron: "0 * * * *", timezone: UTC}\noverlap: {policy: queue, max_queued: 100}\n'
MakePlanner = Callable[..., Planner]


@pytest.fixture
def make_planner(database: Database, tmp_path: Path) -> Iterator[MakePlanner]:
    """Planners on a site that was applied at the start."""

    def make(jobs: str | None = None) -> Planner:
        if jobs is not None:
            apply_site(database, write_site(tmp_path / "site", jobs), START)
            with database.write() as session:
                session.execute(update(Job).values(registered_at=START))
        return Planner(database, Settings(home=tmp_path, database_url=None))

    yield make


def states(database: Database) -> Counter[SlotState]:
    with database.read() as session:
        return Counter(session.scalars(select(Slot.state).where(Slot.due_at <= START + timedelta(days=30))))


def runs_by_slot(database: Database) -> dict[datetime, int]:
    """How many runs each slot that started has."""
    with database.read() as session:
        return Counter(session.scalars(select(Slot.due_at).join(Run, Run.slot_id == Slot.id)))


def hours(*numbers: int) -> dict[datetime, int]:
    return {START + timedelta(hours=number): 1 for number in numbers}


def test_a_clock_that_is_set_back_starts_no_slot_twice(database: Database, make_planner: MakePlanner) -> None:
    planner = make_planner(job("hourly", HOURLY))
    for minutes in (0, 61, 121, 1, 62, 122, 30, 181):
        planner.tick(START + timedelta(minutes=minutes))
    assert runs_by_slot(database) == hours(1, 2, 3)
    with database.read() as session:
        dues = list(session.scalars(select(Slot.due_at)))
        assert len(dues) == len(set(dues))
        journal.verify(session)


def test_a_clock_that_is_set_back_does_not_stop_the_work(database: Database, make_planner: MakePlanner) -> None:
    planner = make_planner(job("hourly", HOURLY))
    planner.tick(START + timedelta(days=1))
    for minutes in range(0, 240, 30):
        planner.tick(START + timedelta(minutes=minutes, seconds=1))
    # Those due before the clock jumped ahead were settled then: caught up or missed, each once.
    assert all(count == 1 for count in runs_by_slot(database).values())
    with database.read() as session:
        waiting = select(Slot).where(Slot.due_at <= START + timedelta(hours=3), Slot.state == SlotState.EXPECTED)
        assert session.scalars(waiting).all() == []


@pytest.mark.parametrize(
    ("catch_up", "started", "missed"),
    [
        ("none", 0, 26),
        ("last", 1, 25),
        ("all", 3, 23),
    ],
    ids=["none of them runs late", "the newest runs", "those run that are at most three hours late"],
)
def test_a_clock_that_is_set_forward_is_like_an_outage_every_slot_is_settled(
    database: Database, make_planner: MakePlanner, catch_up: str, started: int, missed: int
) -> None:
    planner = make_planner(job("hourly", HOURLY + f"catch_up: {{policy: {catch_up}, max_late: 3h}}\n"))
    planner.tick(START)
    planner.tick(START + timedelta(hours=26, minutes=30))
    found = states(database)
    assert (found[SlotState.STARTED], found[SlotState.MISSED]) == (started, missed)
    with database.read() as session:
        reasons = session.scalars(select(Slot.reason).where(Slot.state == SlotState.MISSED)).all()
        assert all(reasons), "each missed slot says why"


def test_five_hundred_slots_of_an_outage_are_rows_and_one_of_them_runs(
    database: Database, make_planner: MakePlanner
) -> None:
    planner = make_planner(job("often", "schedule: {every: 1m, anchor: 2026-01-01T00:00:00Z}\n"))
    planner.tick(START)
    planner.tick(START + timedelta(minutes=500, seconds=30))
    planner.tick(START + timedelta(minutes=500, seconds=31))
    found = states(database)
    assert found[SlotState.STARTED] + found[SlotState.MISSED] == 500
    with database.read() as session:
        late = session.scalars(select(Run).order_by(Run.id)).all()
        assert len(session.scalars(select(OutboxRow)).all()) == 1
        assert [run.start_by is not None for run in late] == [True] * len(late)


def test_planners_at_once_write_and_start_each_slot_once(database: Database, make_planner: MakePlanner) -> None:
    jobs = "".join(job(f"job-{number}", HOURLY) for number in range(1, 6))
    planners = [make_planner(jobs), make_planner(), make_planner()]
    refused: list[WatchbillError] = []
    together = threading.Barrier(len(planners))

    def tick(planner: Planner) -> None:
        for minutes in (0, 61, 121):
            together.wait()
            try:
                planner.tick(START + timedelta(minutes=minutes))
            except WatchbillError as error:
                refused.append(error)

    threads = [threading.Thread(target=tick, args=(planner,)) for planner in planners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with database.read() as session:
        assert Counter(session.scalars(select(Run.job))) == {f"job-{number}": 2 for number in range(1, 6)}
        keys = Counter(session.execute(select(Slot.job, Slot.due_at)).tuples())
        assert set(keys.values()) == {1}
        journal.verify(session)
    assert refused == []


def test_of_two_people_who_start_a_job_that_must_not_overlap_one_is_refused(
    database: Database, make_planner: MakePlanner
) -> None:
    make_planner(job("alone", "overlap: {policy: forbid}\n"))
    refused: list[Refused] = []
    together = threading.Barrier(4)

    def ask(person: str) -> None:
        with database.read() as session:
            book = read_book(session)
        together.wait()
        try:
            with database.write() as session:
                dispatching.run_now(session, book, "alone", Wish(person), START)
                together_or_not.wait(0.2)
        except Refused as error:
            refused.append(error)

    together_or_not = threading.Event()
    """Never set: whoever decided waits a moment before the commit, so that the others decide meanwhile if they can."""
    threads = [threading.Thread(target=ask, args=(f"person-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.read() as session:
        assert len(session.scalars(select(Run)).all()) == 1
    assert len(refused) == 3


def test_of_twenty_workers_that_claim_one_run_one_gets_it(database: Database, make_planner: MakePlanner) -> None:
    make_planner(job("wanted"))
    with database.write() as session:
        dispatching.run_now(session, read_book(session), "wanted", Wish("ann"), START)
    got: list[str] = []
    together = threading.Barrier(20)

    def claim(worker: str) -> None:
        together.wait()
        with suppress(StaleClaim), database.write() as session:
            runs.claim(session, 1, 1, worker)
            got.append(worker)

    threads = [threading.Thread(target=claim, args=(f"worker:{number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.read() as session:
        run = runs.get(session, 1)
        assert (got, run.fence) == ([run.worker], 1)
