"""The node filter: which hosts a job runs on."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.rules.node_words import FilterError
from models.rules.nodes import Node, matching, parse, without_match

WEB = [
    Node(f"web{number}", frozenset({"web", "prod"}), {"site": "ber", "os": "debian 12"}, "shop", number)
    for number in (1, 2, 3)
]
DB = Node("db1", frozenset({"db", "prod"}), {"site": "ham"}, "shop")
TEST = Node("web-test", frozenset({"web"}), {"site": "ham"}, None)
HOSTS = [*WEB, DB, TEST]


@pytest.mark.parametrize(
    ("text", "names", "reason"),
    [
        ("*", "db1 web-test web1 web2 web3", "everything"),
        ("all", "db1 web-test web1 web2 web3", "everything in a word"),
        ("tag=web", "web-test web1 web2 web3", "a tag"),
        ("tag=web and not host=web3", "web-test web1 web2", "one left out"),
        ("tag=db or tag=web and attribute.site=ber", "db1 web1 web2 web3", "and binds tighter than or"),
        ("(tag=db or tag=web) and attribute.site=ham", "db1 web-test", "parentheses"),
        ("not (tag=web or tag=db)", "", "nothing is left"),
        ("not not tag=db", "db1", "twice not"),
        ("tag in (db, cache)", "db1", "a list"),
        ("not host in (web1,web2)", "db1 web-test web3", "not in a list"),
        ("host~=^web[0-9]+$", "web1 web2 web3", "a pattern needs no quotes"),
        ("(host~=^(web|db)1$)", "db1 web1", "a pattern with a group inside parentheses"),
        ('host~="^web[12]$"', "web1 web2", "a pattern in quotes"),
        ("host!~web", "db1", "no match"),
        ("service=shop", "db1 web1 web2 web3", "a service"),
        ("service!=shop", "web-test", "a host of no service has another service"),
        ("host=web*", "web-test web1 web2 web3", "a wild card"),
        ("host=web?", "web1 web2 web3", "one character"),
        ('host="web*"', "", "no wild card in quotes"),
        ('attribute.os="debian 12"', "web1 web2 web3", "a value with a blank"),
        ("attribute.rack=*", "", "an attribute that no host has"),
        ("attribute.site!=ber", "db1 web-test", "differs, or is missing"),
        ("TAG=web or AND=x", None, "keys are in small letters"),
        ("tag=web AND NOT host=web3 OR tag=db", "db1 web-test web1 web2", "the joining words in any letters"),
        ('host~="^(web|db)1$" and tag="db"', "db1", "quotes around all"),
    ],
)
def test_a_filter_selects_hosts(text, names, reason):
    if names is None:
        with pytest.raises(FilterError):
            matching(text, HOSTS)
        return
    assert " ".join(matching(text, HOSTS)) == names, reason


@pytest.mark.parametrize(
    ("text", "column", "message", "reason"),
    [
        ("", 1, "a condition such as tag=web", "nothing"),
        ("   ", 4, "a condition such as tag=web", "only blanks"),
        ("tag", 4, "one of = != ~= !~ in", "a key alone"),
        ("tag=", 5, "a value", "no value"),
        ("tag==web", 5, 'not "="', "two signs"),
        ("tga=web", 1, 'did you mean "tag"', "a wrong key"),
        ("web1", 1, "allowed: host, tag, service", "a name alone"),
        ("attribute=x", 1, "attribute.NAME", "an attribute without its name"),
        ("tag=web host=web1", 9, "join conditions", "nothing between two conditions"),
        ("tag=web and", 12, "a condition", "nothing after and"),
        ("(tag=web", 9, '")" is expected', "not closed"),
        ("tag=web)", 8, "not expected here", "not opened"),
        ("tag in web", 8, '"(" is expected', "a list without parentheses"),
        ("tag in (a", 10, '")" is expected', "a list that does not end"),
        ("tag=a$b", 6, "in quotes", "a strange character"),
        ('tag="web', 5, "not closed", "a quote that does not end"),
        ("host~=[", 7, "in quotes", "half a pattern"),
        ('host~="["', 7, "not a pattern", "half a pattern in quotes"),
        ("host~=(a+)+", 7, "for ever", "a repeated group"),
        ("host~=a*a*a*a*$", 7, "for ever", "too many repeats"),
        ('host~="' + "a" * 300 + '"', 7, "at most 200", "too long a pattern"),
        ("(" * 60 + "tag=web", 51, "parentheses", "too deep"),
        ("tag=web or " * 400 + "tag=web", 2001, "at most 2000", "too long a filter"),
    ],
)
def test_a_wrong_filter_names_the_column_and_what_is_allowed(text, column, message, reason):
    with pytest.raises(FilterError, match=message.replace("(", r"\(").replace(")", r"\)")) as refused:
        parse(text)
    assert refused.value.column == column, reason


def test_a_condition_that_no_host_meets_is_told():
    assert without_match("tag=wbe or host=web1", HOSTS) == ['column 5: no host with tag wbe; did you mean "web"?']
    assert without_match("attribute.site in (ber, hum)", HOSTS) == [
        'column 25: no host with attribute.site hum; did you mean "ham"?'
    ]
    assert without_match("not tag=web", HOSTS) == []


@given(st.text(max_size=60))
@example("not" * 20)
@example("host~=\\")
@example("tag in ()")
def test_every_text_is_a_filter_or_has_a_column(text):
    try:
        assert set(matching(text, HOSTS)) <= {node.name for node in HOSTS}
    except FilterError as error:
        assert 1 <= error.column <= len(text) + 1
        assert error.message


conditions = st.sampled_from(["tag=web", "tag=db", "host=web1", "attribute.site=ham", "service=shop", "*"])
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: "({}) {} ({})".format(*parts)),
    ),
    max_leaves=12,
)


@given(filters)
def test_a_filter_and_its_negation_share_out_the_hosts(text):
    chosen, others = matching(text, HOSTS), matching(f"not ({text})", HOSTS)
    assert sorted(chosen + others) == sorted(node.name for node in HOSTS)


@given(filters, filters)
def test_and_is_what_both_select_and_or_what_either_does(one, other):
    left, right = set(matching(one, HOSTS)), set(matching(other, HOSTS))
    assert set(matching(f"({one}) and ({other})", HOSTS)) == left & right
    assert set(matching(f"({one}) or ({other})", HOSTS)) == left | right
