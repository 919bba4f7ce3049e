"""From slots to runs to outcomes, on both databases: every expected run is a row, every row is settled in words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.database import Database
from models.errors import MoveRefused, Refused, StaleClaim
from models.queries import closing, dispatching, journal, outbox, pauses, recovery, runs, slots
from models.queries.book import Book
from models.queries.dispatching import Wish
from models.queries.runs import ClaimedRun, OpenStep, StepResult
from models.queries.states import Because, advance
from models.queries.task_log import Started
from models.records import OutboxRow, Pause, Run, Slot, Step, TaskLog
from models.vocabulary import HostFault, Outcome, RunState, SlotState, StepState
from tests.sites import apply_site, job, write_site

NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)  # Friday, 12:00 in Berlin
HOURLY = "schedule: {cron: '0 * * * *'}\n"
ALL = ("web1", "web2", "web3", "web4")
MakeBook = Callable[..., Book]


@pytest.fixture
def make_book(database: Database, tmp_path: Path) -> MakeBook:
    def make(*jobs: str, now: datetime = NOON) -> Book:
        return apply_site(database, write_site(tmp_path / "site", "\n".join(jobs)), now)

    return make


def plan(database: Database, book: Book, now: datetime = NOON) -> int:
    with database.write() as session:
        return slots.plan_ahead(session, book, now, "planner")


def tick(database: Database, book: Book, now: datetime) -> list[str]:
    with database.write() as session:
        return list(dispatching.start_due(session, book, now, "planner"))


def slot_states(database: Database, name: str, until: datetime) -> list[str]:
    with database.read() as session:
        query = select(Slot.state).where(Slot.job == name, Slot.due_at <= until).order_by(Slot.due_at)
        return [state.value for state in session.scalars(query)]


def claim(database: Database, run_id: int = 1, attempt: int = 1) -> ClaimedRun:
    with database.write() as session:
        return runs.claim(session, run_id, attempt, "worker:1")


def finish(database: Database, claimed: ClaimedRun, outcomes: dict[str, Outcome]) -> Outcome | None:
    """Carry a claimed run out: these hosts end like this."""
    with database.write() as session:
        shares = [Started("run-on-hosts", NOON, "worker:1", claimed.run_id, host) for host in outcomes]
        opened = runs.open_steps(session, claimed, shares)
    with database.write() as session:
        runs.end_steps(session, [(step, result(outcomes[step.host])) for step in opened], "worker:1")
        return closing.close(session, claimed, "worker:1", failed_with=None)


def result(outcome: Outcome, fault: HostFault | None = None) -> StepResult:
    code = 0 if outcome is Outcome.OK else 3
    return StepResult(NOON, NOON, outcome, fault, code, f"exit code {code}", None, attached=False, streams=())


def get_run(database: Database, run_id: int = 1) -> Run:
    with database.read() as session:
        run = runs.get(session, run_id)
        session.expunge_all()
        return run


def test_slots_are_written_for_the_next_48_hours_and_once(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("check", HOURLY))
    assert plan(database, book) == 48
    assert plan(database, book) == 0
    assert plan(database, book, NOON + timedelta(hours=3)) == 3


def test_an_outage_longer_than_the_horizon_leaves_no_slot_unwritten(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("check", HOURLY))
    plan(database, book)
    back = NOON + timedelta(hours=100)
    assert plan(database, book, back) == 100
    tick(database, book, back + timedelta(minutes=30))
    states = slot_states(database, "check", back)
    assert states.count("missed") == 99
    assert states[-1] == "started", "only the latest slot is caught up"


def test_a_changed_schedule_replaces_future_slots_and_keeps_the_past(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("check", HOURLY))
    plan(database, book)
    later = NOON + timedelta(minutes=61)
    tick(database, book, later)
    book = make_book(job("check", "schedule: {cron: '30 * * * *'}"), now=later)
    plan(database, book, later)
    with database.read() as session:
        minutes = [due.minute for due in session.scalars(select(Slot.due_at).order_by(Slot.due_at))]
    assert minutes == [0] + [30] * 48


def test_a_due_slot_becomes_a_run_an_outbox_row_and_a_claim(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("check", HOURLY))
    plan(database, book)
    assert tick(database, book, NOON + timedelta(minutes=60, seconds=1)) == [
        "RUN000001 check: due",
        "RUN000001 check: sent to a worker",
    ]
    with database.read() as session:
        row = outbox.waiting(session, NOON + timedelta(hours=2))[0]
        assert (row.key, row.deployment) == ("run/1/1/0", "job-check")
        assert row.parameters == {"order": {"run": "RUN000001", "attempt": 1}}
    claimed = claim(database)
    assert claimed.plan.host_names == ("web1", "web2", "web3", "web4")
    assert finish(database, claimed, dict.fromkeys(claimed.plan.host_names, Outcome.OK)) is Outcome.OK
    assert slot_states(database, "check", NOON + timedelta(hours=1)) == ["done"]
    with database.read() as session:
        tags = [row.tag.split(":", 1)[1] for row in journal.rows_about(session, "run/1")]
        assert tags == ["run:queue", "run:dispatch", "run:claim", "run:end"]
        journal.verify(session)


def test_a_second_copy_of_a_run_does_not_start(database: Database, make_book: MakeBook) -> None:
    make_book_and_start(database, make_book)
    claim(database)
    with pytest.raises(StaleClaim, match="is running: this copy of it does not start"):
        claim(database)
    with pytest.raises(StaleClaim, match="attempt 2 does not start"):
        claim(database, attempt=2)


def make_book_and_start(database: Database, make_book: MakeBook, more: str = "") -> Book:
    book = make_book(job("check", HOURLY + more))
    plan(database, book)
    tick(database, book, NOON + timedelta(minutes=60, seconds=1))
    return book


def test_only_the_failed_hosts_are_tried_again_after_the_delay(database: Database, make_book: MakeBook) -> None:
    book = make_book_and_start(database, make_book, "retry: {attempts: 1, delay: 5m}\n")
    first = claim(database)
    outcomes = {**dict.fromkeys(first.plan.host_names, Outcome.OK), "web2": Outcome.FAILED}
    assert finish(database, first, outcomes) is None
    run = get_run(database)
    assert (run.state, run.attempt) == (RunState.RETRY_WAIT, 2)
    assert run.next_attempt_at is not None
    assert "RUN000001 check: attempt 2 is due" not in tick(database, book, run.next_attempt_at - timedelta(seconds=1))
    assert "RUN000001 check: attempt 2 is due" in tick(database, book, run.next_attempt_at)
    second = claim(database, attempt=2)
    assert second.plan.host_names == ("web2",)
    assert finish(database, second, {"web2": Outcome.OK}) is Outcome.OK
    assert slot_states(database, "check", NOON + timedelta(hours=1)) == ["done"]


@pytest.mark.parametrize(
    ("outcomes", "expected", "slot", "summary"),
    [
        ({"web1": Outcome.FAILED}, Outcome.PARTIAL, "failed", "not ok on 1 of 4 hosts: web1 exit code 3"),
        ({"web1": Outcome.TIMED_OUT}, Outcome.PARTIAL, "failed", "not ok on 1 of 4 hosts: web1 exit code 3"),
        ({"web1": Outcome.UNKNOWN}, Outcome.UNKNOWN, "failed", "not ok on 1 of 4 hosts: web1 exit code 3"),
        (
            dict.fromkeys(["web1", "web2", "web3", "web4"], Outcome.FAILED),
            Outcome.FAILED,
            "failed",
            "not ok on 4 of 4 hosts",
        ),
        ({}, Outcome.OK, "done", "ok on 4 of 4 hosts"),
    ],
)
def test_a_run_ends_as_its_hosts_did(
    database: Database, make_book: MakeBook, outcomes: dict[str, Outcome], expected: Outcome, slot: str, summary: str
) -> None:
    make_book_and_start(database, make_book)
    claimed = claim(database)
    assert finish(database, claimed, {**dict.fromkeys(claimed.plan.host_names, Outcome.OK), **outcomes}) is expected
    run = get_run(database)
    assert run.outcome is expected
    assert (run.summary or "").startswith(summary)
    assert slot_states(database, "check", NOON + timedelta(hours=1)) == [slot]


def test_a_dead_workers_run_is_taken_up_and_its_open_step_keeps_its_key(
    database: Database, make_book: MakeBook
) -> None:
    make_book_and_start(database, make_book)
    first = claim(database)
    with database.write() as session:
        shares = [Started("run-on-hosts", NOON, "worker:1", 1, host) for host in ("web1", "web2")]
        opened = runs.open_steps(session, first, shares)
        runs.end_steps(session, [(opened[0], result(Outcome.OK))], "worker:1")
        assert recovery.take_up_lost_runs(session, NOON, "planner") == [], "its lease still holds"
        run = session.get(Run, 1)
        run.lease_until = runs.now_by_database(session) - timedelta(seconds=1)
    with database.write() as session:
        assert "is taken up again" in recovery.take_up_lost_runs(session, NOON, "planner")[0]
        log = {row.host: row.outcome for row in session.scalars(select(TaskLog))}
        assert log == {"web1": Outcome.OK, "web2": Outcome.UNKNOWN}
    second = claim(database)
    assert second.fence == 2
    assert second.plan.host_names == ("web2", "web3", "web4")
    with database.write() as session:
        again = runs.open_steps(session, second, [Started("run-on-hosts", NOON, "worker:2", 1, "web2")])
        assert [step.key for step in again] == [opened[1].key], "the host can tell whether it was started"
    with pytest.raises(StaleClaim, match="in other hands"), database.write() as session:
        closing.close(session, first, "worker:1", failed_with=None)
    with database.write() as session:
        assert not runs.extend_lease(session, first)
        assert runs.extend_lease(session, second)


def test_a_run_that_is_lost_again_and_again_is_given_up_as_unknown(database: Database, make_book: MakeBook) -> None:
    make_book_and_start(database, make_book)
    for _ in range(recovery.MOST_RECOVERIES + 1):
        claim(database)
        with database.write() as session:
            session.get(Run, 1).lease_until = runs.now_by_database(session) - timedelta(seconds=1)
        with database.write() as session:
            lines = recovery.take_up_lost_runs(session, NOON, "planner")
    assert "given up" in lines[0]
    assert get_run(database).outcome is Outcome.UNKNOWN


def test_a_blackout_skips_the_slot_and_says_so(database: Database, make_book: MakeBook) -> None:
    christmas = datetime(2026, 12, 24, 9, tzinfo=UTC)
    book = make_book(job("check", HOURLY + "calendars: {never: [freeze]}"), now=christmas)
    plan(database, book, christmas)
    with database.read() as session:
        slot = session.scalars(select(Slot).order_by(Slot.due_at)).first()
        assert slot is not None
        assert slot.state is SlotState.SKIPPED
        assert "Christmas freeze" in (slot.reason or "")
    assert tick(database, book, christmas + timedelta(hours=1)) == []


def test_a_run_that_reaches_its_worker_too_late_is_missed_not_started(database: Database, make_book: MakeBook) -> None:
    make_book_and_start(database, make_book, "catch_up: {policy: last, max_late: 30m}\n")
    with database.write() as session:
        reason = closing.refuse_if_too_late(session, 1, NOON + timedelta(hours=5))
    assert reason is not None
    assert "its last moment to start" in reason
    assert slot_states(database, "check", NOON + timedelta(hours=1)) == ["missed"]
    with pytest.raises(StaleClaim):
        claim(database)


def test_a_run_that_reaches_its_worker_inside_a_blackout_does_not_start(
    database: Database, make_book: MakeBook
) -> None:
    eve = datetime(2026, 12, 23, 21, 30, tzinfo=UTC)
    more = HOURLY + "calendars: {never: [freeze]}\ncatch_up: {policy: last, max_late: 12h}\n"
    book = make_book(job("check", more), now=eve)
    plan(database, book, eve)
    assert tick(database, book, eve + timedelta(minutes=31)) != []
    with database.write() as session:
        reason = closing.refuse_if_too_late(session, 1, eve + timedelta(hours=5))
    assert "inside the blackout freeze" in (reason or "")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("none", ["missed"] * 6),
        ("last", ["missed"] * 5 + ["started"]),
        ("all", ["started", "started", "late", "late", "late", "late"]),
    ],
)
def test_six_hours_without_a_planner_are_settled_by_the_catch_up_policy(
    database: Database, make_book: MakeBook, policy: str, expected: list[str]
) -> None:
    more = HOURLY + f"catch_up: {{policy: {policy}, max_late: 12h}}\noverlap: {{policy: queue, max_queued: 1}}\n"
    book = make_book(job("check", more))
    plan(database, book)
    tick(database, book, NOON + timedelta(hours=6, minutes=10))
    assert slot_states(database, "check", NOON + timedelta(hours=6)) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("forbid", "missed"), ("cancel new", "skipped"), ("queue", "started"), ("cancel old", "started")],
)
def test_a_slot_that_is_due_while_a_run_is_active_follows_the_overlap_policy(
    database: Database, make_book: MakeBook, policy: str, expected: str
) -> None:
    book = make_book_and_start(database, make_book, f"overlap: {{policy: {policy}}}\n")
    claim(database)
    tick(database, book, NOON + timedelta(hours=2, seconds=1))
    assert slot_states(database, "check", NOON + timedelta(hours=2))[-1] == expected
    with database.read() as session:
        states = [run.state for run in session.scalars(select(Run).order_by(Run.id))]
        kills = list(session.scalars(select(OutboxRow.deployment).where(OutboxRow.deployment == "kill-run")))
    assert states == [RunState.RUNNING] + [RunState.QUEUED] * (expected == "started")
    assert bool(kills) is (policy == "cancel old")


def test_a_queued_run_starts_when_the_one_before_it_ends(database: Database, make_book: MakeBook) -> None:
    book = make_book_and_start(database, make_book)
    first = claim(database)
    later = NOON + timedelta(hours=2, seconds=1)
    tick(database, book, later)
    assert get_run(database, 2).state is RunState.QUEUED
    finish(database, first, dict.fromkeys(first.plan.host_names, Outcome.OK))
    assert tick(database, book, later) == ["RUN000002 check: sent to a worker"]


@pytest.mark.parametrize(
    ("when", "upstream", "expected"),
    [
        ("success", Outcome.OK, "started"),
        ("success", Outcome.FAILED, "skipped"),
        ("failure", Outcome.FAILED, "started"),
        ("failure", Outcome.OK, "skipped"),
        ("always", Outcome.FAILED, "started"),
    ],
)
def test_a_dependent_job_waits_for_its_upstream_and_follows_its_outcome(
    database: Database, make_book: MakeBook, when: str, upstream: Outcome, expected: str
) -> None:
    book = make_book(job("dump", HOURLY), job("verify", f"after: [{{job: dump, when: {when}}}]"))
    assert plan(database, book) == 96, "the dependent job is expected whenever its upstream is"
    now = NOON + timedelta(minutes=60, seconds=1)
    tick(database, book, now)
    assert slot_states(database, "verify", now) == ["expected"]
    claimed = claim(database)
    finish(database, claimed, dict.fromkeys(claimed.plan.host_names, upstream))
    tick(database, book, now)
    assert slot_states(database, "verify", now) == [expected]


def test_a_job_whose_upstream_took_hours_is_not_too_late(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("dump", "schedule: {cron: '0 13 * * *'}"), job("verify", "after: [{job: dump}]"))
    plan(database, book)
    tick(database, book, NOON + timedelta(hours=1, seconds=1))
    claimed = claim(database)
    finish(database, claimed, dict.fromkeys(claimed.plan.host_names, Outcome.OK))
    later = NOON + timedelta(hours=5)
    assert any("verify: sent to a worker" in line for line in tick(database, book, later))
    with database.write() as session:
        assert closing.refuse_if_too_late(session, 2, later + timedelta(minutes=1)) is None


def test_a_paused_job_skips_its_slots_until_the_pause_ends(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("check", HOURLY))
    plan(database, book)
    until = NOON + timedelta(minutes=90)
    with database.write() as session:
        pause = Pause(job="check", paused_at=NOON, until=until, paused_by="ann", reason="disk swap")
        pauses.start(session, pause, "UTC")
    tick(database, book, NOON + timedelta(hours=1, seconds=1))
    tick(database, book, NOON + timedelta(hours=2, seconds=1))
    assert slot_states(database, "check", NOON + timedelta(hours=2)) == ["skipped", "started"]
    with pytest.raises(Refused, match="is paused by ann"), database.write() as session:
        pauses.start(session, Pause(job="check", paused_at=NOON, paused_by="bob", reason="again"), "UTC")


def test_a_pause_that_was_ended_early_covers_nothing_after(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("check", HOURLY))
    plan(database, book)
    with database.write() as session:
        pause = Pause(job=None, paused_at=NOON, until=NOON + timedelta(hours=5), paused_by="ann", reason="freeze")
        pauses.start(session, pause, "UTC")
    with database.write() as session:
        pauses.end(session, None, "ann", NOON + timedelta(minutes=30))
    tick(database, book, NOON + timedelta(hours=1, seconds=1))
    assert slot_states(database, "check", NOON + timedelta(hours=1)) == ["started"]


def test_a_late_slot_is_marked_before_it_runs(database: Database, make_book: MakeBook) -> None:
    book = make_book(job("check", HOURLY + "late_after: 5m\ncatch_up: {policy: last, max_late: 2h}\n"))
    plan(database, book)
    tick(database, book, NOON + timedelta(minutes=70))
    with database.read() as session:
        slot = session.scalars(select(Slot).order_by(Slot.due_at)).first()
        assert slot is not None
        assert (slot.was_late, slot.caught_up, slot.state) == (True, True, SlotState.STARTED)


def test_a_run_by_hand_takes_parameters_and_other_hosts(database: Database, make_book: MakeBook) -> None:
    more = "parameters: {days: {type: integer, default: 7, minimum: 1}}\n"
    text = job("tidy", more).replace("command: [echo, hi]", 'command: [echo, --days, "{days}"]')
    book = make_book(text)
    with database.write() as session:
        run = dispatching.run_now(session, book, "tidy", Wish("ann", {"days": 3}, on="host=web2"), NOON)
        assert run.state is RunState.DISPATCHED
        assert run.plan["command"]["argv"] == ["echo", "--days", "3"]
        assert run.plan["waves"] == [["web2"]]
    with pytest.raises(Refused, match="days"), database.write() as session:
        dispatching.run_now(session, book, "tidy", Wish("ann", {"days": 0}), NOON)
    with pytest.raises(Refused, match="cannot be read"), database.write() as session:
        dispatching.run_now(session, book, "tidy", Wish("ann", on="tag=web and"), NOON)
    with pytest.raises(Refused, match="no host matches"), database.write() as session:
        dispatching.run_now(session, book, "tidy", Wish("ann", on="tag=none"), NOON)


def test_killing_a_run_that_has_not_started_ends_it_at_once(database: Database, make_book: MakeBook) -> None:
    make_book_and_start(database, make_book)
    with database.write() as session:
        words = dispatching.request_kill(session, runs.get(session, 1), NOON, "ann", "wrong day")
    assert words == "ended before anything was sent to a host"
    assert get_run(database).outcome is Outcome.KILLED
    with pytest.raises(Refused, match="has ended already"), database.write() as session:
        dispatching.request_kill(session, runs.get(session, 1), NOON, "ann", "wrong day")


def test_a_killed_run_is_not_tried_again(database: Database, make_book: MakeBook) -> None:
    make_book_and_start(database, make_book, "retry: {attempts: 3, delay: 1s}\n")
    claimed = claim(database)
    with database.write() as session:
        dispatching.request_kill(session, runs.get(session, 1), NOON, "ann", "wrong day")
    with database.read() as session:
        assert runs.is_kill_requested(session, 1)
    assert finish(database, claimed, {"web1": Outcome.OK, "web2": Outcome.KILLED}) is Outcome.KILLED


def test_nobody_changes_a_state_that_somebody_else_changed_first(database: Database, make_book: MakeBook) -> None:
    make_book_and_start(database, make_book)
    with database.write() as session:
        run = runs.get(session, 1)
        session.execute(Run.__table__.update().values(state=RunState.QUEUED))
        with pytest.raises(MoveRefused, match="somebody else was first"):
            advance(session, run, "claim", Because("worker:1"), fence=1)


def test_a_repeated_move_with_the_same_key_is_a_no_op(database: Database, make_book: MakeBook) -> None:
    make_book_and_start(database, make_book)
    for expected in (True, False):
        with database.write() as session:
            run = runs.get(session, 1)
            because = Because("relay", "asked again", key="again/1")
            assert advance(session, run, "dispatch again", because, recoveries=1) is expected


@pytest.mark.parametrize(
    ("first", "later", "stands"),
    [
        (Outcome.KILLED, Outcome.FAILED, Outcome.KILLED),
        (Outcome.KILL_UNCONFIRMED, Outcome.TIMED_OUT, Outcome.TIMED_OUT),
        (Outcome.KILL_UNCONFIRMED, Outcome.UNKNOWN, Outcome.KILL_UNCONFIRMED),
    ],
    ids=["a proof stands", "the host's own word settles a doubt", "a doubt does not settle a doubt"],
)
def test_what_a_kill_recorded_first_stands_unless_it_was_a_doubt(
    database: Database, make_book: MakeBook, first: Outcome, later: Outcome, stands: Outcome
) -> None:
    make_book_and_start(database, make_book)
    claimed = claim(database)
    with database.write() as session:
        (opened,) = runs.open_steps(session, claimed, [Started("run-on-hosts", NOON, "worker:1", 1, "web1")])
        step = session.get(Step, opened.step_id)
        advance(session, step, "end", Because("ann"), outcome=first, ended_at=NOON)
    with database.write() as session:
        again = OpenStep(opened.step_id, "web1", opened.key, opened.log_id)
        runs.end_steps(session, [(again, result(later))], "w")
    with database.read() as session:
        step = session.get(Step, opened.step_id)
        assert step is not None
        assert (step.state, step.outcome) == (StepState.ENDED, stands)


def test_a_kill_that_is_asked_for_again_is_done_again(database: Database, make_book: MakeBook) -> None:
    make_book_and_start(database, make_book)
    claim(database)
    for later in (0, 10):
        with database.write() as session:
            run = runs.get(session, 1)
            dispatching.request_kill(session, run, NOON + timedelta(seconds=later), "ann", "it hangs")
    with database.read() as session:
        query = select(func.count()).select_from(OutboxRow).where(OutboxRow.deployment == "kill-run")
        assert session.scalar(query) == 2
