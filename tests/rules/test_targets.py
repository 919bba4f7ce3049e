"""Targets and waits as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.clock_promises import Target
from models.rules.escalation import Wait, parse_wait
from models.rules.targets import parse_target

HOUR = timedelta(hours=1)
TARGETS = [
    ("4h", Target(4 * HOUR), "open time"),
    ("1d", Target(24 * HOUR), "a day of open time has 24 hours, whatever the calendar"),
    ("90m", Target(1.5 * HOUR), "minutes"),
    ("2 working days", Target(working_days=2), "days"),
    (" 1  working   day ", Target(working_days=1), "one day, blanks do not matter"),
    ("5 working days, to the end of the day", Target(working_days=5, end_of_day=True), "to the end of the day"),
]


@pytest.mark.parametrize(("text", "target", "why"), TARGETS, ids=[case[2] for case in TARGETS])
def test_a_target_is_read_and_written_back(text, target, why):
    assert parse_target(text) == target, why
    assert parse_target(str(target)) == target


OPEN = st.integers(1, 3000 * 86_400).map(lambda seconds: Target(timedelta(seconds=seconds)))


@given(st.one_of(OPEN, st.builds(Target, working_days=st.integers(1, 3660), end_of_day=st.booleans())))
def test_every_target_comes_back_from_its_words(target):
    assert parse_target(str(target)) == target


WRONG = [
    ("", "is not a target", "nothing"),
    ("4", "is not a target", "no unit"),
    ("2 days", "is not a target", "days of what"),
    ("working days", "is not a target", "how many"),
    ("0h", "leaves no time at all", "no time"),
    ("0 working days", "leaves no time at all", "no days"),
    ("3661 working days", "is more than 3660 days", "beyond every calendar"),
    ("999999d", "is more than 3660 days", "beyond every calendar, in hours"),
]


@pytest.mark.parametrize(("text", "message", "why"), WRONG, ids=[case[2] for case in WRONG])
def test_what_is_no_target_is_refused_with_the_way_to_write_one(text, message, why):
    with pytest.raises(ValueError, match=message):
        parse_target(text)


WAITS = [("30m", Wait(timedelta(minutes=30))), ("75%", Wait(percent=75)), ("150 %", Wait(percent=150))]


@pytest.mark.parametrize(("text", "wait"), WAITS, ids=[case[0] for case in WAITS])
def test_a_wait_is_time_or_a_share(text, wait):
    assert parse_wait(text) == wait
    assert parse_wait(str(wait)) == wait


@pytest.mark.parametrize("text", ["0%", "1001%", "-5%", "half", "5"])
def test_what_is_no_wait_is_refused(text):
    with pytest.raises(ValueError, match=r"write it as|like 30m or 75%|between 1% and 1000%"):
        parse_wait(text)
