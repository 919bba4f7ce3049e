"""Rules that are never reached, and matchers that no event meets: said only where it is certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.event_binding import Bind
from models.rules.event_rule import EventRule
from models.rules.event_rules import EventRules, judge
from models.rules.event_transforms import Transform
from models.rules.incoming import Incoming
from models.rules.matchers import matching, parse_matchers
from models.rules.shadows import OF_ALERTS, OF_EVENTS, never_met, shadowed, takes_all, twice_named
from models.vocabulary import EventStatus, Severity


@pytest.mark.parametrize(
    ("matchers", "words", "reason"),
    [
        ("severity=critical", None, "it may be"),
        ("severity=~critical|page", None, "one of them may be"),
        ("severity=page", "severity", "there is no such severity"),
        ("severity=~page|sms", "severity", "none of them is one"),
        ('severity=""', "severity", "an event always has one"),
        ("status=closed", "status", "there is no such status"),
        ("severity!=page", None, "it always holds"),
        ("team=a,team=b", "cannot both hold", "two values at once"),
        ("sender_severity=page", None, "a sender may say anything"),
    ],
)
def test_matchers_that_no_event_meets_are_told(matchers, words, reason):
    said = list(never_met(parse_matchers(matchers), OF_EVENTS))
    assert (said and words in said[0]) if words else not said, reason


@pytest.mark.parametrize(
    ("matchers", "is_met"),
    [("class=exception", True), ("class=error", False), ("status=firing", False), ('status=""', True)],
)
def test_routes_ask_for_the_class_and_not_for_the_status(matchers, is_met):
    assert bool(list(never_met(parse_matchers(matchers), OF_ALERTS))) is not is_met


@pytest.mark.parametrize(
    ("weaker", "stronger", "expected", "reason"),
    [
        ("", "a=1", True, "no matcher takes everything"),
        ("a=1", "", False, "the other takes more"),
        ("a=1", "a=1", True, "the same"),
        ("a=1", "a=1,b=2", True, "fewer matchers take more"),
        ("a=1,b=2", "a=1", False, "more take less"),
        ("a=~1|2", "a=1", True, "a pattern that takes the value"),
        ("a!=2", "a=1", True, "another value"),
        ("a=~1|2", "a=3", False, "a pattern that does not"),
        ("a=~1", "a=~1|2", False, "patterns are compared by their text alone"),
    ],
)
def test_weaker_matchers_take_all_that_stronger_ones_do(weaker, stronger, expected, reason):
    assert takes_all(parse_matchers(weaker), parse_matchers(stronger)) is expected, reason


TEXTS = st.sampled_from(["a=1", "a=2", "a!=1", "a=~1|2", "b=1", 'b=""', "b!~1.*"])
SETS = st.lists(TEXTS, max_size=3).map(lambda some: parse_matchers(",".join(some)))


@given(SETS, SETS, st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "1", "2", "11"])))
def test_what_is_said_to_be_taken_is_taken(weaker, stronger, labels):
    if takes_all(weaker, stronger) and matching(stronger, labels):
        assert matching(weaker, labels)


def rule(name, *matchers, **says):
    return EventRule(name=name, matchers=matchers, **says)


@pytest.mark.parametrize(
    ("rules", "expected", "reason"),
    [
        ([rule("a", stop=True), rule("b", "x=1")], [(1, "a")], "it stops at everything"),
        ([rule("a", "x=1", stop=True), rule("b", "x=1", "y=2")], [(1, "a")], "weaker matchers"),
        ([rule("a", "x=1"), rule("b", "x=1")], [], "it does not stop"),
        ([rule("a", "x=1", stop=True), rule("b", "y=1")], [], "others come by"),
        ([rule("a", "x=1", stop=True), rule("b", transform=Transform(set={"x": "1"})), rule("c", "x=1")], [],
         "the rule between makes such events"),
        ([rule("a", "x=1", stop=True), rule("b", bind=Bind(service="s")), rule("c", "x=1")], [], "it may make some"),
        ([rule("a", "x=1", stop=True), rule("b", "x=2", stop=True, transform=Transform(set={"x": "1"})),
          rule("c", "x=1")], [(2, "a")], "what the rule between makes stops there"),
    ],
)  # fmt: skip
def test_a_rule_behind_one_that_stops_at_all_its_events_is_told(rules, expected, reason):
    assert list(shadowed(rules)) == expected, reason


@given(st.data())
def test_a_rule_that_is_told_as_never_reached_is_never_reached(data):
    some = data.draw(st.lists(st.tuples(SETS, st.booleans(), st.booleans()), max_size=4))
    rules = tuple(
        EventRule(
            name=str(place),
            matchers=tuple(map(str, matchers)),
            stop=stop,
            transform=Transform(set={"a": "1"}) if changes else None,
        )
        for place, (matchers, stop, changes) in enumerate(some)
    )
    labels = data.draw(st.dictionaries(st.sampled_from("ab"), st.sampled_from(["1", "2", "11"])))
    event = Incoming("own", "n", EventStatus.FIRING, Severity.HIGH, labels=labels)
    applied = judge(EventRules(rules), event, "s").rules
    assert not {str(place) for place, _ in shadowed(rules)} & set(applied)


def test_a_name_that_stands_twice_is_told_where_it_stands_again():
    assert list(twice_named([rule("a"), rule("b"), rule("a"), rule("a")])) == [2, 3]
