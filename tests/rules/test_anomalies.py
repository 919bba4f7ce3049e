"""What is unusual about a point, and what is a failure."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.anomalies import FEWEST_POINTS, PointFigures, anomalies_of, source_fault

GIB = 1024**3
USUAL = PointFigures(12 * GIB, 60_000, timedelta(minutes=10), GIB // 4)


def history(count=14, **spread):
    """Points around the usual one; `spread` is the part by which a figure goes up and down."""
    found = []
    for number in range(count):
        sign = (-1, -0.5, 0, 0.5, 1)[number % 5]
        found.append(
            dataclasses.replace(
                USUAL,
                size_bytes=int(USUAL.size_bytes * (1 + sign * spread.get("size", 0.03))),
                files=int(USUAL.files * (1 + sign * spread.get("files", 0.03))),
                duration=USUAL.duration * (1 + sign * spread.get("duration", 0.1)),
                added_bytes=int(USUAL.added_bytes * (1 + sign * spread.get("added", 0.1))),
            )
        )
    return found


@pytest.mark.parametrize(
    ("changes", "kinds", "reason"),
    [
        ({}, "", "as usual"),
        ({"size_bytes": int(3.1 * GIB)}, "size change rate", "shrank; what is new is more of it"),
        ({"size_bytes": int(12.6 * GIB)}, "", "a little more"),
        ({"size_bytes": 40 * GIB, "added_bytes": GIB}, "size", "more than three times as much"),
        ({"files": 1}, "files", "one file that holds all"),
        ({"duration": timedelta(hours=2)}, "duration", "slow"),
        ({"duration": timedelta(seconds=1)}, "duration", "too fast to be true"),
        ({"added_bytes": 12 * GIB}, "change rate", "everything is new: perhaps encrypted by somebody"),
        ({"added_bytes": None}, "", "the engine does not say"),
    ],
)
def test_a_figure_outside_its_usual_band_is_told(changes, kinds, reason):
    found = anomalies_of(dataclasses.replace(USUAL, **changes), history())
    assert " ".join(anomaly.kind.value for anomaly in found) == kinds, reason
    assert all(anomaly.n == 14 and not anomaly.low <= anomaly.value <= anomaly.high for anomaly in found)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"size_bytes": int(3.1 * GIB), "added_bytes": None}, "3.1 GiB, usually 11.6-12.3 GiB over the last 14 points"),
        ({"files": 2}, "2 files, usually 58,200-61,530 files over the last 14 points"),
        ({"duration": timedelta(hours=2)}, "2h, usually 9m to 10m 51s over the last 14 points"),
        ({"added_bytes": 12 * GIB}, "100.0 % changed, usually 1.9-2.2 % over the last 14 points"),
    ],
)
def test_an_anomaly_says_what_is_usual(changes, text):
    (found,) = anomalies_of(dataclasses.replace(USUAL, **changes), history())
    assert found.text == text


def test_with_too_few_points_nobody_can_say_what_is_usual():
    tiny = dataclasses.replace(USUAL, size_bytes=1)
    assert anomalies_of(tiny, history(FEWEST_POINTS - 1)) == []
    assert anomalies_of(tiny, history(FEWEST_POINTS)) != []


def test_only_the_newest_points_of_the_history_count():
    long_ago = [dataclasses.replace(USUAL, size_bytes=10)] * 50
    assert anomalies_of(USUAL, [*long_ago, *history()]) == []


def test_a_history_without_any_spread_does_not_make_a_trifle_unusual():
    same = [USUAL] * 14
    assert anomalies_of(dataclasses.replace(USUAL, size_bytes=int(USUAL.size_bytes * 1.02)), same) == []
    assert anomalies_of(dataclasses.replace(USUAL, size_bytes=USUAL.size_bytes * 2, added_bytes=None), same) != []


def test_what_varies_may_vary():
    larger = dataclasses.replace(USUAL, size_bytes=15 * GIB, added_bytes=None)
    assert anomalies_of(larger, history(size=0.2)) == []
    assert anomalies_of(larger, history(size=0.02)) != []


def test_one_wild_point_in_the_history_hides_nothing():
    wild = [*history(13), dataclasses.replace(USUAL, size_bytes=900 * GIB)]
    found = anomalies_of(dataclasses.replace(USUAL, size_bytes=3 * GIB, added_bytes=None), wild)
    assert [anomaly.kind.value for anomaly in found] == ["size"]


@pytest.mark.parametrize(
    ("changes", "tolerance", "text", "reason"),
    [
        ({}, 30, None, "as it was"),
        ({"size_bytes": 9 * GIB}, 30, None, "within its tolerance"),
        ({"size_bytes": 3 * GIB}, 30, "from 12.0 GiB to 3.0 GiB, by 75 %; at most 30 % is allowed", "too small"),
        ({"files": 10}, 30, "from 60,000 files to 10 files", "too few files, though large"),
        ({"size_bytes": 3 * GIB}, None, None, "no tolerance: an anomaly, not a failure"),
        ({"size_bytes": 3 * GIB}, 75, None, "exactly its tolerance"),
        ({"size_bytes": 12 * GIB - 1}, 0, "at most 0 % is allowed", "a source that only grows"),
        ({"size_bytes": 0}, None, "the source is empty", "an empty dump"),
        ({"files": 0}, 100, "the source is empty: 0 files", "no file at all"),
        ({"size_bytes": 90 * GIB}, 0, None, "growing is no shrinking"),
    ],
)
def test_a_source_that_is_empty_or_shrank_too_far_is_a_failure(changes, tolerance, text, reason):
    found = source_fault(dataclasses.replace(USUAL, **changes), USUAL, tolerance)
    assert (found is None) if text is None else text in found, (reason, found)


def test_the_first_point_has_nothing_to_shrink_from_but_may_be_empty():
    assert source_fault(USUAL, None, 10) is None
    assert source_fault(dataclasses.replace(USUAL, size_bytes=0), None, 10) is not None


figures = st.builds(
    PointFigures,
    st.integers(0, 10**14),
    st.integers(0, 10**8),
    st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    st.none() | st.integers(0, 10**14),
)


@given(figures, st.lists(figures, max_size=20))
def test_every_history_has_an_answer(point, past):
    for anomaly in anomalies_of(point, past):
        assert anomaly.low <= anomaly.high
        assert "usually" in anomaly.text
    assert anomalies_of(point, [point] * 14) == []
