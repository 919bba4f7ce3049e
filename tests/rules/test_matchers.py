"""Matchers on labels: as Alertmanager writes them, and an absent label is an empty one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.matchers import (
    Matcher,
    Operator,
    contradictions,
    matching,
    parse_all,
    parse_matchers,
    show_matchers,
)

LABELS = {"alertname": "Down", "host": "web1", "team": "db", "text": 'a "b" \\ c\nd, e'}


@pytest.mark.parametrize(
    ("text", "shown", "reason"),
    [
        ("", "{}", "nothing"),
        ("{}", "{}", "nothing in braces"),
        ('a="b"', '{a="b"}', "equal"),
        ('a!="b"', '{a!="b"}', "not equal"),
        ('a=~"b|c"', '{a=~"b|c"}', "like"),
        ('a!~"b|c"', '{a!~"b|c"}', "not like"),
        ("a=b", '{a="b"}', "quotes may be left out"),
        ("a=", '{a=""}', "an empty value"),
        ('a=""', '{a=""}', "in quotes"),
        ("a==b", '{a="=b"}', "the first sign counts"),
        ("a=~~b", '{a=~"~b"}', "the longer one"),
        (' { a = "b" , c =~ d } ', '{a="b",c=~"d"}', "blanks and braces"),
        ('c="d",a="b"', '{a="b",c="d"}', "shown in order"),
        ("a=b,", '{a="b"}', "a comma at the end"),
        ("a=b c", '{a="b c"}', "blanks inside a value"),
        ('a="b,c"', '{a="b,c"}', "a comma in quotes"),
        ('a="{b}"', '{a="{b}"}', "braces in quotes"),
        (r'a="say \"b\""', r'{a="say \"b\""}', "quotes in quotes"),
        (r'a="b\\c"', r'{a="b\\c"}', "a backslash"),
        (r'a="b\nc"', r'{a="b\nc"}', "a new line"),
        ('a="b\nc"', r'{a="b\nc"}', "or one as it is"),
        (r'a=~"\d+\.x"', r'{a=~"\\d+\\.x"}', "a backslash before another sign is one"),
        (r"a=b\\", r'{a="b\\"}', "a backslash at the end"),
        (r'a="b\\",c="d"', r'{a="b\\",c="d"}', "a backslash before the closing quote"),
        ("a_b:c1=d", '{a_b:c1="d"}', "a name"),
        ("host.name=d", '{host.name="d"}', "a name of another tool"),
        ('"my name"="d"', '{"my name"="d"}', "a name in quotes"),
        ('a="b",a!="c"', '{a!="c",a="b"}', "one label twice"),
    ],
)
def test_a_text_means_matchers(text, shown, reason):
    assert show_matchers(parse_matchers(text)) == shown, reason


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("a", "is not a matcher", "no operator"),
        ("=b", "is not a matcher", "no name"),
        ('""="b"', "is not a matcher", "an empty name"),
        ("a b=c", "is not a matcher", "two names"),
        ("a<b", "is not a matcher", "another operator"),
        ("a=b,,c=d", "is not a matcher", "nothing between commas"),
        (",a=b", "is not a matcher", "nothing before one"),
        ('a="b', "a quote is not closed", "half a quote"),
        ('a="b"c"', "a quote", "a quote inside"),
        ('a=b"c', "a quote inside", "a quote in a bare value"),
        ('a="b\\"', "a quote is not closed", "an escaped one at the end"),
        ("{a=b", "not a pair", "half a brace"),
        ("a=b}", "not a pair", "the other half"),
        ("{", "not a pair", "one alone"),
        ('a=~"("', "is not a pattern for a: column 2", "half a pattern"),
        ('a!~"a**"', "is not a pattern for a: column 3", "a wrong pattern"),
    ],
)
def test_what_is_no_matcher_is_refused_in_words(text, words, reason):
    with pytest.raises(ValueError, match=words):
        parse_matchers(text)


@pytest.mark.parametrize(
    ("text", "holds", "reason"),
    [
        ("", True, "nothing asked"),
        ("team=db", True, "equal"),
        ("team=d", False, "not only the beginning"),
        ("team!=web", True, "another"),
        ("team!=db", False, "that one"),
        ("host=~web[0-9]", True, "the whole value"),
        ("host=~web", False, "not a part of it"),
        ("host!~web", True, "a part is not like it"),
        ("host!~web.", False, "the whole is"),
        ("rack=", True, "an absent label is empty"),
        ("rack!=", False, "so it is not another"),
        ("rack!=r1", True, "but not this one"),
        ('rack=~".*"', True, "and like nothing"),
        ('rack=~".+"', False, "and not like something"),
        ('rack!~".+"', True, "the negation"),
        ("team=db,host=web1", True, "both"),
        ("team=db,host=web2", False, "one is not enough"),
        (r'text="a \"b\" \\ c\nd, e"', True, "what was escaped"),
        ("Team=db", False, "names have a case"),
    ],
)
def test_matchers_hold_for_labels(text, holds, reason):
    assert matching(parse_matchers(text), LABELS) is holds, reason


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("a=b,c=d", []),
        ("a=b,a=c", ['a="b" and a="c" cannot both hold']),
        ("a=b,a!=b", ['a="b" and a!="b" cannot both hold']),
        ('a=b,a=~"c|d"', ['a="b" and a=~"c|d" cannot both hold']),
        ('a=b,a!~"b|d"', ['a="b" and a!~"b|d" cannot both hold']),
        ('a!=b,a=~"b|d"', []),
        ("a=,a!=", ['a="" and a!="" cannot both hold']),
    ],
)
def test_matchers_that_never_hold_are_told(text, sentences):
    assert list(contradictions(parse_matchers(text))) == sentences


def test_several_texts_must_all_hold():
    assert show_matchers(parse_all(["a=b", '{c="d",e="f"}'])) == '{a="b",c="d",e="f"}'


def test_a_matcher_names_a_label():
    with pytest.raises(ValueError, match="names a label"):
        Matcher("", Operator.EQUAL, "x")


names = st.text(min_size=1, max_size=8)
values = st.text(max_size=12)


@given(st.lists(st.tuples(names, st.sampled_from(["=", "!="]), values), max_size=4))
def test_what_is_written_is_read_again(rows):
    matchers = tuple(Matcher(name, Operator(operator), value) for name, operator, value in rows)
    assert sorted(map(str, parse_matchers(show_matchers(matchers)))) == sorted(map(str, matchers))
    assert set(parse_matchers(show_matchers(matchers))) == set(matchers)


@given(names, values, st.dictionaries(names, values, max_size=3))
def test_an_operator_and_its_negation_share_out_the_labels(name, value, labels):
    equal, other = Matcher(name, Operator.EQUAL, value), Matcher(name, Operator.NOT_EQUAL, value)
    assert matching([equal], labels) is not matching([other], labels)
    assert matching([equal], labels) is (labels.get(name, "") == value)


@given(st.text(alphabet='ab=!~",{}\\ \n', max_size=15))
def test_every_text_is_matchers_or_an_error_in_words(text):
    try:
        matching(parse_matchers(text), LABELS)
    except ValueError as error:
        assert str(error)
