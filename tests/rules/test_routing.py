"""The routing tree: which routes labels take, and what a route takes over from the one above."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.matchers import matching
from models.rules.routing import Route, never_taken, routes_for, routing_tree

M, H = timedelta(minutes=1), timedelta(hours=1)


def route(matchers="", receiver=None, *routes, **more):
    return Route(receiver=receiver, matchers=(matchers,) if matchers else (), routes=routes, **more)


TREE = routing_tree(
    route(
        "",
        "all",
        route("team=web", "web", route("severity=critical", "pager"), route("severity=info", "log", goes_on=True)),
        route("team=db", "db", route("host=~db.*", None, goes_on=True), route("host=db1", "first")),
        route("severity=critical", "duty", goes_on=True),
        route("copy=yes", "copy"),
        route("severity=critical", "again"),
    )
)


@pytest.mark.parametrize(
    ("labels", "receivers", "reason"),
    [
        ({}, ["all"], "nothing below takes it: the top does"),
        ({"team": "web"}, ["web"], "none of its routes takes it"),
        ({"team": "web", "severity": "critical"}, ["pager"], "the deepest that takes it, and no further"),
        ({"team": "web", "severity": "info"}, ["log"], "a route that was taken below speaks for the one above"),
        ({"team": "db", "host": "db1"}, ["db", "first"], "continue goes on among its neighbours"),
        ({"team": "db", "host": "db2"}, ["db"], "and may find no more"),
        ({"severity": "critical"}, ["duty", "again"], "over those that do not take it"),
        ({"severity": "critical", "copy": "yes"}, ["duty", "copy"], "to the first without continue"),
        ({"team": "web", "copy": "yes"}, ["web"], "web has no continue"),
    ],
)
def test_labels_take_routes(labels, receivers, reason):
    assert [branch.receiver for branch in routes_for(TREE, labels)] == receivers, reason


def test_what_is_not_said_is_as_in_the_route_above():
    below = route("a=1", None, route("b=1", "c", group_by=()), group_wait=M, mute_time_intervals=("night",))
    tree = routing_tree(route("", "top", below, group_by=("host",), repeat_interval=H))
    (first,) = tree.branches
    (second,) = first.branches
    assert (tree.group_wait, tree.group_interval, tree.repeat_interval) == (30 * M / 60, 5 * M, H)
    assert (first.receiver, first.group_by, first.group_wait, first.repeat_interval) == ("top", {"host"}, M, H)
    assert (second.receiver, second.group_by, second.group_wait) == ("c", frozenset(), M)
    assert (first.mute_time_intervals, second.mute_time_intervals) == (("night",), ())


@pytest.mark.parametrize(
    ("group_by", "labels", "found", "reason"),
    [
        (None, {"a": "1", "b": "2"}, {}, "nothing said: one group of all"),
        (("b", "a"), {"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "2"}, "these"),
        (("a", "x"), {"a": "1", "b": "2"}, {"a": "1"}, "an absent one is left out"),
        (("...",), {"b": "2", "a": "1"}, {"a": "1", "b": "2"}, "all of them"),
    ],
)
def test_a_route_groups_by_labels(group_by, labels, found, reason):
    tree = routing_tree(Route("top", group_by=group_by))
    assert list(tree.group_labels(labels).items()) == list(found.items()), reason


def test_a_label_by_name_ends_the_grouping_by_all():
    tree = routing_tree(Route("top", group_by=("...",), routes=(route("a=1", "b"), route("a=2", "c", group_by=("a",)))))
    assert [branch.group_by for branch in tree.branches] == [None, {"a"}]


@pytest.mark.parametrize(
    ("make", "key", "words", "reason"),
    [
        (lambda: routing_tree(Route()), "receiver", "names the receiver", "nobody to tell"),
        (lambda: routing_tree(route("a=1", "b")), "matchers", "takes everything", "a top that does not take all"),
        (lambda: routing_tree(Route("b", goes_on=True)), "continue", "has no continue", "nothing to go on to"),
        (lambda: routing_tree(Route("b", mute_time_intervals=("x",))), "mute_time_intervals", "at all times", "muted"),
        (lambda: routing_tree(Route("b", active_time_intervals=("x",))), "active_time_intervals", "times", "inactive"),
        (lambda: route("a"), "matchers", "is not a matcher", "a wrong matcher"),
        (lambda: Route(group_by=("...", "a")), "group_by", "stands alone", "all and one"),
        (lambda: Route(group_by=("a", "b", "a")), "group_by", "a is given twice", "one twice"),
        (lambda: Route(group_interval=0 * M), "group_interval", "more than 0s", "without a pause"),
        (lambda: Route(repeat_interval=0 * M), "repeat_interval", "more than 0s", "for ever"),
    ],
)
def test_a_wrong_route_names_its_key(make, key, words, reason):
    with pytest.raises(FieldError, match=words) as refused:
        make()
    assert refused.value.key == key, reason


def test_a_tree_that_is_too_deep_is_refused():
    found = route("a=1", "b")
    for _ in range(40):
        found = route("a=1", None, found)
    with pytest.raises(ValueError, match="inside each other"):
        routing_tree(route("", "top", found))


def test_every_route_has_a_key_of_its_own():
    def keys(branch):
        return [branch.key, *(key for below in branch.branches for key in keys(below))]

    found = keys(TREE)
    assert len(found) == len(set(found)) == 10
    assert found[:3] == ["{}", '{}/{team="web"}/0', '{}/{team="web"}/0/{severity="critical"}/0']


@pytest.mark.parametrize(
    ("routes", "sentences", "reason"),
    [
        ((route("a=1", "x"), route("a=2", "y")), [], "each has its own"),
        ((route("a=1,a=2", "x"),), ['the route {}/{a="1",a="2"}/0 is never taken: a="1" and a="2" cannot both hold'],
         "what never holds"),
        ((route("", "x"), route("a=1", "y")),
         ['the route {}/{a="1"}/1 is never taken: {}/{}/0 before it takes the same and has no continue'],
         "after one that takes all"),
        ((route("", "x", goes_on=True), route("a=1", "y")), [], "which goes on"),
        ((route("a=1", "x"), route("b=1,a=1", "y")),
         ['the route {}/{a="1",b="1"}/1 is never taken: {}/{a="1"}/0 before it takes the same and has no continue'],
         "after one that asks less"),
        ((route("a=1,b=1", "x"), route("a=1", "y")), [], "after one that asks more"),
        ((route("a=1", "x", route("b=1,b=2", "y")),),
         ['the route {}/{a="1"}/0/{b="1",b="2"}/0 is never taken: b="1" and b="2" cannot both hold'],
         "deeper"),
    ],
)  # fmt: skip
def test_a_route_that_no_event_can_take_is_told(routes, sentences, reason):
    assert list(never_taken(routing_tree(route("", "top", *routes)))) == sentences, reason


labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("123"), max_size=3)
matchers = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from("123")).map("".join),
    max_size=2,
).map(",".join)
routes = st.recursive(
    st.builds(route, matchers, st.none(), goes_on=st.booleans()),
    lambda inner: st.builds(
        lambda text, below, goes_on: route(text, None, *below, goes_on=goes_on),
        matchers,
        st.lists(inner, max_size=3),
        st.booleans(),
    ),
    max_leaves=8,
)


@given(st.lists(routes, max_size=4), labels)
def test_every_event_has_a_route_and_each_route_takes_it(below, event):
    tree = routing_tree(route("", "top", *below))
    found = routes_for(tree, event)
    assert found
    assert all(matching(branch.matchers, event) for branch in found)
    assert all(not any(matching(one.matchers, event) for one in branch.branches) for branch in found)
    assert len({branch.key for branch in found}) == len(found)


@given(st.lists(routes, max_size=4), labels)
def test_a_route_that_is_told_as_never_taken_is_never_taken(below, event):
    tree = routing_tree(route("", "top", *below))
    told = {sentence.split(" is never taken")[0].removeprefix("the route ") for sentence in never_taken(tree)}
    assert not told & {branch.key for branch in routes_for(tree, event)}
