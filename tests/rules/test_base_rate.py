"""How unusual it is that something happened so often."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.base_rate import BaseRate, poisson_tail

DAY = timedelta(days=1)

SAID = [
    pytest.param(
        5, 1, 0, 28, "5 in 1d, of less than 0.1 expected: by chance once in a million times or less", id="never"
    ),
    pytest.param(5, 7, 1, 28, "5 in 7d, of 0.4 expected: by chance once in 22,000 times", id="seldom before"),
    pytest.param(5, 7, 19, 28, "5 in 7d, of 4.9 expected: about as often as before", id="as ever"),
    pytest.param(80, 7, 200, 28, "80 in 7d, of 50 expected: by chance once in 16,000 times", id="often, now more so"),
    pytest.param(5, 7, 0, 6, "5 in 7d; there is no time before to compare it with", id="too young"),
]


@pytest.mark.parametrize(("times", "within", "before", "over", "expected"), SAID)
def test_a_rate_is_said_in_words(times: int, within: int, before: int, over: int, expected: str) -> None:
    assert BaseRate(times, within * DAY, before, over * DAY).words == expected


@pytest.mark.parametrize(("times", "is_usual"), [(3, True), (4, False)], ids=["4 % by chance", "0.7 % by chance"])
def test_usual_is_what_chance_gives_once_in_a_hundred_times(times: int, is_usual: bool) -> None:
    assert BaseRate(times, DAY, 10, 14 * DAY).is_usual is is_usual


def test_what_is_known_of_no_time_before_is_not_usual() -> None:
    assert not BaseRate(5, 7 * DAY, 0, timedelta(0)).is_usual


@pytest.mark.parametrize(("times", "expected"), [(1, 0.5), (3, 2.5), (10, 4.0), (4, 9.0)])
def test_the_tail_is_what_the_terms_below_leave(times: int, expected: float) -> None:
    below = sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(times))
    assert poisson_tail(times, expected) == pytest.approx(1 - below, rel=1e-9)


@given(st.integers(0, 500), st.floats(0.001, 500))
def test_more_is_never_likelier(times: int, expected: float) -> None:
    assert 0 <= poisson_tail(times + 1, expected) <= poisson_tail(times, expected) + 1e-12 <= 1 + 1e-9
