"""Inhibition: which alert keeps which other from being told."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.inhibition import Inhibitor, InhibitRule
from models.rules.matchers import matching

DOWN = InhibitRule(("alertname=Down",), ("severity=warning",), ("host",))
WIDE = InhibitRule(("alertname=~Down|Gone",), ("alertname!=Gone",), ("site",), name="wide")


def asked(rules, alerts, target):
    inhibitor = Inhibitor(rules)
    for key, labels in alerts.items():
        inhibitor.add(key, labels)
    found = inhibitor.inhibition_of(target)
    return found and list(found.sources)


@pytest.mark.parametrize(
    ("rules", "alerts", "target", "sources", "reason"),
    [
        ([DOWN], {}, {"severity": "warning", "host": "a"}, None, "nothing fires"),
        ([DOWN], {1: {"alertname": "Down", "host": "a"}}, {"severity": "warning", "host": "a"}, [1], "the same host"),
        ([DOWN], {1: {"alertname": "Down", "host": "b"}}, {"severity": "warning", "host": "a"}, None, "another"),
        ([DOWN], {1: {"alertname": "Down", "host": "a"}}, {"severity": "page", "host": "a"}, None, "no target"),
        ([DOWN], {1: {"alertname": "Up", "host": "a"}}, {"severity": "warning", "host": "a"}, None, "no source"),
        ([DOWN], {1: {"alertname": "Down"}}, {"severity": "warning"}, [1], "absent on both is the same"),
        ([DOWN], {1: {"alertname": "Down", "host": ""}}, {"severity": "warning"}, [1], "so is empty"),
        ([DOWN], {1: {"alertname": "Down"}}, {"severity": "warning", "host": "a"}, None, "absent on one is not"),
        (
            [DOWN],
            {
                1: {"alertname": "Down", "severity": "warning"},
                2: {"alertname": "Down", "severity": "warning", "n": "2"},
            },
            {"alertname": "Down", "severity": "warning"},
            None,
            "both sides: not by itself, nor by another of both sides",
        ),
        (
            [DOWN],
            {1: {"alertname": "Down", "severity": "warning"}, 2: {"alertname": "Down"}},
            {"alertname": "Down", "severity": "warning"},
            [2],
            "but by one of the source's side alone",
        ),
        (
            [DOWN],
            {1: {"alertname": "Down", "severity": "warning"}},
            {"alertname": "Full", "severity": "warning"},
            [1],
            "one of both sides inhibits what is target alone",
        ),
        (
            [DOWN, WIDE],
            {1: {"alertname": "Gone", "site": "x"}, 2: {"alertname": "Down", "host": "a", "site": "x"}},
            {"severity": "warning", "host": "a", "site": "x"},
            [2],
            "the first rule that holds",
        ),
        (
            [DOWN, WIDE],
            {1: {"alertname": "Gone", "site": "x"}, 2: {"alertname": "Down", "host": "b", "site": "x"}},
            {"severity": "warning", "host": "a", "site": "x"},
            [1, 2],
            "all that inhibit by it, the oldest first",
        ),
        ([InhibitRule((), ("a=1",))], {1: {}}, {"a": "1"}, [1], "no matchers: everything inhibits"),
    ],
)
def test_an_alert_is_inhibited(rules, alerts, target, sources, reason):
    assert asked(rules, alerts, target) == sources, reason


def test_an_alert_that_ended_inhibits_no_more():
    inhibitor = Inhibitor([DOWN, WIDE])
    down, target = {"alertname": "Down", "host": "a"}, {"severity": "warning", "host": "a"}
    inhibitor.add(1, down)
    inhibitor.add(1, down)
    inhibitor.discard(2, down)
    assert inhibitor.inhibition_of(target).rule is DOWN
    inhibitor.discard(1, down)
    inhibitor.discard(1, down)
    assert inhibitor.inhibition_of(target) is None
    assert all(not index.all and not index.one_sided for index in inhibitor._indexes), "nothing is kept of it"


@pytest.mark.parametrize(
    ("make", "key", "words"),
    [
        (lambda: InhibitRule(("a",), ("b=1",)), "source_matchers", "is not a matcher"),
        (lambda: InhibitRule(("a=1",), ('b=~"("',)), "target_matchers", "is not a pattern"),
        (lambda: InhibitRule(("a=1",), ("b=1",), ("",)), "equal", "has a name"),
    ],
)
def test_a_wrong_rule_names_its_key(make, key, words):
    with pytest.raises(FieldError, match=words) as refused:
        make()
    assert refused.value.key == key


def test_asking_does_not_take_longer_with_many_alerts():
    inhibitor = Inhibitor([DOWN, WIDE])
    for number in range(20_000):
        inhibitor.add(number, {"alertname": "Down", "host": f"h{number}", "site": f"s{number % 10}"})
    begin = time.monotonic()
    for number in range(5_000):
        assert inhibitor.inhibition_of({"severity": "warning", "host": f"h{number}", "site": "x"})
    assert time.monotonic() - begin < 2, "each is found by its values, not by looking at all"


labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)
texts = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["=", "!="]), st.sampled_from("12")), max_size=2
).map(lambda rows: tuple("".join(row) for row in rows))
rules = st.builds(InhibitRule, texts, texts, st.sets(st.sampled_from("abc"), max_size=2).map(tuple))


def naive(rules, alerts, target):
    """Every alert against every rule, as the documentation says it."""
    for rule in rules:
        if not matching(rule.targets, target):
            continue
        found = [
            key
            for key, source in alerts.items()
            if matching(rule.sources, source)
            and all(source.get(name, "") == target.get(name, "") for name in rule.equal)
            and not (matching(rule.sources, target) and matching(rule.targets, source))
        ]
        if found:
            return found
    return None


@given(st.lists(rules, max_size=3), st.lists(labels, max_size=8), st.sets(st.integers(0, 7)), labels)
def test_the_index_finds_what_looking_at_all_finds(rules, alerts, ended, target):
    inhibitor = Inhibitor(rules)
    for key, source in enumerate(alerts):
        inhibitor.add(key, source)
    for key in ended & set(range(len(alerts))):
        inhibitor.discard(key, alerts[key])
    left = {key: source for key, source in enumerate(alerts) if key not in ended}
    found = inhibitor.inhibition_of(target)
    assert (found and list(found.sources)) == naive(rules, left, target)


@given(st.lists(rules, max_size=3), labels)
def test_no_alert_inhibits_itself(rules, alert):
    assert asked(rules, {1: alert}, alert) is None
