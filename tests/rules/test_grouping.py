"""When the alerts of a group are told, by Alertmanager's rules."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.grouping import (
    Timing,
    group_key,
    look_at,
    new_group,
    next_look,
    timing_of,
    with_firing,
    with_resolved,
)
from models.rules.routing import Route, routing_tree
from tests.rules.moments import utc

BEGIN = utc("2026-11-21 12:00")
S = timedelta(seconds=1)
TIMING = Timing(wait=30 * S, interval=300 * S, repeat=3600 * S)


def played(script, timing=TIMING, muted=lambda _: None):
    """What each look says, as `second: what`; the script has `second +alert -alert` and is looked at when due."""
    steps = [(int(line.split()[0]), line.split()[1:]) for line in script.split(",") if line.strip()]
    end = max(second for second, _ in steps)
    group, said = None, []
    for second in range(end + 1):
        now = BEGIN + second * S
        for word in [word for at, words in steps if at == second for word in words]:
            group = group or new_group(timing, now)
            if word[0] == "+":
                name, _, age = word[1:].partition("@")
                group = with_firing(group, name, now - int(age or 0) * S, timing, now)
            elif word[0] == "-":
                group = with_resolved(group, word[1:])
        if group is not None and now >= next_look(group, timing):
            shown = f"{' '.join(sorted(group.firing))}/{' '.join(sorted(group.resolved))}"
            look = look_at(group, timing, now, muted(second))
            if look.tell:
                said.append(f"{second} {shown}: {look.reason}")
            group = look.group
            assert look.next_at == (None if group is None else now + timing.interval)
    return said


@pytest.mark.parametrize(
    ("script", "said", "reason"),
    [
        ("0 +a, 29 .", [], "it is collected first"),
        ("0 +a, 10 +b, 30 .", ["30 a b/: 2 firing"], "then told together"),
        ("0 +a@60, 1 .", ["0 a/: 1 firing"], "what has fired for longer is not held back"),
        ("0 +a@30, 30 .", ["30 a/: 1 firing"], "for as long is not longer"),
        ("0 +a, 10 +b@60, 20 .", ["10 a b/: 2 firing"], "nor are the others then"),
        ("0 +a, 20 -a, 900 .", [], "what ended meanwhile is never told"),
        ("0 +a, 40 +b, 330 .", ["30 a/: 1 firing", "330 a b/: 1 more firing"], "the next at the next look"),
        ("0 +a, 40 +a, 3000 .", ["30 a/: 1 firing"], "the same again is nothing new"),
        ("0 +a +b, 40 -b, 930 .", ["30 a b/: 2 firing", "330 a/b: 1 resolved"], "one has ended, told once"),
        ("0 +a, 40 -a, 930 .", ["30 a/: 1 firing", "330 /a: nothing fires any more"], "all have ended, and it is over"),
        ("0 +a, 40 -a, 50 +a, 930 .", ["30 a/: 1 firing"], "ended and back between two looks"),
        ("0 +a, 40 +b -b, 930 .", ["30 a/: 1 firing", "330 a/b: 1 resolved"], "came and ended between two looks"),
        (
            "0 +a, 40 -a, 400 +a, 430 .",
            ["30 a/: 1 firing", "330 /a: nothing fires any more", "430 a/: 1 firing"],
            "a group that was over begins anew",
        ),
        (
            "0 +a, 3630 .",
            ["30 a/: 1 firing", "3630 a/: told last at 2026-11-21T12:00Z"],
            "again when the repeat is over",
        ),
        ("0 +a, 3629 .", ["30 a/: 1 firing"], "not earlier"),
    ],
)
def test_a_group_is_told_when_something_is_new(script, said, reason):
    assert played(script) == said, reason


def test_ends_are_not_told_to_those_who_do_not_want_them():
    quiet = Timing(30 * S, 300 * S, 3600 * S, tells_resolved=False)
    assert played("0 +a +b, 40 -b, 400 -a, 1000 .", quiet) == ["30 a b/: 2 firing"]


def test_what_is_muted_is_told_afterwards_when_it_is_still_so():
    def muted(second):
        return "muted by the night" if second < 500 else None

    assert played("0 +a, 700 .", muted=muted) == ["630 a/: 1 firing"]
    assert played("0 +a, 100 -a, 700 .", muted=muted) == []
    told = played("0 +a +b, 40 -b, 700 .", muted=lambda second: muted(second) if second > 100 else None)
    assert told == ["30 a b/: 2 firing", "630 a/b: 1 resolved"]


def test_a_look_before_its_time_changes_nothing():
    group = with_firing(new_group(TIMING, BEGIN), "a", BEGIN, TIMING, BEGIN)
    look = look_at(group, TIMING, BEGIN + 29 * S)
    assert (look.tell, look.group, look.next_at) == (False, group, BEGIN + 30 * S)
    assert look.reason == "collects until 2026-11-21T12:00Z"


def test_a_group_is_known_by_its_route_and_its_labels():
    tree = routing_tree(Route("top", group_by=("a", "b"), routes=(Route(matchers=("c=1",)),)))
    assert group_key(tree, {"b": "2", "a": "1", "c": "3"}) == '{}:{"a":"1","b":"2"}'
    assert group_key(tree.branches[0], {"a": '"'}) == '{}/{c="1"}/0:{"a":"\\""}'
    assert group_key(tree, {}) != group_key(tree, {"a": "x"})


def test_a_route_has_its_timing():
    assert timing_of(routing_tree(Route("top", group_wait=5 * S))) == Timing(5 * S, 300 * S, 4 * 3600 * S)


changes = st.lists(
    st.tuples(st.integers(0, 1500), st.sampled_from(["+a", "-a", "+b", "-b"])).map(lambda pair: f"{pair[0]} {pair[1]}"),
    min_size=1,
    max_size=8,
)


@given(changes)
def test_looks_are_apart_and_what_fires_for_long_is_told(script):
    said = played(",".join([*script, "3000 ."]))
    for earlier, later in pairwise(said):
        apart = int(later.split()[0]) - int(earlier.split()[0])
        assert apart >= 300 or "nothing fires any more" in earlier, "a new group begins after one that is over"
    state = {}
    for line in sorted(script, key=lambda line: int(line.split()[0])):
        state[line.split()[1][1:]] = line.split()[1][0]
    firing = {name for name, sign in state.items() if sign == "+"}
    told = " ".join(line.split("/")[0] for line in said)
    assert all(name in told.split() for name in firing), "what fires at the end, and for long, was told"
