"""The daily operations log says what the rows say, no more and no less."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from models.database import Database
from models.queries.daily_operations import DailyOperations, Period
from models.queries.daily_operations.content import Count, Mood
from models.records import Alarm, Heartbeat, RestorePoint, Run, Slot, Step
from models.vocabulary import AlarmKind, Health, HostFault, Outcome, RunState, SlotState, Trigger
from tests.records.backup_month import NOW as MONTH_END
from tests.records.backup_month import eventful_month, quiet_month
from tests.records.night import NOW, PERIOD, STATE_OF, Night, at, eventful

BAD = (Outcome.PARTIAL, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.KILLED, Outcome.KILL_UNCONFIRMED, Outcome.UNKNOWN)


@pytest.fixture
def night(sqlite: Database) -> Night:
    made = Night(sqlite)
    with made.at_once():
        made.site()
        made.job("dump-db")
        made.alive()
    return made


def figures(log: DailyOperations) -> dict[str, int]:
    """The figures that are not zero."""
    found = {name: getattr(log.counts, name) for name in vars(log.counts) if name != "outcomes"}
    return {name: count.number for name, count in found.items() if isinstance(count, Count) and count.number}


GOOD = {"expected": 1, "ran": 1, "right_first_time": 1, "ended_well": 1}
CASES: list[tuple[str, Callable[[Night], object], dict[str, int], str]] = [
    ("good", lambda n: n.ran("dump-db", at(20)), GOOD, "plainly good"),
    (
        "second attempt",
        lambda n: n.ran("dump-db", at(20), attempt=2),
        {"expected": 1, "ran": 1, "ended_well": 1},
        "good, but not right first time",
    ),
    (
        "late",
        lambda n: n.ran("dump-db", at(20), late=timedelta(minutes=9)),
        {**GOOD, "late": 1},
        "late is told beside how it ended",
    ),
    (
        "caught up",
        lambda n: n.ran("dump-db", at(20), state=SlotState.CAUGHT_UP, trigger=Trigger.CATCH_UP),
        {**GOOD, "caught_up": 1},
        "after an outage, by policy",
    ),
    (
        "missed",
        lambda n: n.slot("dump-db", at(20), SlotState.MISSED, reason="away"),
        {"expected": 1, "missed": 1},
        "no run at all",
    ),
    (
        "reached its worker too late",
        lambda n: n.ran("dump-db", at(20), Outcome.MISSED),
        {"expected": 1, "ran": 1, "missed": 1},
        "missed, not failed",
    ),
    (
        "skipped",
        lambda n: n.slot("dump-db", at(20), SlotState.SKIPPED, reason="skipped by calendar: blackout"),
        {"expected": 1, "skipped": 1},
        "planned so",
    ),
    ("not due yet", lambda n: n.slot("dump-db", at(7, 21), SlotState.EXPECTED), {}, "outside the period"),
    ("the end is not in it", lambda n: n.ran("dump-db", PERIOD.until), {}, "[since, until)"),
    ("the beginning is", lambda n: n.ran("dump-db", PERIOD.since), GOOD, "[since, until)"),
    (
        "waits",
        lambda n: n.slot("dump-db", at(29), SlotState.LATE, was_late=True),
        {"expected": 1, "late": 1, "still_open": 1},
        "neither ran nor missed yet",
    ),
    ("by hand", lambda n: n.run("dump-db", at(20), Outcome.OK), {"by_hand": 1}, "nobody expected it"),
    (
        "by hand, failed",
        lambda n: n.run("dump-db", at(20), Outcome.FAILED),
        {"by_hand": 1, "by_hand_bad": 1},
        "told, but no expected run failed",
    ),
    (
        "due before, ended in it",
        lambda n: n.ran("dump-db", at(5.9), Outcome.FAILED, took=timedelta(hours=1)),
        {"carried": 1},
        "yesterday's log could not know",
    ),
    ("due and ended before", lambda n: n.ran("dump-db", at(5), Outcome.FAILED), {}, "in yesterday's log"),
]


@pytest.mark.parametrize(("make", "expected", "why"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_thing_that_can_happen_is_counted_once(
    night: Night, make: Callable[[Night], object], expected: dict[str, int], why: str
) -> None:
    make(night)
    assert figures(night.log()) == expected, why


@pytest.mark.parametrize("outcome", BAD, ids=str)
def test_each_way_of_ending_badly_is_failed_and_keeps_its_own_word(night: Night, outcome: Outcome) -> None:
    run = night.ran("dump-db", at(20), outcome)
    log = night.log()
    assert log.counts.failed == Count(1, 1, runs=(run,))
    assert log.counts.outcomes == {outcome: Count(1, 1, runs=(run,))}
    assert [(line.word, line.runs, line.is_open) for line in log.trouble] == [(outcome.value, (run,), True)]


def test_every_figure_names_the_rows_behind_it(night: Night) -> None:
    run = night.ran("dump-db", at(20))
    slot = night.slot("dump-db", at(21), SlotState.MISSED, reason="away")
    log = night.log()
    assert log.counts.expected == Count(2, None, runs=(run,), slots=(slot,))
    assert log.counts.missed == Count(1, 2, slots=(slot,))
    assert log.counts.right_first_time == Count(1, 2, runs=(run,))


def test_without_rows_it_says_no_data_and_never_all_well(night: Night) -> None:
    log = night.log()
    assert log.verdict.mood is Mood.NO_DATA
    assert log.verdict.headline == "No data: no run was expected and none was asked for."
    assert log.took_all is None
    assert log.counts.right_first_time == Count(0, 0)


def test_an_empty_database_is_reported_as_silent(sqlite: Database) -> None:
    log = Night(sqlite).log()
    assert (log.site, log.zone, log.complete_to) == ("no site yet", "UTC", None)
    assert [part.part for part in log.now.silent] == ["anchor", "desk", "events", "planner", "relay", "worker"]
    assert log.verdict.mood is Mood.NEEDS_YOU


def test_a_silent_planner_is_red_and_bounds_what_is_known(sqlite: Database) -> None:
    night = Night(sqlite)
    night.site()
    night.job("dump-db")
    night.ran("dump-db", at(20))
    night.alive(now=NOW - timedelta(hours=3))
    log = night.log()
    assert log.complete_to == NOW - timedelta(hours=3, seconds=2)
    assert log.verdict.mood is Mood.NEEDS_YOU
    assert "planner (since 21 Nov 04:00)" in log.verdict.needs[0], "in the site's zone"


@pytest.mark.parametrize(
    ("part", "age", "is_silent", "why"),
    [
        ("planner", timedelta(seconds=119), False, "it ticks every half second; two minutes are allowed"),
        ("planner", timedelta(seconds=121), True, "two minutes are over"),
        ("anchor", timedelta(minutes=14), False, "it anchors every five minutes"),
        ("anchor", timedelta(minutes=16), True, "three anchors are missing"),
        ("mail", timedelta(minutes=16), True, "a part that nobody listed is watched too"),
    ],
)
def test_silence_is_red(night: Night, part: str, age: timedelta, is_silent: bool, why: str) -> None:
    with night.database.write() as session:
        session.merge(Heartbeat(part=part, at=NOW - age, worker="lab:1"))
    assert (part in [silent.part for silent in night.log().now.silent]) is is_silent, why


def test_all_well_is_said_in_one_glad_line(night: Night) -> None:
    for hour in (20, 21, 22):
        night.ran("dump-db", at(hour))
    log = night.log()
    assert log.verdict == type(log.verdict)(Mood.WELL, "All 3 expected runs ended well, at the first attempt.", ())
    assert log.right_jobs == ("dump-db",)
    assert (log.trouble, log.not_run, log.late, log.hosts, log.strip.rows) == ((), (), (), (), ())


def test_a_failure_that_a_later_run_made_good_needs_nobody(night: Night) -> None:
    night.ran("dump-db", at(20), Outcome.FAILED)
    good = night.run("dump-db", at(21), Outcome.OK)
    log = night.log()
    assert [(line.mended_by, line.is_open) for line in log.trouble] == [(good, False)]
    assert log.verdict.mood is Mood.WELL


def test_a_good_run_before_the_failure_mends_nothing(night: Night) -> None:
    night.ran("dump-db", at(19))
    night.ran("dump-db", at(20), Outcome.FAILED)
    assert night.log().trouble[0].mended_by is None


def test_a_failure_says_why_where_whose_and_what_to_do(night: Night) -> None:
    night.service("shop", "Web shop", 1)
    night.job("import", title="Import", owner="shop-team", service="shop", runbook="Call Anna.")
    run = night.ran("import", at(20), Outcome.PARTIAL, attempt=2, summary="2 of 8 hosts")
    for attempt in (1, 2):
        night.step(run, "web2", Outcome.FAILED, attempt=attempt, first_error_line="disk full", message="exit code 3")
    night.step(run, "web5", Outcome.UNKNOWN, fault=HostFault.LOST)
    night.step(run, "web1", Outcome.OK)
    (line,) = night.log().trouble
    assert line.service is not None
    assert (line.why, line.hosts, line.attempts) == ("disk full", ("web2", "web5"), 2)
    assert (line.owner, line.runbook, line.service.tier, line.title) == ("shop-team", "Call Anna.", 1, "Import")


def test_the_hosts_are_named_when_a_retry_was_good(night: Night) -> None:
    run = night.ran("dump-db", at(20), attempt=2)
    night.step(run, "web2", Outcome.FAILED, first_error_line="lock held")
    night.step(run, "web2", Outcome.OK, attempt=2)
    (line,) = night.log().trouble
    assert (line.word, line.mended_by, line.hosts, line.why) == ("ok after retry", run, ("web2",), "lock held")
    assert night.log().verdict.mood is Mood.WELL


def test_a_run_that_waits_for_its_retry_is_told_and_needs_nobody_yet(night: Night) -> None:
    slot = night.slot("dump-db", at(29), SlotState.STARTED)
    night.run("dump-db", at(29), None, slot_id=slot, state=RunState.RETRY_WAIT, attempt=2, lease_until=None,
              next_attempt_at=at(30.2))  # fmt: skip
    log = night.log()
    assert [(line.word, line.is_open) for line in log.trouble] == [("waiting to retry", False)]
    assert log.verdict.mood is Mood.WELL


def test_the_worst_comes_first(night: Night) -> None:
    night.service("shop", "Web shop", 1)
    night.job("a-mended", service="shop")
    night.job("b-no-service")
    night.job("c-tier-1", service="shop")
    night.job("d-graver-tier-1", service="shop")
    for job, outcome in (
        ("a-mended", Outcome.UNKNOWN),
        ("b-no-service", Outcome.KILL_UNCONFIRMED),
        ("c-tier-1", Outcome.FAILED),
        ("d-graver-tier-1", Outcome.UNKNOWN),
    ):
        night.ran(job, at(20), outcome)
    night.run("a-mended", at(22), Outcome.OK)
    order = [line.job for line in night.log().trouble]
    assert order == ["d-graver-tier-1", "c-tier-1", "b-no-service", "a-mended"]


def test_a_job_that_fails_all_day_is_one_line(night: Night) -> None:
    runs = tuple(night.ran("dump-db", at(hour), Outcome.FAILED) for hour in range(10, 20))
    (line,) = night.log().trouble
    assert line.runs == runs
    assert night.log().verdict.needs == ("dump-db: failed 10 times; no good run since.",)


def test_missed_and_skipped_come_with_their_reason_missed_first(night: Night) -> None:
    night.job("a-skipped")
    night.slot("a-skipped", at(20), SlotState.SKIPPED, reason="blackout")
    slots = tuple(night.slot("dump-db", at(hour), SlotState.MISSED, reason="the planner was away") for hour in (20, 21))
    missed, skipped = night.log().not_run
    assert (missed.job, missed.reason, missed.slots) == ("dump-db", "the planner was away", slots)
    assert (missed.first_due, missed.last_due) == (at(20), at(21))
    assert (skipped.job, skipped.state, skipped.reason) == ("a-skipped", SlotState.SKIPPED, "blackout")
    assert night.log().verdict.needs == ("dump-db: missed 2 times; no good run since.",)


def test_a_missed_run_that_was_made_good_needs_nobody(night: Night) -> None:
    night.slot("dump-db", at(20), SlotState.MISSED, reason="away")
    good = night.run("dump-db", at(20.5), Outcome.OK)
    log = night.log()
    assert log.not_run[0].made_good_by == good
    assert log.verdict.mood is Mood.WELL


def test_a_good_run_before_the_missed_one_makes_nothing_good(night: Night) -> None:
    night.ran("dump-db", at(19))
    night.slot("dump-db", at(20), SlotState.MISSED, reason="away")
    assert night.log().not_run[0].made_good_by is None


def test_what_was_skipped_or_is_still_open_is_not_counted_against_the_good_ones(night: Night) -> None:
    night.ran("dump-db", at(19))
    night.slot("dump-db", at(20), SlotState.SKIPPED, reason="blackout")
    night.slot("dump-db", at(29), SlotState.EXPECTED)
    log = night.log()
    assert (log.counts.right_first_time.number, log.counts.right_first_time.of) == (1, 1)
    assert log.verdict.headline == "The one expected run ended well, at the first attempt; 1 is still open."


def test_a_late_start_says_how_late(night: Night) -> None:
    night.ran("dump-db", at(20), late=timedelta(minutes=9))
    night.slot("dump-db", at(29), SlotState.LATE, was_late=True, reason="waits for its host")
    waiting, started = night.log().late
    assert (waiting.lateness, waiting.started_at, waiting.reason) == (NOW - at(29), None, "waits for its host")
    assert started.lateness == timedelta(minutes=9)


def test_an_open_alarm_needs_somebody_once(night: Night) -> None:
    run = night.ran("dump-db", at(20), Outcome.FAILED)
    for kind, text in ((AlarmKind.FAILED, "the last run ended failed"), (AlarmKind.NO_SUCCESS, "no success since May")):
        night.add(Alarm(job="dump-db", kind=kind, raised_at=at(20), last_seen_at=at(21), text=text, run_id=run))
    night.add(Alarm(job="gone", kind=AlarmKind.MISSED, raised_at=at(1), last_seen_at=at(2), text="1 slot missed"))
    assert night.log().verdict.needs == (
        "dump-db: failed; no good run since; alarm: no success since May.",
        "gone: alarm: 1 slot missed.",
    )


@pytest.mark.parametrize(
    ("hours", "has_ninety", "why"), [(9, False, "nine runs say nothing of nine in ten"), (10, True, "ten do")]
)
def test_durations_are_a_median_and_nine_of_ten(night: Night, hours: int, has_ninety: bool, why: str) -> None:
    for number in range(hours):
        night.ran("dump-db", at(8 + number), took=timedelta(seconds=number + 1))
    night.ran("dump-db", at(1, 19), took=timedelta(seconds=30))
    (line,) = night.log().took
    assert line.median == timedelta(seconds=(hours + 1) / 2)
    assert line.longest == timedelta(seconds=hours)
    assert line.usual == timedelta(seconds=30), "from the days before"
    assert (line.ninety == timedelta(seconds=9)) is has_ninety, why


def test_time_saved_counts_good_runs_of_jobs_that_declare_it(night: Night) -> None:
    night.job("declared", minutes_saved=15)
    night.ran("declared", at(20))
    night.run("declared", at(21), Outcome.OK)
    night.ran("declared", at(22), Outcome.FAILED)
    night.ran("dump-db", at(20))
    saved = night.log().saved
    assert (saved.saved, saved.runs, saved.declared, saved.jobs) == (timedelta(minutes=30), 3, 1, 2)


def test_the_strip_shows_the_worst_of_each_day_in_the_sites_zone(night: Night) -> None:
    night.ran("dump-db", at(22, 19))
    night.ran("dump-db", at(23.5, 19), Outcome.FAILED)
    night.ran("dump-db", at(12), Outcome.OK)
    night.slot("dump-db", at(13), SlotState.MISSED, reason="away")
    (row,) = night.log().strip.rows
    words = {str(cell.day): (cell.word, cell.number, cell.of) for cell in row.cells if cell.of}
    assert words == {
        "2026-11-19": ("ok", 1, 1),
        "2026-11-20": ("failed", 1, 3),
    }, "23:30 UTC on the 19th is the 20th in Berlin; failed is worse than missed"
    assert len(row.cells) == 14
    assert row.cells[-1].word == "nothing due"


def test_the_strip_begins_at_midnight_of_its_first_day(night: Night) -> None:
    night.ran("dump-db", at(23, 7), Outcome.FAILED)
    night.ran("dump-db", at(22.9, 7), Outcome.FAILED)
    (row,) = night.log().strip.rows
    assert [(cell.word, cell.of) for cell in row.cells if cell.of] == [("failed", 1)], "midnight in Berlin is 23:00 UTC"
    assert str(row.cells[0].day) == "2026-11-08"


def test_a_period_may_be_longer_than_the_strip(night: Night) -> None:
    night.ran("dump-db", at(20, 1))
    log = night.log(Period(at(0, 1), PERIOD.until))
    assert log.counts.expected.number == 1
    assert len(log.strip.days) == 14


def test_quiet_jobs_are_counted_and_not_drawn(night: Night) -> None:
    night.job("skips")
    night.ran("dump-db", at(20))
    night.slot("skips", at(20), SlotState.SKIPPED, reason="blackout")
    strip = night.log().strip
    assert (strip.rows, strip.quiet) == ((), 2)


def test_hosts_that_gave_trouble_come_with_their_jobs(night: Night) -> None:
    night.job("import")
    for job in ("dump-db", "import"):
        run = night.ran(job, at(20), Outcome.PARTIAL)
        night.step(run, "web2", Outcome.FAILED, fault=HostFault.UNREACHABLE, message="no route")
    night.step(run, "web1", Outcome.FAILED, message="exit code 1")
    first, second = night.log().hosts
    assert (first.host, first.number, first.jobs, first.words) == ("web2", 2, ("dump-db", "import"), ("unreachable",))
    assert (second.host, second.last_message) == ("web1", "exit code 1")


def test_the_plan_shows_what_is_due_and_which_blackouts_keep_what_back(night: Night) -> None:
    window = {"starts": "2026-11-21T20:00:00", "ends": "2026-11-23T04:00:00", "reason": "books close"}
    night.calendar("freeze", "Freeze", {"windows": [window], "timezone": "Europe/Berlin"})
    night.job("import", calendars={"never": ["freeze"]})
    for hour in (31, 32):
        night.slot("dump-db", at(hour), SlotState.EXPECTED)
    night.slot("import", at(45), SlotState.SKIPPED, reason="skipped by calendar: books close")
    night.slot("dump-db", at(61), SlotState.EXPECTED)
    ahead = night.log().ahead
    assert [(due.job, due.number, due.skipped) for due in ahead.due] == [("dump-db", 2, 0), ("import", 0, 1)]
    (blackout,) = ahead.blackouts
    assert (blackout.since, blackout.until) == (at(19, 21), NOW + timedelta(hours=24)), "cut at the end of the plan"
    assert (blackout.reason, blackout.jobs) == ("books close", ("import",))


def test_runs_in_progress_say_how_far_they_are(night: Night) -> None:
    run = night.run("dump-db", at(29), None, plan={"waves": [["db1"], ["db2", "db3"]]})
    night.step(run, "db1", Outcome.OK)
    night.step(run, "db2", Outcome.FAILED)
    (active,) = night.log().now.active
    assert (active.run, active.state, active.hosts_done, active.hosts) == (run, "running", 1, 3)


@pytest.mark.parametrize("seconds", [0, -1])
def test_an_empty_period_is_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match="ends after it begins"):
        Period(NOW, NOW + timedelta(seconds=seconds))


def test_the_same_night_reads_the_same_on_both_databases(database: Database) -> None:
    log = eventful(database).log()
    assert figures(log) == {
        "expected": 32, "ran": 30, "right_first_time": 26, "ended_well": 27, "late": 2, "missed": 1, "failed": 2,
        "skipped": 1, "caught_up": 1, "still_open": 1, "by_hand": 1, "by_hand_bad": 1,
    }  # fmt: skip
    assert [line.job for line in log.trouble] == ["import-orders", "import-orders", "sync-mirror", "rotate-logs"]
    assert log.now.undelivered == 1
    assert log.reconciliation.adds_up


OUTCOMES = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.PARTIAL])
ROWS = st.lists(
    st.tuples(st.sampled_from(SlotState), OUTCOMES, st.integers(1, 3), st.booleans(), st.integers(0, 1439)),
    max_size=25,
    unique_by=lambda row: row[4],
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_whatever_the_rows_every_expected_run_is_in_exactly_one_place(night: Night, rows: list[tuple]) -> None:
    with night.at_once() as session:
        for table in (Step, Run, Slot):
            session.execute(delete(table))
        for state, outcome, attempt, was_late, minute in rows:
            _add(night, state, outcome, (attempt, was_late, minute))
    log = night.log()
    counts, sums = log.counts, log.reconciliation
    assert sums.adds_up
    assert (sums.expected, sums.missed, sums.failed, sums.skipped, sums.caught_up, sums.still_open) == (
        counts.expected.number, counts.missed.number, counts.failed.number, counts.skipped.number,
        counts.caught_up.number, counts.still_open.number,
    )  # fmt: skip
    assert sum(count.number for count in counts.outcomes.values()) == counts.failed.number
    for count in (counts.expected, counts.missed, counts.failed, counts.skipped, counts.ran, counts.right_first_time):
        assert len(count.runs) + len(count.slots) == count.number, "each figure has as many rows as it says"


def _add(night: Night, state: SlotState, outcome: Outcome, facts: tuple[int, bool, int]) -> None:
    attempt, was_late, minute = facts
    due = PERIOD.since + timedelta(minutes=minute)
    if state in (SlotState.DONE, SlotState.CAUGHT_UP, SlotState.FAILED):
        ended = outcome if state is SlotState.FAILED else Outcome.OK
        if STATE_OF.get(ended, SlotState.FAILED) is not state:
            ended = Outcome.FAILED if state is SlotState.FAILED else Outcome.OK
        night.ran("dump-db", due, ended, state=state, attempt=attempt, late=timedelta(minutes=9 if was_late else 0))
    elif state is SlotState.STARTED:
        night.run("dump-db", due, None, slot_id=night.slot("dump-db", due, state))
    else:
        night.slot("dump-db", due, state, was_late=was_late, reason="because")


def test_a_site_without_backup_plans_has_no_section_of_them(night: Night) -> None:
    assert night.log().backups == ()


def test_backup_plans_come_worst_first_and_red_ones_need_somebody(sqlite: Database, tmp_path: Path) -> None:
    month = eventful_month(sqlite, tmp_path / "site")
    log = month.log()
    assert [(line.plan, line.health) for line in log.backups] == [
        ("lab", Health.RED),
        ("mail", Health.RED),
        ("shop-db", Health.GREEN),
    ]
    needs = [need for need in log.verdict.needs if need.startswith("Backup plan")]
    assert log.verdict.mood is Mood.NEEDS_YOU
    assert needs[0] == "Backup plan lab is red: no restore point is proven."
    assert needs[1].startswith("Backup plan mail is red: the drill of")
    assert len(needs) == 2


def test_a_backup_line_tells_that_its_run_was_taken_up_again(sqlite: Database, tmp_path: Path) -> None:
    month = quiet_month(sqlite, tmp_path / "site")
    points = {plan: month.backup(plan, MONTH_END - timedelta(hours=5)) for plan in ("lab", "mail", "shop-db")}
    claims = {"lab": {"fence": 1}, "mail": {"fence": 2}, "shop-db": {"fence": 3, "attempt": 2}}
    with sqlite.write() as session:
        for plan, changes in claims.items():
            run = session.get_one(RestorePoint, points[plan]).run_id
            session.execute(update(Run).where(Run.id == run).values(changes))
    lines = month.log(MONTH_END).backups
    assert {line.plan: line.taken_up for line in lines} == {"lab": 0, "mail": 1, "shop-db": 1}


def test_a_backup_line_tells_the_point_of_the_period_and_the_ages_of_good_and_proven(
    sqlite: Database, tmp_path: Path
) -> None:
    month = quiet_month(sqlite, tmp_path / "site")
    old, new = MONTH_END - timedelta(days=2), MONTH_END - timedelta(hours=5)
    month.test("mail", month.backup("mail", old), old + timedelta(hours=1))
    month.backup("mail", new, size_bytes=5, anomalies=["5 B, usually 12 GiB"])
    mail = next(line for line in month.log(MONTH_END).backups if line.plan == "mail")
    late = timedelta(seconds=1)
    assert (mail.newest_at, mail.proven_at) == (new + late, old + late)
    assert (mail.size_bytes, mail.unusual, mail.is_bad) == (5, ("5 B, usually 12 GiB",), False)
    lab = next(line for line in month.log(MONTH_END).backups if line.plan == "lab")
    assert (lab.newest_at, lab.proven_at, lab.point, lab.size_bytes) == (None, None, None, None)
