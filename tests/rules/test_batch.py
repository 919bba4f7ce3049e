"""Rolling batches."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.batch import Batch, OnFailure, Order, may_go_on, waves
from models.rules.nodes import Node
from models.vocabulary import Outcome

HOSTS = [Node("c", rank=1), Node("a", rank=2), Node("b", rank=1), Node("d", rank=2), Node("e", rank=0)]


@pytest.mark.parametrize(
    ("batch", "groups", "reason"),
    [
        (Batch(), ["e b c a d"], "all at once, by rank then name"),
        (Batch(order=Order.NAME), ["a b c d e"], "by name"),
        (Batch(size=2), ["e b", "c a", "d"], "the last group is smaller"),
        (Batch(size="2"), ["e b", "c a", "d"], "a number in quotes"),
        (Batch(size="25%"), ["e b", "c a", "d"], "a part is rounded up"),
        (Batch(size="1%"), ["e", "b", "c", "a", "d"], "at least one host"),
        (Batch(size="100%"), ["e b c a d"], "all of them"),
        (Batch(size=50), ["e b c a d"], "more than there are"),
    ],
)
def test_hosts_run_in_groups(batch, groups, reason):
    assert [" ".join(wave) for wave in waves(HOSTS, batch)] == groups, reason


def test_no_hosts_are_no_groups():
    assert waves([], Batch()) == []


@given(st.lists(st.builds(Node, st.text("abc", min_size=1)), unique_by=lambda node: node.name), st.integers(1, 9))
def test_each_host_is_in_one_group(nodes, size):
    groups = waves(nodes, Batch(size=size))
    assert sorted(name for group in groups for name in group) == sorted(node.name for node in nodes)
    assert all(0 < len(group) <= size for group in groups)


OK, FAILED, SKIPPED = Outcome.OK, Outcome.FAILED, Outcome.SKIPPED


@pytest.mark.parametrize(
    ("batch", "outcomes", "allowed", "words", "reason"),
    [
        (Batch(), {}, True, "no host failed", "nothing ran yet"),
        (Batch(), {"a": OK, "b": SKIPPED}, True, "no host failed", "a skipped host did not fail"),
        (Batch(), {"a": OK, "b": FAILED}, False, "stopped: 1 of 2 hosts failed (b), 0 may fail", "the first failure"),
        (Batch(max_failures=1), {"a": OK, "b": FAILED}, True, "1 of 2 hosts failed (b); 1 may fail", "one may"),
        (Batch(max_failures=1), {"a": FAILED, "b": Outcome.UNKNOWN}, False, "2 of 2", "unknown is not ok"),
        (Batch(on_failure=OnFailure.GO_ON), {"a": FAILED}, True, "goes on after failures", "told to go on"),
        (Batch(), dict.fromkeys("abc", FAILED), False, "(a, b, c), 0", "three are still listed"),
        (Batch(), dict.fromkeys("abcde", FAILED), False, "(a, b, c and 2 more)", "a long list is cut"),
    ],
)
def test_the_next_group_starts_or_not(batch, outcomes, allowed, words, reason):
    verdict = may_go_on(batch, outcomes)
    assert verdict.allowed is allowed, reason
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("fields", "key", "reason"),
    [
        ({"size": 0}, "size", "no host at all"),
        ({"size": "0%"}, "size", "no part"),
        ({"size": "120%"}, "size", "more than all"),
        ({"size": "half"}, "size", "a word"),
        ({"size": -1}, "size", "less than none"),
        ({"max_failures": -1}, "max_failures", "less than none"),
        ({"max_failures": 1, "on_failure": OnFailure.GO_ON}, "max_failures", "would mean nothing"),
    ],
)
def test_a_batch_that_cannot_be_is_refused(fields, key, reason):
    with pytest.raises(ValueError, match=r"size|max_failures") as refused:
        Batch(**fields)
    assert refused.value.key == key, reason


def test_a_batch_pauses_as_it_says():
    assert Batch(pause=timedelta(seconds=5)).pause == timedelta(seconds=5)
