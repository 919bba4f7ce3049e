"""RPO and RTO as measured, against their targets."""

from datetime import timedelta

import pytest

from models.rules.recovery_figures import Figure, RpoPeriod, rpo_of, rpo_of_drill, rpo_over, rto_of
from models.rules.restore_points import Drill, Point
from models.vocabulary import Outcome
from tests.rules.backup_points import DAY, HOUR, NOW, daily

SINCE = NOW - 10 * DAY


def drill(took, outcome=Outcome.OK):
    return Drill("p0", NOW - 5 * HOUR, NOW - 3 * HOUR, took, outcome)


def points(*days_ago):
    return [Point(str(days), "shop", NOW - days * DAY) for days in days_ago]


@pytest.mark.parametrize(
    ("figure", "met", "text", "reason"),
    [
        (rpo_of(None, DAY, NOW), None, "no data", "no point"),
        (rpo_of(daily("P")[0], DAY, NOW), True, "1h of 1d, met", "young"),
        (rpo_of(daily("P", NOW - 2 * DAY)[0], DAY, NOW), False, "2d of 1d, missed", "old"),
        (rpo_of(daily("P")[0], HOUR, NOW), True, "1h of 1h, met", "just in time"),
        (rpo_of(daily("P", NOW + HOUR)[0], DAY, NOW), True, "0s of 1d, met", "a clock that is ahead"),
        (rpo_of(daily("P")[0], None, NOW), None, "1h, no target", "no target"),
        (rpo_of_drill(drill(HOUR), HOUR), False, "2h of 1h, missed", "the point's age when the drill began"),
        (rto_of([], HOUR), None, "no data", "no drill"),
        (rto_of([drill(HOUR, Outcome.FAILED)], HOUR), None, "no data", "a failed restore has no duration to speak of"),
        (rto_of([drill(HOUR), drill(2 * HOUR)], HOUR), False, "2h of 1h, missed", "the longest counts"),
    ],
)
def test_a_figure_is_met_missed_or_has_no_data(figure, met, text, reason):
    assert (figure.met, str(figure)) == (met, text), reason


def test_the_number_behind_a_figure_is_told():
    assert rto_of([drill(HOUR), drill(HOUR), drill(HOUR, Outcome.FAILED)], HOUR) == Figure(HOUR, HOUR, 2)


@pytest.mark.parametrize(
    ("taken", "target", "expected", "reason"),
    [
        ((), DAY, RpoPeriod(0, None, None), "no data"),
        (range(11), DAY, RpoPeriod(11 - 1, 1.0, DAY), "one a day; the one that is taken at the end is of the next"),
        ((9, 8, 2), DAY, RpoPeriod(3, 0.3, 6 * DAY), "three days of ten, and a gap of six"),
        ((15, 5), DAY, RpoPeriod(2, 0.1, 10 * DAY), "the gap began before the period"),
        ((10.5,), DAY, RpoPeriod(1, 0.05, 10.5 * DAY), "half a day is left of the last one before"),
        ((5, 4.5), DAY, RpoPeriod(2, 0.15, 5 * DAY), "what overlaps counts once; the period's end ends a gap too"),
        ((15, 12, 5), DAY, RpoPeriod(2, 0.1, 7 * DAY), "of those before only the last one counts"),
        ((12,), DAY, RpoPeriod(1, 0.0, 12 * DAY), "a point that is too old all the time"),
    ],
)
def test_an_rpo_is_kept_for_a_part_of_a_period(taken, target, expected, reason):
    found = rpo_over(points(*taken), target, SINCE, NOW)
    assert (found.n, found.longest_gap) == (expected.n, expected.longest_gap), reason
    assert found.part_met == (expected.part_met if expected.part_met is None else pytest.approx(expected.part_met))


def test_a_period_that_is_none_has_no_data():
    assert rpo_over(points(1), DAY, NOW, NOW - timedelta(1)) == RpoPeriod(0, None, None)
