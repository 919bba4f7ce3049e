"""Control limits as published, and what a newest figure says by them."""

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.trends.control_limits import FEWEST, Signal, judge, limits_of

CASES = {
    # NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, flow rates: mean 50.81, moving range 1.8778,
    # limits 45.8159 and 55.8041 (with 3 / 1.128, which is 2.66 rounded).
    "NIST flow rates": (
        (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1),
        (50.81, 1.8778, 45.8159, 55.8041),
    ),
    "by hand: ranges 2, 4, 2": ((10, 12, 8, 10), (10.0, 8 / 3, 10 - 2.66 * 8 / 3, 10 + 2.66 * 8 / 3)),
    "by hand: two figures": ((10, 12), (11.0, 2.0, 5.68, 16.32)),
    "by hand: counts do not fall below none": ((0, 4, 0, 4), (2.0, 4.0, 0.0, 12.64)),
    "by hand: nothing moves": ((7, 7, 7), (7.0, 0.0, 7.0, 7.0)),
}


@pytest.mark.parametrize(("values", "wanted"), CASES.values(), ids=CASES)
def test_limits_are_the_published_ones(values: tuple[float, ...], wanted: tuple[float, ...]) -> None:
    found = limits_of(values)
    assert (found.mean, found.moving_range, found.lower, found.upper) == pytest.approx(wanted, abs=0.001)


def test_the_widest_range_is_the_published_one() -> None:
    assert limits_of((10, 12, 8, 10)).widest_range == pytest.approx(3.267 * 8 / 3)


def test_a_share_does_not_pass_the_whole() -> None:
    assert limits_of((0.9, 0.5, 1.0), ceiling=1.0).upper == 1.0
    assert limits_of((0.9, 0.5, 1.0), floor=None).lower < 0


def test_one_figure_has_no_limits() -> None:
    with pytest.raises(ValueError, match="at least two"):
        limits_of((1,))


STEADY = (10.0, 12.0, 11.0, 9.0, 10.0, 11.0)  # mean 10.5, moving range 1.4: limits 6.776 and 14.224
SIGNALS = {
    "far above": ((*STEADY, 15), Signal.ABOVE),
    "just inside": ((*STEADY, 14), Signal.USUAL),
    "far below": ((*STEADY, 6), Signal.BELOW),
    "far above, and only the newest counts": ((*STEADY, 40, 11), Signal.USUAL),
    "eight in a row above": ((5, 15, 5, 15, 5, 15, 12, 12, 12, 12, 12, 12, 12, 12), Signal.LONG_ABOVE),
    "seven in a row above": ((5, 15, 5, 15, 5, 15, 5, 12, 12, 12, 12, 12, 12, 12), Signal.USUAL),
    "eight in a row below": ((15, 5, 15, 5, 15, 5, 12, 7, 7, 7, 7, 7, 7, 7, 7), Signal.LONG_BELOW),
    "a leap within the limits": ((*STEADY, 9, 14.1), Signal.LEAP),
    "a drop within the limits": ((*STEADY, 12, 7.2), Signal.DROP),
    "just no leap": ((*STEADY, 9.5, 14), Signal.USUAL),
    "five before": ((*STEADY[1:], 100), Signal.TOO_EARLY),
    "none before": ((100,), Signal.TOO_EARLY),
    "nothing": ((), Signal.TOO_EARLY),
    "no figure this time": ((*STEADY, 9, None), Signal.TOO_EARLY),
    "times without a figure do not count": ((None, *STEADY, None, 15), Signal.ABOVE),
}


@pytest.mark.parametrize(("values", "wanted"), SIGNALS.values(), ids=SIGNALS)
def test_the_newest_figure_is_judged_by_those_before_it(values: tuple[float | None, ...], wanted: Signal) -> None:
    found = judge(values)
    assert found.signal is wanted
    assert found.is_worth_a_sentence == (wanted not in (Signal.TOO_EARLY, Signal.USUAL))
    assert (found.limits is None) == (wanted is Signal.TOO_EARLY)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=40))
def test_the_mean_lies_between_the_limits_and_none_is_below_nothing(values: list[int]) -> None:
    found = limits_of(values)
    assert 0 <= found.lower <= found.mean + 1e-6
    assert found.mean <= found.upper + 1e-6
    assert found.mean == pytest.approx(fmean(values))


@given(st.integers(0, 10**6), st.integers(FEWEST, 30))
def test_a_figure_that_never_moves_is_always_usual(value: int, times: int) -> None:
    assert judge([float(value)] * (times + 1)).signal is Signal.USUAL
