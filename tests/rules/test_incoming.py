"""What is kept of an event, what is cut, and what cannot be."""

from datetime import datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.events import LONGEST_TEXT, LONGEST_WORD, MOST_FACTS_BYTES
from models.rules.field_error import FieldError
from models.rules.incoming import (
    LONGEST_LABEL,
    MARK,
    MOST_LABELS,
    MOST_LINKS,
    Incoming,
    Link,
    capped,
    is_ahead,
    leads_somewhere,
)
from models.vocabulary import EventStatus, Severity
from tests.rules.moments import utc, wall

NOW = utc("2026-11-22 06:00")
EVENT = Incoming("watchbill", "DiskFull", EventStatus.FIRING, Severity.HIGH)


def test_an_event_of_usual_size_stays_as_it_is():
    event = EVENT._replace(
        source="db1",
        key="k" * LONGEST_WORD,
        text="t" * LONGEST_TEXT,
        labels={f"l{number}": "v" * LONGEST_LABEL for number in range(MOST_LABELS)},
        facts={"free": [1, None, {"a": "b"}]},
        links=(Link("graph", "https://graphs.example.org/db1"),) * MOST_LINKS,
        started_at=NOW,
    )
    assert capped(event) is event


@pytest.mark.parametrize("field", ["name", "source", "key"])
def test_a_word_that_is_cut_stays_apart_from_others_that_begin_alike(field):
    whole = "x" * 500
    cut = [getattr(capped(EVENT._replace(**{field: whole + end})), field) for end in ("1", "1", "2")]
    assert [len(word) for word in cut] == [LONGEST_WORD] * 3
    assert cut[0] == cut[1] != cut[2]
    assert cut[0].startswith("x" * 100) and MARK in cut[0]


def test_a_long_label_stays_apart_too():
    cut = [capped(EVENT._replace(labels={"path": "x" * 5000 + end})).labels["path"] for end in "12"]
    assert cut[0] != cut[1]
    assert {len(value) for value in cut} == {LONGEST_LABEL}


def test_a_long_text_says_how_long_it_was():
    text = capped(EVENT._replace(text="y" * 9_000)).text
    assert len(text) == LONGEST_TEXT
    assert text.endswith("y… (cut: it had 9000 characters)")


def test_a_name_has_one_line():
    assert capped(EVENT._replace(name="Disk\nfull\x1b[31m  now\u202e\u2028")).name == "Disk full [31m now"


def test_a_name_in_letters_that_python_does_not_know_yet_stays():
    event = EVENT._replace(name="\U00018cd6", labels={"\U00018cd6": "x"})
    assert capped(event) == event


def test_facts_without_room_are_named_with_their_size():
    facts = capped(EVENT._replace(facts={"a": 1, "dump": "z" * 20_000, "b": 2})).facts
    assert facts == {"a": 1, "dump": "… (20011 bytes left out)", "b": 2}


def test_very_many_facts_end_with_how_many_are_left_out():
    facts = capped(EVENT._replace(facts={f"fact {number}": number for number in range(5_000)})).facts
    assert facts["fact 0"] == 0
    assert facts[MARK] == f"{5_000 - len(facts) + 1} more facts left out"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=30), JSON), st.integers(0, 6_000))
def test_facts_always_fit_and_what_is_kept_is_as_it_was(facts, padding):
    facts |= {f"pad {number}": "p" * padding for number in range(4)}
    kept = capped(EVENT._replace(facts=facts)).facts
    assert len(orjson.dumps(kept)) <= MOST_FACTS_BYTES
    assert all(facts.get(name) == value or MARK in f"{name}{value}" for name, value in kept.items())


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://graphs.example.org/d?x=1#y", True),
        ("http://vm:9093", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example.org", False),
        ("website_url not set/cgi-bin/extinfo.cgi?host=web1", False),
        ("https://a b", False),
        ("https://a\nb", False),
        ("https://a/" + "b" * 2_048, False),
        ("", False),
    ],
)
def test_only_an_address_of_the_web_is_a_link(url, leads):
    assert leads_somewhere(url) is leads
    kept = capped(EVENT._replace(links=(Link("graph", url),))).links
    assert [link.url for link in kept] == ([url] if leads else [])


def test_the_first_ten_links_are_kept():
    links = tuple(Link(str(number), f"http://vm/{number}") for number in range(30))
    assert capped(EVENT._replace(links=links)).links == links[:MOST_LINKS]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "is empty"),
        ({"name": " \n"}, "name", "is empty"),
        ({"name": "\x1b\u202e"}, "name", "is empty"),
        ({"labels": {str(number): "" for number in range(65)}}, "labels", "has 65 labels, at most 64"),
        ({"labels": {"": "x"}}, "labels", "of none, of more than 128 or of control"),
        ({"labels": {"a" * 129: "x"}}, "labels", "of none, of more than 128 or of control"),
        ({"labels": {"fine": "x", "a\nb": "x"}}, "labels", "of none, of more than 128 or of control"),
        ({"started_at": wall("2026-11-22 06:00")}, "started_at", "no time zone"),
        ({"started_at": datetime.fromisoformat("1969-12-31T23:59:59Z")}, "started_at", "1970 to 2099"),
        ({"ended_at": datetime.fromisoformat("2100-01-01T00:00:00Z")}, "ended_at", "1970 to 2099"),
    ],
)
def test_what_cannot_be_cut_is_refused_with_its_field(change, field, words):
    with pytest.raises(FieldError, match=words) as refused:
        capped(EVENT._replace(**change))
    assert refused.value.key == field


@pytest.mark.parametrize(
    ("started", "ended", "ahead"),
    [
        (None, None, False),
        (NOW + timedelta(days=1), None, False),
        (NOW + timedelta(days=1, seconds=1), None, True),
        (NOW, NOW + timedelta(days=2), True),
    ],
)
def test_a_clock_is_ahead_by_more_than_a_day(started, ended, ahead):
    assert is_ahead(EVENT._replace(started_at=started, ended_at=ended), NOW) is ahead


@settings(deadline=None)
@given(
    st.builds(
        Incoming,
        format=st.just("watchbill"),
        name=st.text(st.characters(codec="utf-8")),
        status=st.sampled_from(EventStatus),
        severity=st.sampled_from(Severity),
        source=st.text(st.characters(codec="utf-8"), max_size=300),
        text=st.text(st.characters(codec="utf-8")),
        labels=st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))),
        facts=st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers(-(2**63), 2**63 - 1) | st.text()),
        started_at=st.datetimes() | st.none(),
    )
)
def test_an_event_is_refused_by_field_or_kept_and_keeping_it_again_changes_nothing(event):
    try:
        kept = capped(event)
    except FieldError:
        return
    assert capped(kept) == kept
