"""The fingerprint: the same for the same labels, for ever, and fast enough."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.rules.fingerprints import fingerprint

LABELS = {"alertname": "HighLoad", "severity": "critical", "cluster": "eu-1", "instance": "web12:9100", "job": "node"}


@pytest.mark.parametrize(
    ("labels", "found", "reason"),
    [
        ({}, "cae66941d9efbd404e4d88758ea67670", "nothing"),
        (LABELS, "1596dee055af13bc7677bbfbec9edde9", "five labels"),
        ({"é": "😀"}, "89292323183bcfb02cb7f34e2c6c358a", "letters of others"),
        ({"a": "b\0c"}, "a6dedff2137250eb77fc78ff43767433", "a NUL"),
        ({"a": "\ud800"}, "492b1949782c0238103e80fd2aedfda4", "half a character"),
    ],
)
def test_a_fingerprint_never_changes(labels, found, reason):
    """The first four are what `printf 'name\\0value...' | b2sum -l 128` says."""
    assert fingerprint(labels) == found, reason


@pytest.mark.parametrize(
    ("one", "other", "ignored", "same", "reason"),
    [
        ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, (), True, "in any order"),
        ({"a": "1"}, {"a": "2"}, (), False, "another value"),
        ({"a": "1"}, {"b": "1"}, (), False, "another name"),
        ({"a": "1"}, {"a": "1", "b": ""}, (), True, "an empty label is none"),
        ({"a": "1", "t": "9"}, {"a": "1", "t": "8"}, ("t",), True, "an ignored one"),
        ({"a": "1", "t": "9"}, {"a": "1"}, frozenset("t"), True, "or without it"),
        ({"a": "1", "t": "9"}, {"a": "1", "t": "8"}, ("x",), False, "another ignored"),
        ({"ab": "c"}, {"a": "bc"}, (), False, "the border counts"),
        ({"a": "b\0c\0d"}, {"a": "b", "c": "d"}, (), False, "a NUL makes no border"),
        ({"a\0b": "c"}, {"a": "b\0c"}, (), False, "wherever it stands"),
    ],
)
def test_the_same_labels_have_the_same_fingerprint(one, other, ignored, same, reason):
    assert (fingerprint(one, ignored) == fingerprint(other, ignored)) is same, reason


signs = st.text(alphabet="a\0.1\ud800é", max_size=4)
sets = st.dictionaries(signs, signs, max_size=3)


@given(sets, sets)
@example({"": "\0\0"}, {"\0": "\0"})
@example({"": "\0" + "1.1\0a\0b"}, {"a": "b"})
def test_two_fingerprints_are_equal_only_for_equal_labels(one, other):
    known = [{name: value for name, value in labels.items() if value} for labels in (one, other)]
    assert (fingerprint(one) == fingerprint(other)) is (known[0] == known[1])
    assert len(fingerprint(one)) == 32


def test_a_hundred_thousand_take_less_than_a_second():
    def seconds():
        begin = time.process_time()
        for _ in range(10_000):
            fingerprint(LABELS, frozenset({"instance"}))
        return time.process_time() - begin

    assert min(seconds() for _ in range(5)) < 0.1
