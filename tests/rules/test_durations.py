"""Lengths of time as people write them, and their refusals."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds", "reason"),
    [
        ("90s", 90, "seconds may be more than a minute"),
        ("15m", 900, "minutes"),
        ("2h", 7200, "hours"),
        ("1d", 86_400, "a day is 24 elapsed hours"),
        ("1w", 604_800, "a week"),
        ("1h30m", 5400, "parts add up"),
        ("0s", 0, "no pause at all"),
        (" 5m ", 300, "blanks around are harmless"),
    ],
)
def test_a_duration_is_read_as_people_write_it(text, seconds, reason):
    assert parse_duration(text) == timedelta(seconds=seconds), reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "nothing"),
        ("15", "no unit"),
        (15, "a number has no unit"),
        ("1.5h", "no fractions: 1h30m"),
        ("-5m", "never negative"),
        ("30m1h", "units go from large to small"),
        ("1h 30m", "no blanks inside"),
        ("5 minutes", "not these words"),
        ("٣m", "only the digits 0 to 9"),
        (True, "not a switch"),
        (None, "not nothing"),
        (timedelta(seconds=-1), "not negative either"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_is_allowed(value, reason):
    with pytest.raises(ValueError, match="1h30m"):
        parse_duration(value)


@given(st.integers(0, 10**8))
def test_a_duration_survives_being_written_and_read(seconds):
    span = timedelta(seconds=seconds)
    assert parse_duration(format_duration(span)) == span


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(milliseconds=400), "0.4s"),
        (timedelta(hours=26, seconds=1), "1d2h1s"),
        (timedelta(minutes=-5), "-5m"),
    ],
)
def test_a_duration_is_written_shortly(span, text):
    assert format_duration(span) == text
