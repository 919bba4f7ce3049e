"""Which ticket is part of which: circles are refused whole, all else is linked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.parent_links import sound_parents


@pytest.mark.parametrize(
    ("parents", "sound", "refused"),
    [
        ({"b": "a", "c": "a"}, {"b": "a", "c": "a"}, {}),
        ({"a": "a"}, {}, {"a": "a circle of parents"}),
        ({"a": "b", "b": "a"}, {}, {"a": "a circle of parents", "b": "a circle of parents"}),
        ({"a": "b", "b": "c", "c": "b"}, {"a": "b"}, {"b": "a circle of parents", "c": "a circle of parents"}),
        ({"a": "z"}, {}, {"a": "a parent that there is not"}),
        ({"a": "b", "b": "c"}, {"a": "b", "b": "c"}, {}),
    ],
    ids=["two of one", "itself", "circle of two", "leads into a circle", "unknown", "chain"],
)
def test_only_links_that_can_be_are_made(
    parents: dict[str, str], sound: dict[str, str], refused: dict[str, str]
) -> None:
    lines = {child: (number, parent) for number, (child, parent) in enumerate(parents.items(), start=2)}
    found, wrong = sound_parents(lines, {"a", "b", "c"})
    assert found == sound
    assert {one.ticket: one.reason for one in wrong} == refused
    assert {one.line for one in wrong} == {lines[child][0] for child in refused}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")))
def test_what_is_left_has_no_circle(parents: dict[str, str]) -> None:
    found, refused = sound_parents({child: (1, parent) for child, parent in parents.items()}, set("abcdefgh"))
    assert len(found) + len(refused) == len(parents)
    for start in found:
        at, steps = start, 0
        while at in found:
            at, steps = found[at], steps + 1
            assert steps <= len(found)


@pytest.mark.parametrize(
    ("parents", "words"),
    [
        ({"a": "a"}, "a is part of itself: no link is made"),
        ({"a": "b", "b": "a"}, "a is part of b, which is part of a: no link is made"),
        ({"a": "z"}, "a is part of z, which never came from this source, or was refused: no link is made"),
        (
            dict(zip("abcdefg", "bcdefga", strict=True)),
            "a is part of b, which is part of c, which is part of d, which is part of e, which is part of f, "
            "which is, by way of others, part of a: no link is made",
        ),
    ],
    ids=["itself", "circle of two", "unknown", "a long circle"],
)
def test_a_refused_link_says_how_it_comes_about(parents: dict[str, str], words: str) -> None:
    _, (first, *_) = sound_parents({child: (1, parent) for child, parent in parents.items()}, set("abcdefg"))
    assert first.words == words
