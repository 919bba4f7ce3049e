"""Patterns match as RE2 matches, whole values only, and never take for ever.

Every row of MATCHES was checked against amtool 0.25 (RE2 of Go 1.19).
"""

import re
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from models.rules.pattern_classes import EVERY, folded, holds, inverted, joined
from models.rules.pattern_escapes import PatternError
from models.rules.pattern_syntax import LONGEST_PATTERN
from models.rules.patterns import Pattern, pattern_of

MATCHES = [
    # pattern, matching values, other values, reason
    ("", [""], ["a"], "nothing"),
    ("foo1|foo2|baz", ["foo1", "foo2", "baz"], ["foo", "foo12", "xbaz", ""], "a list of words"),
    ("a|", ["a", ""], ["b"], "or nothing"),
    ("web[0-9]+", ["web1", "web12"], ["web", "web1x", "xweb1"], "anchored at both ends"),
    ("5..", ["500", "5ab"], ["50", "5000", "50\n"], "a dot is one character, not a new line"),
    (".*", ["", "a b", "é"], ["\n", "a\n"], "all but new lines"),
    ("(?s).*", ["", "a\nb"], [], "with s, new lines too"),
    (".+", ["a", "\t\v"], [""], "at least one"),
    ("^a$", ["a"], ["a\n", "\na", "^a$"], "anchors of one's own change nothing; $ is the very end"),
    ("a^b", [], ["ab", "a^b", "a\nb"], "an anchor inside never holds"),
    ("(?m)a$\n^b", ["a\nb"], ["ab"], "with m, at lines"),
    ("(?m)^a$", ["a"], ["a\n", "\na"], "the whole value still"),
    (r"\Aa\z", ["a"], ["a\n"], "the other anchors"),
    (r"\bfoo\b.*", ["foo", "foo bar", "foo-"], ["foobar", "foo_", "foo1"], "the edge of a word"),
    (r"foo\B.*", ["foobar", "foo_"], ["foo", "foo bar"], "no edge of a word"),
    (r"a\b\n", ["a\n"], ["a"], "the edge before a new line"),
    (r"é\b", [], ["é"], "a letter outside ASCII is no part of a word"),
    (r"\d+", ["1", "09"], ["٣", "a", ""], "ASCII digits only"),
    (r"\w", ["a", "Z", "_", "5"], ["é", "-", ""], "ASCII words only"),
    (r"\s", [" ", "\t", "\n", "\f", "\r"], ["\v", "\u00a0", ""], "no vertical tab"),
    (r"\D\W\S", ["a-b", "éé1"], ["1-b"], "the others"),
    ("[a-c]", ["a", "c"], ["d", "-"], "a range"),
    ("[^a]", ["b", "\n", "é"], ["a", ""], "all others, new lines too"),
    ("[]a]", ["]", "a"], ["[", ""], "a bracket that comes first is one of the set"),
    ("[^]a]", ["b"], ["]", "a"], "also in a set of others"),
    (r"[\d-]", ["1", "-"], ["d", "\\"], "a hyphen after a set is one"),
    (r"[\d-z]", ["1", "-", "z"], ["a"], "and begins no range"),
    ("[a-]", ["a", "-"], ["b"], "a hyphen at the end"),
    ("[-a]", ["a", "-"], ["b"], "a hyphen at the beginning"),
    ("[[:alpha:]_]", ["a", "Z", "_"], ["1", ":"], "a named set"),
    ("[[:^space:]]", ["a"], [" ", "\v"], "all but a named set"),
    ("[[:word]", ["[", ":", "w"], ["]"], "no named set without its end"),
    (r"[\W\d]", ["-", "1", "é"], ["a", "_"], "sets in a set"),
    (r"[.*+$]", [".", "*", "$"], ["a"], "signs stand for themselves in a set"),
    (r"[\]\\]", ["]", "\\"], ["["], "escapes in a set"),
    (r"[^\x00-\x{10FFFF}]", [], ["a", ""], "a set of nothing"),
    (r"\.\*\_\-\/\ ", [".*_-/ "], ["a*_-/ "], "any sign may be escaped"),
    (r"\x41\x{1F600}\101\07\a\f\n\r\t\v", ["A😀A\x07\x07\f\n\r\t\v"], [], "characters by number and name"),
    (r"\Qa.b*\E+", ["a.b*", "a.b***"], ["axb*", "a.b*a.b*"], "quoted; the repeat is of the last sign"),
    (r"\Q\E", [""], ["a"], "nothing quoted"),
    ("(?i)web", ["web", "WEB", "wEb"], ["veb"], "either case"),
    ("(?i)k|s", ["K", "\u212a", "S", "\u017f"], ["ẞ"], "the two letters that are like ASCII ones"),
    ("(?i)[^k]", ["a"], ["k", "K", "\u212a"], "either case of the others"),
    (r"(?i)\W", ["-"], ["\u017f", "a"], "also in named sets"),
    ("(?i:a)b", ["ab", "Ab"], ["aB"], "only inside the group"),
    ("a(?i)b|c", ["aB", "C"], ["Ab"], "to the end of the group, other options too"),
    ("((?i)a)b", ["Ab"], ["AB"], "and no further"),
    ("(?i-i)a", ["a"], ["A"], "on and off"),
    ("(?i)1_?€", ["1€", "1_€"], [""], "signs without a case"),
    ("(?P<host>a)", ["a"], [""], "a group may have a name"),
    ("(?:a|b)c", ["ac", "bc"], ["c"], "a group"),
    ("(a|b|)(c)", ["ac", "c"], ["ab"], "an empty option"),
    ("()", [""], ["a"], "an empty group"),
    ("a{2}", ["aa"], ["a", "aaa"], "exactly"),
    ("a{2,}", ["aa", "aaaaa"], ["a"], "at least"),
    ("a{1,2}", ["a", "aa"], ["", "aaa"], "from, to"),
    ("a{0}b", ["b"], ["ab"], "never"),
    ("(ab){2,3}", ["abab", "ababab"], ["ab", "aba"], "a group"),
    ("a{,2}", ["a{,2}"], ["a", "aa"], "no repeat: it stands for itself"),
    ("a{01}", ["a{01}"], ["a"], "nor is this"),
    ("{", ["{"], [""], "a brace alone"),
    ("x{2}{", ["xx{"], [], "a brace after a repeat"),
    ("a*?b+?c??", ["b", "aabbc"], ["a"], "lazy or greedy, the same texts"),
    ("(a*)*", ["", "aaa"], ["b"], "a repeat of a repeat, in a group"),
    ("(|a)+", ["", "aa"], ["b"], "a repeat of nothing"),
    ("^*a", ["a"], ["^a"], "an anchor may be repeated"),
    ("]", ["]"], [""], "a bracket alone"),
    ("(a+)+b", ["aab"], ["aa"], "what takes others for ever"),
    ("(?U)a+", ["aa"], [""], "a flag that changes no answer"),
]


@pytest.mark.parametrize(("pattern", "matching", "others", "reason"), MATCHES, ids=[row[3] for row in MATCHES])
def test_a_pattern_matches_whole_values_as_re2_does(pattern, matching, others, reason):
    read = Pattern(pattern)
    assert [value for value in matching if not read.matches(value)] == [], reason
    assert [value for value in others if read.matches(value)] == [], reason


REFUSED = [
    # pattern, column, words, reason
    ("(?=a)", 1, "no look-around", "look-ahead"),
    ("(?<!a)b", 1, "no look-around", "look-behind"),
    ("(?>a)", 1, "no look-around", "an atomic group"),
    ("(?P=n)", 1, "no look-around", "a reference by name"),
    ("(?P<n>a)(?P<n>b)", 9, 'two groups are named "n"', "a name twice"),
    (r"(a)\1", 4, "no back-references", "a reference"),
    (r"\8", 1, "no back-references", "another"),
    ("a**", 3, "cannot be repeated", "a repeat of a repeat"),
    ("a*+", 3, "cannot be repeated", "a possessive repeat"),
    ("a{2}{3}", 5, "cannot be repeated", "counted twice"),
    ("*a", 1, "nothing to repeat", "at the beginning"),
    ("(*a)", 2, "nothing to repeat", "in a group"),
    ("a|+", 3, "nothing to repeat", "in an option"),
    ("(?i)*", 5, "nothing to repeat", "after a flag"),
    ("a{1001}", 2, "at most 1000", "too often"),
    ("a{99999999999}", 2, "at most 1000", "far too often"),
    ("a{1,1001}", 2, "at most 1000", "too often at most"),
    ("a{2,1}", 2, "must not be below", "backwards"),
    ("(a", 3, "is not closed", "half a group"),
    ("a)", 2, 'has no "("', "half a group"),
    ("a)|(b", 2, 'has no "("', "what would end the anchoring"),
    ("[a", 1, "is not closed", "half a set"),
    ("[]", 1, "is not closed", "a set of nothing"),
    ("[z-a]", 2, "from the lower", "a range backwards"),
    (r"[a-\d]", 4, "means nothing here", "a range to a set"),
    ("[[:foo:]]", 2, "is no set", "a set that is none"),
    (r"[\b]", 2, "means nothing here", "an edge in a set"),
    ("a\\", 2, "means nothing here", "half an escape"),
    (r"\Z", 1, "means nothing here", "the end of others"),
    (r"\pL", 1, "means nothing here", "a set of Unicode"),
    (r"\C", 1, "means nothing here", "a byte"),
    (r"\é", 1, "means nothing here", "a letter escaped"),
    (r"\x4", 1, "write \\x41", "half a number"),
    (r"\x{110000}", 1, "write \\x41", "no character"),
    (r"\x{}", 1, "write \\x41", "no number"),
    (r"\Qa", 1, "needs its \\E", "half a quote"),
    ("(?x)a", 1, "only : or i, m, s, U", "a flag of others"),
    ("(?-)a", 1, "only : or i, m, s, U", "no flag after the minus"),
    ("(?i", 1, "only : or i, m, s, U", "half a flag"),
    ("(?i)xé", 6, "ASCII letters only", "either case of another alphabet"),
    ("(?i)[à-ü]", 5, "ASCII letters only", "in a set, too"),
    ("(" * 61 + "a" + ")" * 61, 62, "inside each other", "too deep"),
    ("(a{1000}){1000}", 1, "too large", "too large, written out"),
    ("((((){1000}){1000}){1000})", 1, "too large", "nothing, a thousand million times"),
    ("a" * (LONGEST_PATTERN + 1), LONGEST_PATTERN, "at most 20000 characters", "too long"),
]


@pytest.mark.parametrize(("pattern", "column", "words", "reason"), REFUSED, ids=[row[3] for row in REFUSED])
def test_what_re2_refuses_or_versions_read_differently_is_refused_with_its_column(pattern, column, words, reason):
    with pytest.raises(PatternError) as refused:
        Pattern(pattern)
    assert words in refused.value.message, reason
    assert refused.value.column == column


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(a|aa)+", "(.*a){20}", "([a-z]+)*x?", "(a?){30}a{30}"])
def test_no_pattern_takes_for_ever(pattern):
    read, begin = Pattern(pattern), time.monotonic()
    read.matches("a" * 2_000 + "!")
    assert time.monotonic() - begin < 5


def test_a_list_of_words_may_be_long_and_other_patterns_forget_what_they_saw():
    names = [f"host{number}.example.org".replace(".", r"\.") for number in range(800)]
    assert Pattern("|".join(names)).matches("host799.example.org")
    read = Pattern("(a|b)*a(a|b){9}")
    for number in range(3_000):
        text = f"{number:012b}".replace("0", "a").replace("1", "b")
        assert read.matches(text) is (text[-10] == "a")
    assert read._machine.kept < 110_000


def test_a_dot_is_also_a_nul():
    assert Pattern(".").matches("\0")
    assert Pattern("[^a]").matches("\0")


def test_a_pattern_is_read_once():
    assert pattern_of("a+b") is pattern_of("a+b")


@given(st.text(max_size=20))
@example("[[:")
@example("a{1")
@example("\\Q\\")
@example("(?P<")
def test_every_text_is_a_pattern_or_has_a_column(text):
    try:
        Pattern(text).matches(text)
    except PatternError as error:
        assert 1 <= error.column <= len(text) + 1
        assert error.message


simple = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", ""]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}"])).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)


@given(simple, st.text(alphabet="ab.1\n", max_size=6))
def test_where_python_reads_the_same_it_finds_the_same(pattern, value):
    assert Pattern(pattern).matches(value) is (re.fullmatch(pattern, value, re.ASCII) is not None)


spans = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)).map(sorted).map(tuple), max_size=6)


@given(spans, st.integers(0, 320))
def test_a_set_and_the_others_share_out_the_characters(found, code):
    own = joined(found)
    assert holds(own, code) is any(first <= code <= last for first, last in found)
    assert holds(inverted(own), code) is not holds(own, code)
    assert joined([*own, *inverted(own)]) == EVERY


@given(st.integers(0, 0x7F), st.integers(0, 0x7F))
def test_a_set_in_either_case_holds_both_of_each_letter(one, other):
    assume(one <= other)
    found = folded(((one, other),))
    for code in range(one, other + 1):
        letter = chr(code)
        assert holds(found, ord(letter.lower()))
        assert holds(found, ord(letter.upper()))
