"""What keeps an alert from becoming an incident at once: too few events, or a delay for what heals itself."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.alert_thresholds import Healing, Threshold, after_delay, count_event
from models.rules.field_error import FieldError
from tests.rules.moments import utc

BEGIN = utc("2026-11-21 12:00")
S, M = timedelta(seconds=1), timedelta(minutes=1)


def counted(threshold, seconds):
    times = ()
    for second in seconds:
        found = count_event(threshold, times, BEGIN + second * S)
        times = found.times
    return found


@pytest.mark.parametrize(
    ("seconds", "reached", "kept", "reason"),
    [
        ([0], False, [0], "one"),
        ([0, 60], False, [0, 60], "two"),
        ([0, 60, 90], True, [0, 60, 90], "three within two minutes"),
        ([0, 60, 120], True, [0, 60, 120], "the last moment counts"),
        ([0, 60, 121], False, [60, 121], "the first has left"),
        ([0, 60, 121, 122], True, [60, 121, 122], "it slides"),
        ([0, 0, 0], True, [0, 0, 0], "all at once"),
        ([0, 1, 2, 3], True, [1, 2, 3], "no more is kept than is needed"),
        ([0, 1, 2, 300], False, [300], "a pause begins anew"),
        ([60, 0, 61], True, [0, 60, 61], "one that came late takes its place"),
        ([300, 0, 301], False, [300, 301], "or does not count"),
    ],
)
def test_so_many_events_within_a_time_reach_the_threshold(seconds, reached, kept, reason):
    found = counted(Threshold(3, 2 * M), seconds)
    assert found.is_reached is reached, reason
    assert [(time - BEGIN) / S for time in found.times] == kept


def test_the_count_is_told_in_words():
    found = counted(Threshold(3, 2 * M), [0, 60])
    assert found.reason == "2 of 3 events in 2m, the last at 2026-11-21T12:01Z"


@pytest.mark.parametrize(
    ("count", "within", "key"),
    [(1, M, "count"), (0, M, "count"), (1001, M, "count"), (2, 0 * M, "within"), (2, -M, "within")],
)
def test_a_threshold_that_says_nothing_is_refused(count, within, key):
    with pytest.raises(FieldError) as refused:
        Threshold(count, within)
    assert refused.value.key == key


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40), st.integers(2, 5), st.integers(1, 60))
def test_the_threshold_is_reached_when_so_many_of_all_events_lie_in_the_time_before_the_newest(seconds, count, within):
    found = counted(Threshold(count, within * S), seconds)
    newest = max(seconds)
    assert found.is_reached is (sum(newest - within <= second for second in seconds) >= count)
    assert len(found.times) <= count


@pytest.mark.parametrize(
    ("cleared", "now", "healing", "look_at", "reason"),
    [
        (None, 0, Healing.WAITS, 5, "may heal by itself until 2026-11-21T12:05Z"),
        (None, 4.9, Healing.WAITS, 5, "may heal by itself until 2026-11-21T12:05Z"),
        (None, 5, Healing.DUE, None, "fired at 2026-11-21T12:00Z and did not clear within 5m"),
        (0, 1, Healing.HEALED, None, "cleared by itself at 2026-11-21T12:00Z, within 5m"),
        (3, 3, Healing.HEALED, None, "cleared by itself at 2026-11-21T12:03Z, within 5m"),
        (5, 60, Healing.HEALED, None, "cleared by itself at 2026-11-21T12:05Z, within 5m"),
        (6, 60, Healing.DUE, None, "fired at 2026-11-21T12:00Z and did not clear within 5m"),
        (3, 2, Healing.WAITS, 5, "may heal by itself until 2026-11-21T12:05Z"),
        (-1, 2, Healing.WAITS, 5, "may heal by itself until 2026-11-21T12:05Z"),
    ],
)
def test_what_clears_within_the_delay_never_becomes_an_incident(cleared, now, healing, look_at, reason):
    found = after_delay(5 * M, BEGIN, None if cleared is None else BEGIN + cleared * M, BEGIN + now * M)
    assert (found.healing, found.reason) == (healing, reason)
    assert found.look_at == (None if look_at is None else BEGIN + look_at * M)


def test_without_a_delay_it_is_an_incident_at_once():
    assert after_delay(0 * M, BEGIN, None, BEGIN).healing is Healing.DUE


@given(
    delay=st.integers(0, 600).map(lambda seconds: seconds * S),
    cleared=st.none() | st.integers(0, 900).map(lambda seconds: BEGIN + seconds * S),
    later=st.lists(st.integers(0, 900), min_size=1, max_size=5),
)
def test_a_verdict_that_is_no_waiting_never_changes(delay, cleared, later):
    nows: list[datetime] = [BEGIN + second * S for second in sorted(later)]
    known = [after_delay(delay, BEGIN, cleared if cleared and cleared <= now else None, now).healing for now in nows]
    settled = [healing for healing in known if healing is not Healing.WAITS]
    if cleared is None or cleared > BEGIN + delay:
        assert Healing.HEALED not in known
    assert len(set(settled)) <= 1 or delay == cleared - BEGIN, "at the last moment the clearing may be seen too late"
