"""Texts that say the same are one group, whatever order they come in, and the group says which words bind it."""

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.text_groups import make_texts, v_measure
from models.rules.spelling import corrections
from models.rules.text_groups import group_texts, is_alike, key_of

DISK = "Disk full on web01: 97 % of /srv/x"
TOGETHER = [
    pytest.param(DISK, "disk full on web02: 99 % of /srv/y", True, id="other host, number and path"),
    pytest.param(DISK, "97 % of /srv/x: disk full on web01", True, id="other order of the words"),
    pytest.param("payroll export to the bank failed", "payroll export to bank failed", True, id="a word less"),
    pytest.param("payroll export to the bank failed", "payrol export to the bank failed", True, id="a slip"),
    pytest.param("payroll export to the bank failed", "certificate of the shop expires", False, id="something else"),
    pytest.param("backup failed", "login failed", False, id="one word of two"),
]
WORDS = st.sampled_from(["disk", "memory", "login", "backup", "failed", "slow", "printer", "queue", "expired"])
TEXTS = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=25)


@pytest.mark.parametrize(("one", "other", "together"), TOGETHER)
def test_what_says_the_same_is_one_group(one: str, other: str, together: bool) -> None:
    assert len(group_texts([one, other]).groups) == (1 if together else 2)
    assert is_alike(key_of(one), key_of(other)) is together


def test_a_group_says_its_size_its_words_and_an_example() -> None:
    texts = [f"Payroll export to bank{n} failed" for n in range(5)] + [f"Login of user{n} failed" for n in range(4)]
    first, second = group_texts(texts).groups
    assert (first.size, first.example, first.pattern) == (5, texts[0], "payroll export to <name> failed")
    # `failed` is said everywhere: it binds nothing.
    assert first.words == ("export", "payroll", "to")
    assert second.words == ("login", "of")


def test_of_one_group_alone_every_common_word_binds() -> None:
    assert group_texts([DISK, DISK]).groups[0].words == ("disk", "full", "of", "on")


def test_texts_without_words_are_one_group() -> None:
    assert [group.size for group in group_texts(["4711", "", "10.0.0.1"]).groups] == [3]


def test_no_texts_are_no_groups() -> None:
    assert (group_texts([]).groups, list(group_texts([]).of)) == ((), [])


def test_lines_and_half_characters_do_no_harm() -> None:
    assert list(group_texts(["disk\nfull", "disk full", "\ud800 queue"]).of) == [0, 0, 1]


@settings(max_examples=50)
@given(TEXTS, st.randoms(use_true_random=False))
def test_the_order_of_the_texts_decides_nothing(texts: list[str], shuffle: random.Random) -> None:
    mixed = list(texts)
    shuffle.shuffle(mixed)
    assert _partition(texts) == _partition(mixed)


@settings(max_examples=50)
@given(TEXTS | st.lists(st.text(max_size=15), max_size=15))
def test_every_text_is_in_exactly_one_group(texts: list[str]) -> None:
    found = group_texts(texts)
    assert len(found.of) == len(texts)
    assert Counter(found.of) == {place: group.size for place, group in enumerate(found.groups)}
    assert [group.size for group in found.groups] == sorted((group.size for group in found.groups), reverse=True)


def test_the_groups_are_those_that_the_texts_were_made_from() -> None:
    """The seeded set of the bench, small: 400 templates, 2 % of the words dropped, 2 % misspelt."""
    texts, truth = make_texts(2_000)
    homogeneity, completeness, v = v_measure(truth, group_texts(texts).of)
    assert (homogeneity > 0.99, completeness > 0.98, v > 0.98) == (True, True, True)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param({"printer": 40, "pinter": 2}, {"pinter": "printer"}, id="a letter left out"),
        pytest.param({"printer": 40, "pritner": 2}, {"pritner": "printer"}, id="two letters swapped"),
        pytest.param({"printer": 40, "printers": 3}, {}, id="not so much rarer"),
        pytest.param({"disk": 40, "desk": 1}, {}, id="a short word"),
        pytest.param({"printer": 40, "pinte": 1}, {}, id="two letters away"),
    ],
)
def test_a_word_is_mended_when_another_is_meant(counts: dict[str, int], expected: dict[str, str]) -> None:
    assert corrections(counts) == expected


def _partition(texts: list[str]) -> Counter[tuple[tuple[str, int], ...]]:
    members: dict[int, Counter[str]] = defaultdict(Counter)
    for text, place in zip(texts, group_texts(texts).of, strict=True):
        members[place][text] += 1
    return Counter(tuple(sorted(group.items())) for group in members.values())
