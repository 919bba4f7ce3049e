"""What comes again, and jobs that need a second attempt more often."""

from datetime import UTC, datetime, timedelta

import pytest

from models.rules.trends.control_limits import Signal
from models.rules.trends.recurring import Again, recurring
from models.rules.trends.retry_rates import Week, rise_of

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


def days(*before: float) -> list[datetime]:
    return [UNTIL - timedelta(days=one) for one in before]


def test_what_was_met_in_three_weeks_comes_again_and_a_bad_day_does_not() -> None:
    met = [
        *(("mail", at) for at in days(1, 9, 20)),
        *(("shop", at) for at in days(2, 8, 9, 30, 31)),
        *(("bad day", at) for at in days(*[3 + n / 24 for n in range(9)])),
        *(("two weeks", at) for at in days(1, 2, 8)),
    ]
    assert recurring(met, UNTIL) == (Again("shop", 5, 3, days(2)[0]), Again("mail", 3, 3, days(1)[0]))


def test_equally_often_the_one_met_last_comes_first() -> None:
    met = [("a", at) for at in days(2, 9, 16)] + [("b", at) for at in days(1, 9, 16)]
    assert [one.pattern for one in recurring(met, UNTIL)] == ["b", "a"]
    assert [one.pattern for one in recurring(met, UNTIL, least_weeks=4)] == []


STEADY = [Week(20, retried) for retried in (1, 0, 1, 2, 0, 1, 1, 0)]
"""Rates of 0 to 10 %, mean 3.75 %, moving range 5 %: the upper limit is 17.05 %."""
CASES = {
    "it is as it was": ([*STEADY, *[Week(20, 1)] * 4], None),
    "a bad week of four": ([*STEADY, Week(20, 1), Week(20, 6), Week(20, 1), Week(20, 0)], Signal.ABOVE),
    "a little more for eight weeks": ([*STEADY, *[Week(20, 2)] * 8], Signal.LONG_ABOVE),
    "better": ([*STEADY, *[Week(20, 0)] * 4], None),
    "seldom": ([*[Week(2, 0)] * 8, Week(2, 2), Week(2, 2), Week(2, 2), Week(2, 2)], None),
    "two retries are chance": ([*[Week(20, 0)] * 8, Week(20, 1), Week(20, 1), Week(20, 0), Week(20, 0)], None),
    "three where there were none": ([*[Week(20, 0)] * 8, *[Week(20, 1)] * 4], Signal.ABOVE),
    "five weeks before": ([*[Week(20, 0)] * 5, *[Week(20, 9)] * 4], None),
    "weeks without a run say nothing": ([*[Week(0, 0)] * 8, *[Week(20, 9)] * 4], None),
    "always": ([*[Week(5, 5)] * 8, *[Week(5, 5)] * 4], None),
}


@pytest.mark.parametrize(("weeks", "signal"), CASES.values(), ids=CASES)
def test_a_rate_rises_when_its_limits_say_so(weeks: list[Week], signal: Signal | None) -> None:
    recent = 8 if signal is Signal.LONG_ABOVE else 4
    found = rise_of(weeks, recent)
    assert (found.signal if found else None) is signal


def test_a_rise_says_what_it_is_and_what_it_was() -> None:
    found = rise_of([*STEADY, *[Week(20, 5)] * 4], 4)
    assert found is not None
    assert (found.retried, found.runs, found.rate, found.usual) == (20, 80, 0.25, 6 / 160)
    assert found.limits.upper == pytest.approx(0.0375 + 2.66 * 0.05)
