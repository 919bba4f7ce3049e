"""The problem and known-error report says what the rows say, no more and no less."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.database import Database
from models.queries import problems
from models.queries.daily_operations import Period
from models.queries.daily_operations.content import Mood
from models.queries.problem_hours import lost_by
from models.queries.problem_report import ProblemReport, problem_report
from models.queries.problem_report.facts import OpenProblem
from models.queries.problem_report.measured import Measure, Result
from models.queries.states import Because
from models.vocabulary import AlertAction, ResolutionCode
from tests.records.chain_lab import lab_of
from tests.records.problem_year import DAY, HOUR, NOW, PERIOD, TARGETS, Year, at, eventful_year


@pytest.fixture(scope="module")
def report(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> ProblemReport:
    """Values that nobody can change: read once."""
    folder = tmp_path_factory.mktemp("year")
    (folder / "watchbill.db").write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{folder}/watchbill.db")
    found = eventful_year(database, folder).report()
    database.close()
    return found


@pytest.fixture
def year(sqlite: Database, tmp_path: Path) -> Year:
    return Year(sqlite, tmp_path)


def measure(report: ProblemReport, beginning: str) -> Measure:
    return next(one for one in report.measures if one.name.startswith(beginning))


def open_one(report: ProblemReport, title: str) -> OpenProblem:
    return next(one for one in report.open if one.title == title)


def test_without_a_row_there_is_no_data_and_nothing_is_well(sqlite: Database) -> None:
    with sqlite.read() as session:
        report = problem_report(session, PERIOD, NOW)
    assert (report.verdict.mood, report.verdict.needs, report.complete_to) == (Mood.NO_DATA, (), None)
    assert (report.open, report.solved, report.sheets, report.lost.pareto, report.rising) == ((), (), (), (), ())
    assert {one.result for one in report.measures[1:]} == {Result.NOT_MEASURED}


def test_both_databases_tell_the_same(database: Database, tmp_path: Path) -> None:
    report = eventful_year(database, tmp_path).report()
    assert [(one.number[-2:], one.state.value, one.incidents_90, one.hours_90) for one in report.open] == [
        (report.open[0].number[-2:], "known error", 11, 55.0),
        (report.open[1].number[-2:], "watching", 1, 17.0),
        (report.open[2].number[-2:], "under investigation", 4, 14.0),
        (report.open[3].number[-2:], "new", 0, 0.0),
    ]
    assert report.balance.adds_up
    assert (report.balance.carried, report.balance.raised, report.balance.closed, report.balance.open) == (3, 4, 3, 4)


def test_the_verdict_is_the_known_share_and_what_to_pay_for(report: ProblemReport) -> None:
    lost = report.lost
    assert (lost.incidents, lost.hours, lost.hours_known) == (42, 157.5, 90.0)
    assert report.verdict.headline == (
        "57 % of the 158 h and EUR 14,710 lost in 90 days have a known cause."
        f" Pay next for {report.open[0].number} Disk full on app hosts: 55 h and EUR 8,250 in 90 days."
    )
    assert (report.verdict.mood, report.complete_to) == (Mood.NEEDS_YOU, PERIOD.until)
    assert "Mails wait for hours: called solved, and it came back once in 28 days" in report.verdict.needs[0]
    assert any("overdue: Ask the vendor for a trace (lin)" in need for need in report.verdict.needs)
    assert any("KE000002 is due for review" in need for need in report.verdict.needs)


def test_the_hours_and_the_cost_are_those_of_every_other_place(sqlite: Database, tmp_path: Path) -> None:
    year = eventful_year(sqlite, tmp_path)
    report = year.report()
    for load in report.lost.pareto:
        keys = [int(number.removeprefix("INC")) for number in load.incidents.rows]
        with sqlite.read() as session:
            other = lost_by(session, keys, PERIOD.until)
        assert load.hours == pytest.approx(other.hours)
        assert load.cost == {currency: float(amount) for currency, amount in other.cost.items()}
    assert sum(load.hours for load in report.lost.pareto) == pytest.approx(report.lost.hours)
    assert sum(one.hours for one in report.linked) == pytest.approx(report.lost.hours)


def test_the_few_that_make_most_of_the_hours_are_marked(report: ProblemReport) -> None:
    bars = [(bar.title, bar.is_vital, bar.cause_known) for bar in report.lost.pareto[:5]]
    assert bars == [
        ("Disk full on app hosts", True, True),
        ("incidents without a problem", True, False),
        ("Expired certificate", True, True),
        ("ERP import hangs at night", True, False),
        ("VPN gateway runs out of memory", False, True),
    ]
    assert report.lost.by_cost[0] == report.open[0].number


def test_an_incident_of_two_problems_counts_half_for_each(year: Year) -> None:
    with year.at_once():
        one, other = year.problem("one", at(1)), year.problem("other", at(1))
        year.incident(at(5), 3, one, other)
    report = year.report()
    assert [(bar.hours, bar.cost, bar.incidents.number) for bar in report.lost.pareto] == [(1.5, {"EUR": 225.0}, 1)] * 2
    assert (report.lost.incidents, report.lost.hours) == (1, 3.0)


def test_drills_duplicates_and_what_was_none_cost_nothing(year: Year) -> None:
    with year.at_once():
        one = year.problem("one", at(1))
        year.problem("a drill", at(1), is_drill=True)
        year.incident(at(5), 3, one, is_drill=True)
        year.incident(at(5), 3, one, code=ResolutionCode.DUPLICATE)
        year.incident(at(5), None, one)
    report = year.report()
    assert (report.lost.incidents, len(report.open)) == (1, 1)
    assert report.lost.hours == pytest.approx((PERIOD.until - at(5)) / HOUR), "the open one, to the end of the period"


def test_measures_name_their_rows_and_give_no_percent_of_few(report: ProblemReport) -> None:
    matched = measure(report, "Incidents matched")
    assert matched.figure is not None
    assert (matched.figure.number, matched.figure.of, len(matched.figure.rows)) == (3, 14, 3)
    assert [point.value is None for point in matched.history[-3:]] == [False, False, False]
    cause = measure(report, "Root cause")
    assert cause.figure is not None
    assert (cause.figure.number, cause.figure.of, cause.history[-1].value) == (1, 2, None)
    assert cause.result is Result.TOO_EARLY


def test_times_are_medians_with_nine_of_ten_from_ten_on(report: ProblemReport) -> None:
    took = measure(report, "Time to solve")
    assert took.took is not None
    assert took.beside is not None
    assert (took.took.number, took.took.median, took.took.ninety) == (3, timedelta(hours=7), None)
    assert (took.beside.number, took.beside.ninety) == (11, timedelta(hours=6))


def test_what_changed_is_said_by_its_control_limits(year: Year) -> None:
    with year.at_once():
        for month in range(12):
            for number in range(12):
                year.incident(PERIOD.until - (month * 30 + number + 1) * DAY, 40 if month == 0 else 2 + number % 2)
        known = year.known(at(1, 1), workaround="Wait.")
        for incident in range(1, 145):
            year.used(incident, known, at(2, 1))
    report = year.report()
    took = measure(report, "Time to solve")
    assert took.result is Result.WORSE
    assert any(
        need.startswith("Time to solve, matched and others: 40 h, worse than usual") for need in report.verdict.needs
    )
    assert measure(report, "Incidents matched").result is Result.USUAL


def test_what_was_agreed_is_met_or_missed(sqlite: Database, tmp_path: Path) -> None:
    report = eventful_year(sqlite, tmp_path, TARGETS).report()
    assert {one.key: (one.target, one.is_met) for one in report.measures} == {
        "open_problems": (3.0, False),
        "raised_proactively": (None, None),
        "root_cause_in_time": (50.0, True),
        "with_workaround": (None, None),
        "matched": (25.0, False),
        "time_to_solve": (8.0, True),
        "came_back": (10.0, False),
        "solved": (None, None),
    }
    missed = [need for need in report.verdict.needs if need.endswith("missed.")]
    assert missed == [
        "Open problems: 4, target 3: missed.",
        "Incidents matched to a known error: 21 %, target 25 %: missed.",
        "Came back after the fix: 1 of 3, target 10 %: missed.",
    ]


def test_a_target_of_what_was_not_measured_is_neither_met_nor_missed(sqlite: Database, tmp_path: Path) -> None:
    report = Year(sqlite, tmp_path, TARGETS).report()
    assert {one.is_met for one in report.measures if one.key != "open_problems"} == {None}


def test_a_month_that_is_not_over_is_not_judged(sqlite: Database, tmp_path: Path) -> None:
    year = eventful_year(sqlite, tmp_path)
    report = year.report(Period(PERIOD.since, at(10)), at(10))
    assert not report.is_whole
    assert {one.result for one in report.measures} <= {Result.TOO_EARLY, Result.NOT_MEASURED}


def test_a_fix_is_proven_by_thirty_days_without_an_incident(report: ProblemReport) -> None:
    none, proven, back = report.solved
    assert (none.proof, none.is_proven) == ("there was nothing to fix", None)
    assert (proven.proof, proven.is_proven, proven.before, proven.avoided) == ("none in 41 days", True, 3, 3)
    assert (proven.lesson, proven.articles) == ("Vendors' notes are read each month.", ("KE000002",))
    assert (back.proof, back.is_proven, back.after.number) == ("came back once in 28 days", False, 1)


def test_a_fix_of_a_few_days_proves_nothing_yet(year: Year) -> None:
    with year.at_once():
        one = year.problem("one", at(1))
        year.cause(one, at(2))
        year.fix(one, at(10), "mended", at(24))
    (solved,) = year.report().solved
    assert (solved.proof, solved.is_proven) == ("none in 20 days: too early for the proof of 30", None)


def test_what_came_back_after_it_was_closed_is_open_again_and_not_solved(year: Year) -> None:
    with year.at_once() as session:
        one = year.problem("one", at(1, 9))
        year.cause(one, at(2, 9))
        year.fix(one, at(10, 9), "mended", at(24, 9))
        year.incident(at(20), 2, one)
        problems.reopen(session, one, Because("ada", "it came back"), at(21))
    report = year.report()
    assert report.solved == ()
    assert (report.balance.reopened, report.balance.open, report.balance.adds_up) == (1, 1, True)
    assert any("its fix did not hold" in need for need in report.verdict.needs)
    came_back = measure(report, "Came back")
    assert came_back.figure is not None
    assert (came_back.figure.number, came_back.figure.of) == (1, 1)


def test_the_next_step_is_the_first_open_task_or_what_the_state_asks_for(report: ProblemReport) -> None:
    disk = open_one(report, "Disk full on app hosts").step
    assert (disk.text, disk.who, disk.is_overdue) == ("Roll log rotation out on app1 to app9", "olaf", False)
    late = open_one(report, "ERP import hangs at night").step
    assert (late.text, late.is_overdue) == ("Ask the vendor for a trace", True)
    watched = open_one(report, "Expired certificate").step
    assert (watched.text, watched.due_at) == ("Watch that nothing comes back", at(19) + 14 * DAY)
    assert [(one.text, one.done_at is not None) for one in report.promises] == [
        ("Order the change for log rotation", True),
        ("Ask the vendor for a trace", False),
    ]


def test_a_sheet_says_what_to_do_and_how_often_it_worked(report: ProblemReport) -> None:
    disk, gateway = report.sheets
    assert (disk.used.number, disk.used_ever, disk.worked.number, disk.worked.of) == (3, 11, 10, 11)
    assert disk.recognise == "service shop, an alert {name=\"DiskFull\"}, the words 'no space left'"
    assert (disk.how, disk.is_review_due, gateway.is_review_due) == ("by hand", False, True)


def test_what_may_be_a_problem_is_told_with_its_evidence(report: ProblemReport) -> None:
    (candidate,) = report.candidates
    assert (candidate.number, candidate.hours, candidate.examples) == (6, 12.0, ("No labels are printed",))
    assert candidate.why.startswith("6 within 71 days; the same words: labels, no, printed; the same service erp")
    assert [(one.service, one.host, one.weeks) for one in report.recurring] == [("vpn", None, 8), ("erp", "print1", 6)]
    (rising,) = report.rising
    assert (rising.job, rising.retried.number, rising.retried.of, len(rising.retried.rows)) == (
        "nightly-import",
        24,
        100,
        24,
    )
    assert any("Say whether No labels are printed on print1" in one.ask for one in report.decisions)


def test_an_alert_that_fired_often_and_nobody_acted_on_is_noise(sqlite: Database, tmp_path: Path) -> None:
    lab = lab_of(sqlite, tmp_path)
    with lab.year.at_once():
        for number, times in ((1, 6), (2, 3)):
            lab.alert(number, at(5), None, name=f"Alert{number}")
            for again in range(1, times):
                lab.changed(number, at(5 + again), AlertAction.FIRE, episode=again + 1)
    assert [(one.name, one.firings, one.incidents) for one in lab.year.report().noisy] == [("prometheus: Alert1", 6, 0)]


def test_an_accepted_risk_is_no_open_problem_and_says_until_when(report: ProblemReport) -> None:
    (risk,) = report.accepted
    assert (risk.by, risk.until, risk.ends_soon, risk.hours_90) == ("eva", at(20, 12), True, 6.0)
    assert risk.number not in {one.number for one in report.open}
    assert any(one.ask.startswith("Decide again on the risk") for one in report.decisions)


def test_by_cost_the_next_to_pay_for_is_the_dearest(year: Year) -> None:
    with year.at_once():
        long = year.problem("long", at(1), service="erp")
        dear = year.problem("dear", at(1))
        year.incident(at(3), 10, long, service="erp")
        year.incident(at(4), 8, dear)
    report = year.report()
    assert "Pay next for" in report.verdict.headline
    assert "dear: 8.0 h and EUR 1,200" in report.verdict.headline


def test_the_few_by_cost_are_of_all_that_was_lost(year: Year) -> None:
    with year.at_once():
        year.incident(at(3), 40)
        year.incident(at(4), 4, year.problem("cheap", at(1)))
    assert year.report().lost.by_cost == ("incidents without a problem",)
