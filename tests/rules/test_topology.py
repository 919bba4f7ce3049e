"""Correlation by topology: what is one application, and which alerts belong together."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.topology import Topology, TopologyBy, applications, topology_key

SERVICE, APPLICATION = Topology(TopologyBy.SERVICE), Topology(TopologyBy.APPLICATION)


@pytest.mark.parametrize(
    ("depends_on", "expected", "reason"),
    [
        ({"shop": ()}, {"shop": "shop"}, "alone"),
        ({"shop": ("db",), "db": ()}, {"shop": "db", "db": "db"}, "one that depends on another"),
        ({"shop": ("db",), "stock": ("db",), "db": ()}, dict.fromkeys(("shop", "stock", "db"), "db"), "through it"),
        ({"a": ("b",), "b": (), "c": ("d",), "d": ()}, {"a": "a", "b": "a", "c": "c", "d": "c"}, "two of them"),
        ({"a": ("b",), "b": ("a",)}, {"a": "a", "b": "a"}, "a circle ends"),
    ],
)
def test_services_that_depend_on_each_other_are_one_application(depends_on, expected, reason):
    assert applications(depends_on) == expected, reason


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3)))
def test_a_service_and_what_it_depends_on_always_share_their_application(depends_on):
    found = applications(depends_on)
    assert all(found[service] == found[other] for service, others in depends_on.items() for other in others)
    assert all(found[first] == first for first in found.values())


@pytest.mark.parametrize(
    ("topology", "service", "key"),
    [
        (SERVICE, "shop", "service:shop"),
        (APPLICATION, "shop", "application:db"),
        (APPLICATION, "lone", "application:lone"),
        (SERVICE, None, None),
        (APPLICATION, None, None),
    ],
)
def test_the_key_is_of_the_service_or_its_application(topology, service, key):
    assert topology_key(topology, service, {"shop": "db", "db": "db"}) == key


def test_no_look_back_is_refused():
    with pytest.raises(FieldError):
        Topology(TopologyBy.SERVICE, timedelta(0))
