"""What the problem report knows of the past: which months can be judged, what was known then, which fixes failed."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.database import Database
from models.queries import problems
from models.queries.daily_operations import Period
from models.queries.problem_report import ProblemReport
from models.queries.problem_report.measured import Measure, Result
from models.queries.states import Because
from models.vocabulary import ProblemState
from tests.records.problem_year import ADA, DAY, NOW, PERIOD, Year, at, eventful_year


@pytest.fixture
def year(sqlite: Database, tmp_path: Path) -> Year:
    return Year(sqlite, tmp_path)


def measure(report: ProblemReport, key: str) -> Measure:
    return next(one for one in report.measures if one.key == key)


def test_a_year_of_incidents_before_the_first_problem_is_no_year_without_problems(year: Year) -> None:
    with year.at_once():
        for month in range(12):
            for number in range(12):
                year.incident(PERIOD.until - (month * 30 + number + 1) * DAY, 2)
        year.problem("the first", at(3))
    report = year.report()
    first = measure(report, "open_problems")
    assert (first.before, first.limits, first.result) == (None, None, Result.TOO_EARLY)
    matched = measure(report, "matched")
    assert matched.limits is not None, "of the incidents of these months it is known that none was matched"


def test_a_cause_that_was_found_later_was_not_known_then(year: Year) -> None:
    with year.at_once() as session:
        one = year.problem("a leak", at(3))
        year.incident(at(4), 10, one)
        year.cause(one, at(20))
        problems.reanalyse(session, one, Because("ada", "it was another"), at(25))
        problems.find_cause(session, one, "a lock", ADA, at(28))
    shares = [
        year.report(Period(PERIOD.since, until), until).lost.hours_known
        for until in (at(10), at(22), at(26), PERIOD.until)
    ]
    assert shares == [0, 10, 0, 10]


def test_a_fix_after_which_the_problem_was_reopened_has_failed_also_without_a_new_incident(year: Year) -> None:
    with year.at_once() as session:
        for reopened_at in (at(20), None):
            one = year.problem("a leak", at(3))
            year.cause(one, at(4))
            year.fix(one, at(10), "patched")
            if reopened_at is not None:
                problems.reopen(session, one, Because("ada", "a caller says so"), reopened_at)
    came_back = measure(year.report(), "came_back")
    assert came_back.figure is not None
    assert (came_back.figure.number, came_back.figure.of) == (1, 2)
    early = measure(year.report(Period(PERIOD.since, at(15)), at(15)), "came_back")
    assert early.figure is not None
    assert early.figure.number == 0, "on the 15th nobody knew"


def test_a_month_that_leaps_within_the_limits_is_worth_a_sentence(year: Year) -> None:
    """Resolved in hours, month by month: mean 10.1, moving range 1.2, so limits 6.9 and 13.3 and no step above 3.9."""
    hours = (10, 12, 11, 9, 10, 11, 10, 10, 11, 9, 8.5, 12.8)
    with year.at_once():
        known = year.known(at(1, 1, 2025), workaround="Wait.")
        for month, took in enumerate(hours):
            opened = at(5, month) if month else at(5, 12, 2025)
            year.used(year.incident(opened, took), known, opened + timedelta(hours=1))
    report = year.report()
    assert measure(report, "time_to_solve").result is Result.SUDDENLY_WORSE
    assert "Time to solve, matched and others: 13 h, suddenly worse (8 h before)." in report.verdict.needs


def test_a_report_of_the_past_says_what_was_true_then(sqlite: Database, tmp_path: Path) -> None:
    year = eventful_year(sqlite, tmp_path)
    october = Period(PERIOD.since - 31 * DAY, PERIOD.since)
    report = year.report(october)
    assert [(one.title, one.state) for one in report.open] == [
        ("Disk full on app hosts", ProblemState.KNOWN_ERROR),
        ("VPN gateway runs out of memory", ProblemState.WATCHING),
        ("Mails wait for hours", ProblemState.ROOT_CAUSE_KNOWN),
    ]
    assert report.solved == ()
    later = year.report(october, NOW + 100 * DAY)
    assert [one.figure for one in later.measures] == [one.figure for one in report.measures]


def test_the_first_problem_of_a_house_is_not_worse_than_the_months_before_it_began(year: Year) -> None:
    with year.at_once():
        year.problem("the first", at(3))
    first = measure(year.report(), "open_problems")
    assert first.figure is not None
    assert (first.figure.number, first.before, first.limits, first.result) == (1, None, None, Result.TOO_EARLY)
    assert {point.value for point in first.history[:-1]} == {None}
