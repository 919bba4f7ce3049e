"""Where known errors are filed, and that a search finds what trying all of them would find, without trying all."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.rules import known_error_search, pattern_pieces
from models.rules.known_error_filing import ANY, Pieces, filed_under, keys_of, pieces_of, possible_keys
from models.rules.known_error_matching import Recognition, Seen, highest_score, recognise
from models.rules.known_error_search import MOST_SURE, MOST_TRIED, Filed, Found, search
from models.rules.known_error_words import Said
from models.rules.patterns import pattern_of

SHOP = Seen(Said(("Database error in the shop",)), "shop", ("database",), "web12", ({"name": "HttpDown", "job": "x1"},))


def test_one_is_filed_where_the_fewest_others_are() -> None:
    wanted = Recognition('name="HttpDown"', service="shop", texts=("connection pool",))
    assert filed_under(wanted, {}) == {"word:connection"}, "of words that nobody else has, the longest"
    assert filed_under(wanted, {"word:connection": 2}) == {"word:pool"}
    assert filed_under(wanted, {"word:connection": 2, "word:pool": 1}) == {"label:name=HttpDown"}
    assert filed_under(Recognition(texts=("one", "two*")), {}) == {ANY}, "any of the two finds it"
    assert filed_under(Recognition(service="shop", texts=("two*",)), {}) == {"service:shop"}
    assert filed_under(Recognition(texts=("one", "two")), {}) == {"word:one", "word:two"}
    assert filed_under(Recognition('job=~"shop|till"'), {}) == {"label:job=shop", "label:job=till"}
    assert filed_under(Recognition(host="~web1|web2"), {}) == {"host:web1", "host:web2"}
    assert filed_under(Recognition('job=~"|shop"'), {}) == {ANY}, "an alert without the label has it, too"


PIECES = {
    'job=~"x7.*"': "x7",
    'job=~".*shop-[a-z]+-front",env!~"test.*"': "shop-\n-front",
    'job=~"(a|b)c?d"': "d",
    'job=~"(?i)shop"': "",
    'job="shop"': "",
}


@pytest.mark.parametrize(("matchers", "pieces"), PIECES.items(), ids=PIECES)
def test_a_pattern_cannot_do_without_its_plain_parts(matchers: str, pieces: str) -> None:
    assert pieces_of(Recognition(matchers)) == pieces


def test_hosts_and_words_with_wild_cards_have_pieces_too() -> None:
    assert pieces_of(Recognition(host="web*-?3")) == "web\n-\n3"
    assert pieces_of(Recognition(texts=('"pool ORA*55" dry',))) == "ora\n55"
    assert pieces_of(Recognition(texts=("ora*", "pool"))) == "", "one of the two is enough"
    assert pieces_of(Recognition('job=~"a\\\\x00b"')) == "", "no database keeps such signs"
    assert len(pieces_of(Recognition(f'job=~"{"x" * 300}.*"'))) == 200
    assert Pieces(SHOP).have("ttpDo\nweb\nshop")
    assert not Pieces(SHOP).have("ttpDo\nwebshop")


PATTERNS = st.text(alphabet="ab.*+?|()[]^$", max_size=8)


@given(PATTERNS, st.text(alphabet="ab", max_size=5))
def test_what_matches_has_all_the_pieces_of_its_pattern(pattern: str, value: str) -> None:
    try:
        matches = pattern_of(pattern).matches(value)
    except ValueError:
        assume(False)
    assert not matches or all(piece in value for piece in pattern_pieces.pieces_of(pattern))


WORDS = st.sampled_from(["a", "ab", "b", "a*", "*b", '"a b"', '"b* a"', "b a"])
MATCHERS = st.sampled_from(["", 'j="a"', 'j=~"a|ab"', 'j=~"a.*"', 'j=~".*b"', 'j!~"a.*"', 'j=~"a?"', 'j="a",k=~"b+"'])
PLACES = st.none() | st.sampled_from(["a", "b"])
ASKED = st.builds(
    Recognition,
    MATCHERS,
    PLACES,
    PLACES,
    st.none() | st.sampled_from(["a", "a*", "~a|b", "~a.", "?b"]),
    st.lists(WORDS, max_size=2).map(tuple),
)
LABELS = st.dictionaries(st.sampled_from("jk"), st.sampled_from(["", "a", "ab", "bb"]))
SEEN = st.builds(
    Seen,
    st.lists(st.text(alphabet="ab ", max_size=6), max_size=2).map(tuple).map(Said),
    PLACES,
    st.lists(st.sampled_from("ab"), max_size=1).map(tuple),
    st.none() | st.sampled_from(["a", "ab", "b"]),
    st.lists(LABELS, max_size=2).map(tuple),
)


def searched(asked: Sequence[Recognition], seen: Seen) -> Found:
    """What a search finds of known errors that were filed one after the other, where the incident looks."""
    counts: dict[str, int] = {}
    filed: list[Filed] = []
    keys = keys_of(seen)
    for number, wanted in enumerate(asked):
        for key in filed_under(wanted, counts) if wanted else ():
            assert key in {ANY, *possible_keys(wanted)}
            counts[key] = counts.get(key, 0) + 1
            if key in keys:
                filed.append(Filed(number, key, highest_score(wanted), pieces_of(wanted)))
    return search(filed, seen, lambda numbers: {number: asked[number] for number in numbers})


@pytest.mark.parametrize(("most_sure", "at_once"), [(100, 50), (2, 1)])
def test_a_search_finds_what_trying_all_of_them_would_find(
    most_sure: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_error_search, "MOST_SURE", most_sure)
    monkeypatch.setattr(known_error_search, "_AT_ONCE", at_once)

    @given(st.lists(ASKED, max_size=12), SEEN)
    def holds(asked: list[Recognition], seen: Seen) -> None:
        found = searched(asked, seen)
        naive = {number: one for number, wanted in enumerate(asked) if (one := recognise(wanted, seen))}
        surest = sorted(naive, key=lambda number: (-naive[number].score, number))[:most_sure]
        assert sorted(found.recognised, key=lambda n: (-found.recognised[n].score, n))[:most_sure] == surest
        assert found.recognised.items() <= naive.items()
        assert found.untried == 0
        assert all(one.score <= highest_score(asked[number]) for number, one in naive.items())

    holds()


def test_of_very_many_that_all_fit_only_as_many_are_tried_as_can_be_among_the_surest() -> None:
    better = Recognition(service="shop", texts=("database error",))
    found = searched([*[Recognition(texts=("database error",))] * 300, better], SHOP)
    assert (found.untried, len(found.recognised), max(found.recognised)) == (0, MOST_SURE, 300)


def test_of_very_many_that_cannot_be_told_apart_it_is_said_how_many_were_not_tried() -> None:
    phrases = [Recognition(texts=('"error database"',))] * (MOST_TRIED + 200)
    found = searched([*phrases, Recognition(host="web12")], SHOP)
    assert (found.untried, set(found.recognised)) == (201, {len(phrases)}), "the surest comes first"


def test_patterns_that_list_nothing_do_not_keep_what_was_looked_up_from_being_tried() -> None:
    patterns = [Recognition('job!~".*",name=~".+"')] * (MOST_TRIED + 100)
    found = searched([*patterns, Recognition(texts=("shop",))], SHOP)
    assert (set(found.recognised), found.untried) == ({len(patterns)}, 100)
