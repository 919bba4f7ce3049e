"""Flap detection: the formula, the hysteresis, and bounds that always hold. The vectors are run by conformance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.flapping import (
    HISTORY,
    FlapThresholds,
    after_state,
    first_record,
    percent_state_change,
)

USUAL = FlapThresholds()


def after(states, thresholds=USUAL):
    record = first_record(0)
    for state in states:
        record = after_state(record, state, thresholds)
    return record


@pytest.mark.parametrize(
    ("states", "percent", "is_flapping", "reason"),
    [
        ([], 0.0, False, "nothing yet"),
        ([0] * 30, 0.0, False, "always the same"),
        ([2], 6.25, False, "the newest change weighs 1.25 of 20"),
        ([2] + [2] * 19, 3.75, False, "the oldest 0.75"),
        ([2] + [2] * 20, 0.0, False, "then it is forgotten"),
        ([2, 0, 2, 0], 24.2, True, "four changes start it"),
        ([2, 0, 2, 0, 0, 0, 0, 0, 0, 0], 21.1, True, "it goes on"),
        ([2, 0, 2, 0] + [0] * 10, 18.9, True, "below high and above low, it stays"),
        ([2, 0, 2, 0] + [0] * 19, 3.75, False, "at or below low it ends"),
        ([2, 0, 2, 0] + [0] * 19 + [1, 1], 6.1, False, "and stays ended below high"),
        ([1, 2, 3, 0] * 6, 100.0, True, "a change each time"),
        ([1, 2, 3, 1, 2, 3], 35.5, True, "from one trouble to another is a change too"),
    ],
)
def test_what_changes_too_often_flaps(states, percent, is_flapping, reason):
    record = after(states)
    assert record.percent == pytest.approx(percent, abs=0.06), reason
    assert record.is_flapping is is_flapping
    assert record.change_text == f"{record.percent:.1f}%"


@pytest.mark.parametrize(
    ("low", "high", "is_flapping", "reason"),
    [
        (5, 3.75, None, "high below low"),
        (3.75, 3.75, None, "no room between"),
        (-1, 20, None, "below nothing"),
        (5, 101, None, "more than all"),
        (3.0, 6.25, True, "high belongs to flapping"),
        (6.25, 7.0, False, "low does not"),
    ],
)
def test_thresholds_are_percentages_and_apart(low, high, is_flapping, reason):
    if is_flapping is None:
        with pytest.raises(FieldError):
            FlapThresholds(low, high)
    else:
        assert after([2], FlapThresholds(low, high)).is_flapping is is_flapping, reason


def test_it_ends_at_the_low_threshold_itself():
    history = [2, 0, 2, 0, *[0] * 19]
    assert after(history[:-1], FlapThresholds(3.75, 20)).is_flapping
    assert after(history, FlapThresholds(3.75, 20)).percent == 3.75
    assert not after(history, FlapThresholds(3.75, 20)).is_flapping


def test_states_may_be_words():
    record = after_state(first_record("ok"), "ok", USUAL)
    assert record.percent == 0
    assert after_state(record, "down", USUAL).percent == 6.25


def test_another_number_of_states_is_refused():
    with pytest.raises(ValueError, match="from 21 states, not 20"):
        percent_state_change([0] * 20)


states = st.lists(st.integers(0, 3), max_size=60)


@given(states, st.integers(0, 3))
def test_the_percentage_is_within_its_bounds_and_flapping_follows_the_thresholds(history, last):
    before, record = after(history), after([*history, last])
    assert len(record.states) == HISTORY
    assert 0 <= record.percent <= 100
    if record.percent >= USUAL.high:
        assert record.is_flapping
    elif record.percent <= USUAL.low:
        assert not record.is_flapping
    else:
        assert record.is_flapping is before.is_flapping


@given(states)
def test_what_lies_further_back_than_the_history_does_not_count_for_the_percentage(history):
    record = after([1, 0, 1, 0, *history])
    assert record.percent == percent_state_change(([0] * HISTORY + [1, 0, 1, 0, *history])[-HISTORY:])
