"""Which incidents a promise, a rule or a chain is for."""

import pytest

from models.rules.matchers import parse_matchers
from models.rules.scopes import Scope, Subject, named_values

WIFI = Subject({"service": "lan", "team": "net", "category": "wifi", "priority": "P2", "host": ""}, ("wifi", "network"))

TAKEN = [
    (Scope(), True, "an empty scope takes all"),
    (Scope(services=("shop", "lan")), True, "one of its services"),
    (Scope(services=("shop",)), False, "another service"),
    (Scope(categories=("network",)), True, "a category above"),
    (Scope(categories=("disk",)), False, "another category"),
    (Scope(teams=("net",)), True, "its team"),
    (Scope(teams=("db",)), False, "another team"),
    (Scope(matchers=parse_matchers('priority=~"P1|P2"')), True, "a matcher that holds"),
    (Scope(matchers=parse_matchers('host=""')), True, "what is not known is empty"),
    (Scope(services=("lan",), matchers=parse_matchers('priority="P1"')), False, "everything must hold"),
]


@pytest.mark.parametrize(("scope", "taken", "why"), TAKEN, ids=[case[2] for case in TAKEN])
def test_a_scope_takes(scope, taken, why):
    assert scope.takes(WIFI) is taken, why


NEVER = [
    (Scope(matchers=parse_matchers('priority="P1",priority="P2"')), "cannot both hold", "a contradiction"),
    (Scope(services=("shop",), matchers=parse_matchers('service="lan"')), "holds for none of shop", "list and matcher"),
    (Scope(teams=("a", "b"), matchers=parse_matchers('team!~"a|b"')), "holds for none of a, b", "each name excluded"),
]


@pytest.mark.parametrize(("scope", "words", "why"), NEVER, ids=[case[2] for case in NEVER])
def test_a_scope_that_takes_nothing_says_why(scope, words, why):
    (sentence,) = scope.never()
    assert words in sentence


def test_a_scope_that_takes_something_is_silent():
    assert list(Scope(services=("a", "b"), matchers=parse_matchers('service=~"a.*"')).never()) == []


MEETS = [
    (Scope(), Scope(), True, "two for all"),
    (Scope(services=("a",)), Scope(services=("a", "b")), True, "a common service"),
    (Scope(services=("a",)), Scope(services=("b",)), False, "no common service"),
    (Scope(services=("a",)), Scope(teams=("x",)), True, "different lists"),
    (Scope(matchers=parse_matchers("tier=1")), Scope(), True, "one for all"),
    (Scope(matchers=parse_matchers("tier=1")), Scope(matchers=parse_matchers("tier=2")), False, "nobody knows"),
]


@pytest.mark.parametrize(("first", "second", "meets", "why"), MEETS, ids=[case[3] for case in MEETS])
def test_two_scopes_surely_meet(first, second, meets, why):
    assert first.surely_meets(second) is meets, why
    assert second.surely_meets(first) is meets


def test_the_values_that_a_scope_names_are_those_compared_as_they_are():
    matchers = parse_matchers('service="a",host!="b",team=~"c.*",category=""')
    assert list(named_values(matchers)) == [("service", "a"), ("host", "b")]
