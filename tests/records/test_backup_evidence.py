"""The backup and restore evidence report says what the rows say, no more and no less."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import update

from models.database import Database
from models.queries.backup_evidence import BackupEvidence, backup_evidence
from models.queries.backup_evidence.content import PlanEvidence
from models.queries.daily_operations.content import Mood
from models.records import Run
from models.vocabulary import Health, Outcome, PointState, SlotState
from tests.records.backup_month import (
    APPLIED,
    BACKUPS,
    DAY,
    GIB,
    HOUR,
    NOW,
    PERIOD,
    Month,
    apply_backups,
    eventful_month,
    quiet_month,
)
from tests.sites import apply_site

EVENING = PERIOD.until - 10 * HOUR


@pytest.fixture
def month(sqlite: Database, tmp_path: Path) -> Month:
    return quiet_month(sqlite, tmp_path / "site")


@pytest.fixture
def eventful(sqlite: Database, tmp_path: Path) -> BackupEvidence:
    return eventful_month(sqlite, tmp_path / "site").evidence()


def plan_of(report: BackupEvidence, name: str) -> PlanEvidence:
    return next(plan for plan in report.found.plans if plan.plan == name)


def test_without_a_site_there_is_no_data_and_nothing_is_well(sqlite: Database) -> None:
    with sqlite.read() as session:
        report = backup_evidence(session, PERIOD, NOW)
    assert report.verdict.mood is Mood.NO_DATA
    assert (report.found.plans, report.tests, report.found.passed.of) == ((), (), 0)
    assert str(report.found.coverage) == "no item is in scope"
    assert report.verdict.needs == ("The planner was silent: these rows may not be all.",)


def test_plans_that_did_nothing_are_red_and_their_figures_have_no_data(month: Month) -> None:
    report = month.evidence()
    shop = plan_of(report, "shop-db")
    assert (shop.health, shop.rpo.part_met, shop.rpo.longest_gap, shop.sizes) == (Health.RED, None, None, None)
    assert "No planned backup has ended. No restore was tested. 0 of 3 plans" in report.verdict.headline
    assert "Without a good backup: service shop, host db1, host lab1, host mail1." in report.verdict.needs
    assert [line.plan for line in report.untested] == ["lab", "mail", "shop-db"]


@pytest.mark.parametrize("hour", [0, 1], ids=["at the beginning", "at the end"])
def test_a_period_holds_its_beginning_and_not_its_end(month: Month, hour: int) -> None:
    edge = (PERIOD.since, PERIOD.until)[hour]
    month.backup("mail", edge, late=timedelta(0))
    report = month.evidence()
    assert len(report.points) == report.found.runs.expected.number == (1, 0)[hour]


def test_every_figure_names_the_rows_behind_it(eventful: BackupEvidence) -> None:
    runs = eventful.found.runs
    mail = plan_of(eventful, "mail")
    assert (runs.ended_well.number, runs.ended_well.of) == (88, 90)
    assert len(runs.ended_well.runs) == 88
    (failed,) = mail.runs.failed.runs
    assert [run.said for run in eventful.all_runs if run.run == failed] == ["mail1: no route to host"]
    assert len(plan_of(eventful, "lab").runs.missed.slots) == 1, "it has no run: its slot is the row"
    assert eventful.found.passed.runs == tuple(test.run for test in eventful.tests)
    assert mail.sizes is not None
    known = {point.key for point in eventful.points}
    assert set(mail.sizes.points) | set(mail.rpo.points) <= known
    by_point = {key: run.run for run in eventful.all_runs for key in run.points}
    assert all(by_point[point.key] == point.run for point in eventful.points if PERIOD.holds(point.taken_at))


def test_the_verdict_names_what_is_against_it_worst_first(eventful: BackupEvidence) -> None:
    verdict = eventful.verdict
    assert verdict.mood is Mood.NEEDS_YOU
    assert "88 of 90 planned backups were taken. 8 of 10 restore tests passed. 1 of 3 plans" in verdict.headline
    assert [need.split(":")[0] for need in verdict.needs] == [
        "lab is red",
        "mail is red",
        "The last check of the repository vault did not end well.",
    ]


def test_access_is_what_the_sites_files_say(sqlite: Database, tmp_path: Path) -> None:
    people = """teams: {ops: {title: Operations, manager: joe}, crew: {title: Crew}}
people:
  ann: {name: Ann, teams: [ops, crew], roles: [operator]}
  joe: {name: Joe, roles: [manager]}
  bea: {name: Bea, teams: [ops], roles: [requester]}
  cay: {name: Cay, roles: [administrator]}
"""
    backups = """repositories:
  attic: {title: A, owner: crew, runbook: R, engine: archive, where: /srv/attic}
  cellar: {title: C, owner: ops, runbook: R, engine: archive, where: /srv/cellar, identity: "secret://age",
    recipients: [age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq], key_copy: {where: Safe}}
  vault: {title: V, owner: crew, runbook: R, engine: restic, where: /srv/vault, password: "secret://vault"}
"""
    folder = tmp_path / "site"
    month = quiet_month(sqlite, folder)
    (folder / "people.yaml").write_text(people)
    (folder / "backups.yaml").write_text(backups)
    apply_site(sqlite, folder, NOW)
    found = month.evidence().access
    assert found.operators == ("Ann", "Cay")
    attic, cellar, vault = found.custodies
    assert (attic.people, attic.manager, attic.encryption, attic.keys, attic.copy) == (("Ann",), None, "none", (), None)
    assert (cellar.people, cellar.manager, cellar.keys) == (("Ann", "Bea"), "Joe", ("secret://age",))
    assert (cellar.copy, cellar.copy_tested) == ("Safe", None)
    assert (vault.keys, vault.copy) == (("secret://vault",), None)


def test_all_well_needs_every_plan_green(sqlite: Database, tmp_path: Path) -> None:
    backups = BACKUPS[: BACKUPS.index("  mail:")] + BACKUPS[BACKUPS.index("exemptions:") :]
    free = "".join(f"  {host}: {{reason: None., agreed_by: ann}}\n" for host in ("mail1", "lab1"))
    month = quiet_month(sqlite, tmp_path / "site", backups + free)
    point = month.backup("shop-db", EVENING)
    run = month.night.ran("copy-shop-db", EVENING + HOUR)
    month.point("shop-db", EVENING, run, repository="away", copy_of=point)
    assert month.evidence().verdict.mood is Mood.NEEDS_YOU, "a backup alone is no proof"
    month.test("shop-db", point, EVENING + 2 * HOUR)
    report = month.evidence()
    assert (report.verdict.mood, report.verdict.needs) == (Mood.WELL, ())


def test_a_silent_planner_is_told_before_anything_else(sqlite: Database, tmp_path: Path) -> None:
    month = quiet_month(sqlite, tmp_path / "site")
    report = month.evidence(now=NOW + HOUR)
    assert report.complete_to == PERIOD.until, "the planner was there up to the end of the period"
    later = dataclasses.replace(PERIOD, until=NOW + HOUR)
    assert month.evidence(later, NOW + HOUR).verdict.needs[0].startswith("The planner was silent")


def test_a_test_measures_time_and_age_against_the_targets_of_its_own_time(month: Month) -> None:
    point = month.backup("mail", EVENING)
    run = month.test("mail", point, EVENING + 2 * HOUR, took=timedelta(minutes=45))
    (test,) = month.evidence().tests
    assert (test.took, test.rto_target, test.rto_met) == (timedelta(minutes=45), timedelta(minutes=30), False)
    assert (test.point_age, test.rpo_met) == (2 * HOUR - timedelta(seconds=1), True)
    month.rename(run, plan={"specs": {"backup/mail": {"rto": "1h", "rpo": "1h"}}})
    (test,) = month.evidence().tests
    assert (test.rto_met, test.rpo_met) == (True, False)


def test_a_test_of_an_old_point_judges_no_rpo(month: Month) -> None:
    point = month.backup("mail", EVENING - 5 * DAY)
    month.test("mail", point, EVENING, words="random")
    (test,) = month.evidence().tests
    assert (test.chosen, test.rpo_met, test.rto_met) == ("random", None, True)


def test_a_test_that_failed_measures_nothing(month: Month) -> None:
    point = month.backup("mail", EVENING)
    month.test("mail", point, EVENING + HOUR, Outcome.FAILED, reason="a: missing")
    (test,) = month.evidence().tests
    assert (test.rto_met, test.rpo_met) == (None, None)


def test_no_failure_ends_without_what_became_of_it(eventful: BackupEvidence) -> None:
    told = [(failure.word, failure.is_open, failure.retest is not None) for failure in eventful.found.failures]
    assert told == [("failed", True, False), ("killed", True, False), ("failed", False, True)]
    killed, mended = eventful.found.failures[1], eventful.found.failures[2]
    assert (killed.drill, killed.why) == (None, "killed by ann")
    assert mended.retest is not None
    assert not mended.retest.is_same_point
    assert mended.point_state is PointState.BAD


def test_a_test_that_was_missed_is_a_failure_too(month: Month) -> None:
    month.night.slot("drill-mail", EVENING, SlotState.MISSED, reason="the planner was away")
    month.night.slot("drill-mail", EVENING + HOUR, SlotState.SKIPPED, reason="by calendar")
    (failure,) = month.evidence().found.failures
    assert (failure.word, failure.why, failure.run) == ("missed", "the planner was away", None)


@pytest.mark.parametrize(
    ("retested", "told", "why"),
    [
        (None, ["open"], "nobody has mended it: the next report says so again"),
        (timedelta(days=1), [], "mended before the period: the last report told it"),
        (timedelta(days=9), ["mended"], "mended in this period"),
    ],
)
def test_a_failure_is_told_until_it_is_mended(
    month: Month, retested: timedelta | None, told: list[str], why: str
) -> None:
    began = PERIOD.since - 2 * DAY
    point = month.backup("mail", began - HOUR)
    month.test("mail", point, began, Outcome.FAILED, reason="a: missing")
    if retested:
        month.test("mail", point, began + retested)
    found = month.evidence().found.failures
    assert ["open" if failure.is_open else "mended" for failure in found] == told, why
    assert all(failure.is_carried for failure in found)


def test_plans_without_a_passed_test_come_longest_first(month: Month) -> None:
    for plan, days in (("mail", 12), ("shop-db", 20)):
        point = month.backup(plan, NOW - days * DAY - HOUR)
        month.test(plan, point, NOW - days * DAY)
    lines = month.evidence().untested
    assert [(line.plan, line.is_overdue) for line in lines] == [("lab", True), ("shop-db", True), ("mail", True)]
    assert [line.last_passed is None for line in lines] == [True, False, False]


def test_a_new_plan_is_listed_and_not_overdue(sqlite: Database, tmp_path: Path) -> None:
    month = quiet_month(sqlite, tmp_path / "site")
    lines = month.evidence(now=APPLIED + 3 * DAY).untested
    assert {line.plan: line.is_overdue for line in lines} == {"lab": False, "mail": False, "shop-db": False}


def test_the_rpo_is_kept_by_points_that_were_good_and_by_no_other(month: Month) -> None:
    first = PERIOD.since - HOUR
    points = [month.backup("lab", first + number * DAY, late=timedelta(0)) for number in range(31)]
    assert plan_of(month.evidence(), "lab").rpo.part_met == 1
    month.expire(points[3], NOW - HOUR)
    assert plan_of(month.evidence(), "lab").rpo.part_met == 1, "it was good while it was there"
    month.change(points[5], "find bad", NOW - 2 * HOUR, "lost")
    bad = plan_of(month.evidence(), "lab").rpo
    assert bad.part_met == pytest.approx(1 - 22 / (30 * 24)), "two days without a good point, 26 h are allowed"
    assert bad.longest_gap == 2 * DAY
    month.expire(points[5], NOW - HOUR)
    assert plan_of(month.evidence(), "lab").rpo == bad, "removed is not mended"


def test_a_plan_promises_nothing_before_it_was_there(sqlite: Database, tmp_path: Path) -> None:
    month = quiet_month(sqlite, tmp_path / "site")
    since = dataclasses.replace(PERIOD, since=APPLIED - 20 * DAY, until=APPLIED + DAY)
    month.backup("lab", APPLIED + timedelta(minutes=1), late=timedelta(0))
    kept = plan_of(month.evidence(since, APPLIED + DAY), "lab").rpo
    assert kept.since == APPLIED
    assert kept.part_met == pytest.approx(1, abs=0.001)


def test_a_copy_is_no_backup_of_its_own(eventful: BackupEvidence) -> None:
    assert len(plan_of(eventful, "shop-db").rpo.points) == 30
    assert sum(point.is_copy for point in eventful.points) == 2


def test_removed_points_keep_their_reason_and_holds_their_word(eventful: BackupEvidence) -> None:
    assert [(point.plan, point.reason, point.was_bad) for point in eventful.removed] == [
        ("lab", "retention of RUN000009: 14 daily", False),
        ("lab", "retention of RUN000009: 14 daily", True),
    ]
    assert [(hold.plan, hold.by, hold.points) for hold in eventful.holds] == [("shop-db", "Counsel, case 2026/17", 32)]


def test_unusual_and_bad_points_are_told(eventful: BackupEvidence) -> None:
    assert [(point.plan, point.state) for point in eventful.unusual] == [
        ("lab", PointState.EXPIRED),
        ("mail", PointState.BAD),
        ("mail", PointState.BAD),
        ("mail", PointState.LISTED),
    ]
    assert eventful.unusual[-1].size_bytes == 31 * GIB // 10


def test_a_repository_tells_what_was_read_and_what_was_wrong(eventful: BackupEvidence) -> None:
    away, vault = eventful.found.repositories
    assert (away.checks.of, away.last_at, away.is_checked) == (0, None, False)
    assert (vault.checks.number, vault.checks.of, vault.read, vault.parts, vault.oldest) == (3, 4, 3, 4, None)
    assert [fault.text for fault in vault.faults] == ["pack 4f1c09a2: ciphertext verification failed"]


def test_policies_say_how_the_points_are_kept_and_encrypted(eventful: BackupEvidence) -> None:
    policy = plan_of(eventful, "shop-db").policy
    assert (policy.source, policy.schedule, policy.tier) == ("PostgreSQL database shop", "at 01:00 every day", 1)
    assert [(kept.repository, kept.encryption, kept.off_site) for kept in policy.kept_in] == [
        ("vault", "AES-256 by restic", False),
        ("away", "AES-256 by restic", True),
    ]
    assert policy.copies_met
    assert not plan_of(eventful, "mail").policy.copies_met
    assert len(policy.sha256) == 64


def test_an_exemption_counts_on_the_day_that_the_site_names(month: Month) -> None:
    (exempt,) = month.evidence().found.coverage.exempt
    assert exempt.text == "by ann until 2027-06-30: Only build output."


@pytest.mark.parametrize(
    ("fence", "said"),
    [
        (1, None),
        (2, "taken up again since its worker was lost"),
        (3, "taken up again 2 times since its worker was lost"),
    ],
)
def test_a_run_that_was_taken_up_again_says_so(month: Month, fence: int, said: str | None) -> None:
    month.backup("mail", EVENING)
    with month.database.write() as session:
        session.execute(update(Run).values(fence=fence))
    assert [run.said for run in month.evidence().all_runs if run.run is not None] == [said]


def test_a_plan_that_is_gone_keeps_its_rows_in_the_report(sqlite: Database, tmp_path: Path) -> None:
    month = quiet_month(sqlite, tmp_path / "site")
    point = month.backup("mail", EVENING)
    month.test("mail", point, EVENING + HOUR, Outcome.FAILED, reason="a: missing")
    without = BACKUPS[: BACKUPS.index("  mail:")] + BACKUPS[BACKUPS.index("  lab:") :]
    apply_backups(sqlite, tmp_path / "site", without)
    report = month.evidence()
    assert "mail" not in [plan.plan for plan in report.found.plans]
    assert (report.found.runs.expected.number, len(report.tests)) == (1, 1)
    assert [(failure.is_in_force, failure.is_open) for failure in report.found.failures] == [(False, False)]


def test_the_same_rows_give_the_same_report(sqlite: Database, tmp_path: Path) -> None:
    month = eventful_month(sqlite, tmp_path / "site")
    with time_machine.travel(NOW + 9 * DAY, tick=False):
        assert month.evidence() == month.evidence()


def test_both_databases_tell_the_same(database: Database, tmp_path: Path) -> None:
    report = eventful_month(database, tmp_path / "site").evidence()
    assert (report.found.passed.number, len(report.found.failures), len(report.removed)) == (8, 3, 2)
