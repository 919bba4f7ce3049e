"""Whom of a team an incident goes to."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.assignment import least_loaded, next_in_turn

TURNS = [
    (("b", "a", "c"), None, "a", "the first by name"),
    (("b", "a", "c"), "a", "b", "the next"),
    (("b", "a", "c"), "c", "a", "round again"),
    (("a", "d"), "b", "d", "the last one has left"),
    (("a",), "a", "a", "alone"),
    ((), "a", None, "nobody"),
]


@pytest.mark.parametrize(("people", "last", "person", "why"), TURNS, ids=[case[3] for case in TURNS])
def test_in_turn(people, last, person, why):
    assert next_in_turn(people, last) == person, why


LOADS = [
    ({"a": 2, "b": 1, "c": 1}, None, "b", "the fewest, by name"),
    ({"a": 2, "b": 1, "c": 1}, "b", "c", "of several whose turn it is"),
    ({"a": 2}, None, "b", "who has none"),
]


@pytest.mark.parametrize(("loads", "last", "person", "why"), LOADS, ids=[case[3] for case in LOADS])
def test_the_least_loaded(loads, last, person, why):
    assert least_loaded(("a", "b", "c"), loads, last) == person, why
    assert least_loaded((), loads, last) is None


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=7, unique=True), st.integers(1, 50))
def test_nobody_gets_more_than_one_above_anybody_else(people, rounds):
    for is_least in (False, True):
        given_to, last = Counter(), None
        for _ in range(rounds):
            last = least_loaded(people, given_to, last) if is_least else next_in_turn(people, last)
            given_to[last] += 1
        counts = [given_to[name] for name in people]
        assert max(counts) - min(counts) <= 1
