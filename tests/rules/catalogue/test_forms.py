"""Forms that are filled in: what is taken, as which text, and what is refused at which field."""

import pytest

from models.rules.catalogue.conditions import holds
from models.rules.catalogue.fields import ChoicesBy, FormField
from models.rules.catalogue.forms import LARGEST_TEXT, FormRefused, answered, asked
from models.rules.catalogue.reading import Known
from models.rules.catalogue.uploads import Upload
from models.rules.matchers import parse_all
from models.rules.nodes import Node
from models.vocabulary import FieldType, FileKind

T = FieldType
KNOWN = Known(
    people=("ada", "bob"),
    services=("shop",),
    nodes=(Node("web2", frozenset({"web"})), Node("web1", frozenset({"web"})), Node("db1", frozenset({"db"}))),
)
PDF = b"%PDF-1.7 and more"


def field(name: str = "it", **given: object) -> FormField:
    return FormField(name, "Which?", **given)


READ = [
    ({}, " blue ", "blue", "blanks around a text do not count"),
    ({}, 5, "5", "a number for a text"),
    ({"lines": True}, "a\r\nb\rc\td", "a\nb\nc\td", "one kind of line end"),
    ({"maximum": 3}, "äöü", "äöü", "characters are counted, not bytes"),
    ({"pattern": "[a-z]+[0-9]"}, "abc1", "abc1", "a pattern that fits"),
    ({"type": T.INTEGER}, "007", "7", "a whole number"),
    ({"type": T.INTEGER}, -3, "-3", "a number as JSON has it"),
    ({"type": T.NUMBER}, "1.50", "1.50", "a number as it was written"),
    ({"type": T.BOOLEAN}, "Yes", "true", "yes is true"),
    ({"type": T.BOOLEAN}, False, "false", "false as JSON has it"),
    ({"type": T.DATE}, "2026-12-24", "2026-12-24", "a date"),
    ({"type": T.MAIL}, "anna@example.org", "anna@example.org", "a mail address"),
    ({"type": T.CHOICE, "choices": ("a b", "c")}, "a b", "a b", "a choice"),
    ({"type": T.CHOICE, "choices": ("a", "c"), "several": True}, ["c", "a", "c"], ("c", "a"), "each choice once"),
    ({"type": T.CHOICE, "choices": ("a", "c"), "several": True}, "c", ("c",), "one of several"),
    ({"type": T.PERSON}, "bob", "bob", "a person"),
    ({"type": T.SERVICE}, "shop", "shop", "a service"),
    ({"type": T.HOST}, "db1", "db1", "any host"),
    ({"type": T.HOST, "hosts": "tag=web", "several": True}, ("web2", "web1"), ("web2", "web1"), "hosts of a filter"),
    ({"default": "red"}, None, "red", "the default for no answer"),
    ({"default": "red"}, "", None, "an empty answer is an answer: none"),
    ({}, None, None, "nothing where nothing is required"),
    ({"type": T.CHOICE, "choices": ("a",), "several": True}, [], None, "none of several"),
    ({"type": T.INTEGER}, "  ", None, "blanks are no number, and no answer"),
]


@pytest.mark.parametrize(("given", "value", "text", "reason"), READ, ids=[case[-1] for case in READ])
def test_an_answer_is_taken_as_one_text_ever_after(
    given: dict[str, object], value: object, text: object, reason: str
) -> None:
    answers = answered([field(**given)], {"it": value}, KNOWN)
    assert answers.values == ({} if text is None else {"it": text}), reason


REFUSED = [
    ({"required": True}, None, "an answer is required", "nothing where something is required"),
    ({"required": True}, "   ", "an answer is required", "blanks where something is required"),
    ({"type": T.HOST, "several": True, "required": True}, [], "an answer is required", "no host at all"),
    ({}, ["a", "b"], "takes one answer", "two answers"),
    ({}, {"a": 1}, "takes text, a number", "a mapping"),
    ({}, [["a"]], "takes text, a number", "a list in a list"),
    ({}, [None], "takes text, a number", "nothing in a list"),
    ({}, "a\nb", "a line end or tab at place 2", "two lines"),
    ({}, "a\u202eb", "cannot be seen at place 2", "a text that reads backwards"),
    ({}, "a\x00b", "cannot be seen at place 2", "NUL"),
    ({}, "a\ud800", "cannot be seen at place 2", "half a character"),
    ({"lines": True}, "a\x1bb", "cannot be seen at place 2", "an escape sequence"),
    ({}, "x" * 1001, "a length of 1001 is above the maximum 1000", "longer than usual"),
    ({"minimum": 3}, "ab", "is below the minimum 3", "too short"),
    ({"pattern": "[a-z]+"}, "a1", "'a1' does not match [a-z]+", "against the pattern"),
    ({"pattern": "[a-z]+", "pattern_words": "must be letters"}, "a1", "'a1' must be letters", "in the site's words"),
    ({"pattern": "(a+)+b"}, "a" * 900, "does not match", "a pattern that would take for ever elsewhere"),
    ({"type": T.INTEGER}, "1.5", "is not a whole number", "half a number"),
    ({"type": T.INTEGER}, True, "is not a whole number", "true is no number"),
    ({"type": T.INTEGER, "maximum": 8}, 9, "9 is above the maximum 8", "too many"),
    ({"type": T.NUMBER}, "nan", "is not a number", "no number at all"),
    ({"type": T.NUMBER}, float("inf"), "is not a number", "without end"),
    ({"type": T.BOOLEAN}, "perhaps", "is not yes or no", "neither yes nor no"),
    ({"type": T.DATE}, "24.12.2026", "is not a date; write it as 2026-12-24", "a date in other words"),
    ({"type": T.MAIL}, "a@b, c@d", "is no mail address", "two addresses"),
    ({"type": T.MAIL}, f"{'x' * 250}@b.org", "is no mail address", "a long address"),
    (
        {"type": T.CHOICE, "choices": ("red", "blue")},
        "rad",
        'no choice; there are: red, blue; did you mean "red"?',
        "?",
    ),
    ({"type": T.CHOICE, "choices": ("a",), "several": True}, ["a", "b"], "'b' is no choice", "one of two"),
    ({"type": T.CHOICE, "choices": ("a",), "several": True}, ["a"] * 101, "at most 100 answers", "too many answers"),
    ({"type": T.PERSON}, "eve", "'eve' is no choice; there are: ada, bob", "an unknown person"),
    ({"type": T.HOST, "hosts": "tag=web"}, "db1", "'db1' is no choice; there are: web1, web2", "a host of others"),
    ({"type": T.HOST, "hosts": "tag=mail"}, "web1", "there are: none", "no host is left"),
    ({"type": T.FILE, "accepts": (FileKind.PDF,)}, "x.pdf", "takes a file", "the name of a file"),
    ({}, Upload("x.pdf", PDF), "takes no file", "a file for a text"),
    ({"secret": True, "minimum": 8}, "hunter2", "must have 8 to 1000 characters", "a short secret"),
    ({"secret": True, "pattern": "[0-9]+"}, "hunter2", "does not match [0-9]+", "a secret against its pattern"),
    ({"secret": True}, "hunter\x002", "cannot be seen", "NUL in a secret"),
]


@pytest.mark.parametrize(("given", "value", "words", "reason"), REFUSED, ids=[case[-1] for case in REFUSED])
def test_a_refusal_names_the_field_and_what_is_allowed(
    given: dict[str, object], value: object, words: str, reason: str
) -> None:
    with pytest.raises(FormRefused) as caught:
        answered([field(**given)], {"it": value}, KNOWN)
    (problem,) = caught.value.problems
    assert problem.field == "it", reason
    assert words in problem.message
    assert "hunter" not in str(caught.value), "a secret is never repeated"


LAPTOP = [
    field("kind", type=T.CHOICE, choices=("laptop", "server"), required=True),
    field("keys", type=T.CHOICE, choices=("de", "us"), default="de", when=('kind="laptop"',)),
    field(
        "size",
        type=T.CHOICE,
        choices_by=ChoicesBy("kind", {"laptop": ("13", "15"), "server": ("small",)}),
        required=True,
    ),
    field("why", when=('size="15"',), required=True),
]

FILLED = [
    ({"kind": "laptop", "size": "13"}, {"kind": "laptop", "keys": "de", "size": "13"}, "a default where it is asked"),
    ({"kind": "server", "size": "small"}, {"kind": "server", "size": "small"}, "no default where it is not asked"),
    (
        {"kind": "server", "size": "small", "keys": ""},
        {"kind": "server", "size": "small"},
        "nothing for a field that is not asked",
    ),
    (
        {"kind": "laptop", "size": "15", "why": "eyes"},
        {"kind": "laptop", "keys": "de", "size": "15", "why": "eyes"},
        "a condition on a condition",
    ),
    (
        {"kind": "server", "size": "small", "keys": "us"},
        ['keys: is not asked here; it goes with kind="laptop"'],
        "an answer to a field that is not asked",
    ),
    (
        {"kind": "server", "size": "13"},
        ["size: '13' is no choice; there are: small"],
        "a choice of another answer",
    ),
    ({"kind": "laptop", "size": "15"}, ["why: an answer is required"], "required where it is asked"),
    (
        {"kind": "phone", "keys": "xx", "size": "6", "why": "new"},
        ["kind: 'phone' is no choice; there are: laptop, server"],
        "what hangs on a refused answer is not judged",
    ),
    (
        {"kind": "server", "size": "small", "colour": "red", "kinds": "x"},
        [
            "colour: there is no such field; there are: kind, keys, size, why",
            'kinds: there is no such field; did you mean "kind"?',
        ],
        "fields that are not there",
    ),
]


@pytest.mark.parametrize(("given", "found", "reason"), FILLED, ids=[case[-1] for case in FILLED])
def test_a_form_is_judged_as_a_whole(given: dict[str, str], found: object, reason: str) -> None:
    if isinstance(found, dict):
        assert answered(LAPTOP, given, KNOWN).values == found, reason
        return
    with pytest.raises(FormRefused) as caught:
        answered(LAPTOP, given, KNOWN)
    assert list(map(str, caught.value.problems)) == found, reason


def test_choices_that_hang_on_an_answer_are_not_asked_without_it() -> None:
    form = [
        field("kind", type=T.CHOICE, choices=("laptop",)),
        field("size", type=T.CHOICE, choices_by=ChoicesBy("kind", {"laptop": ("13",)}), required=True),
    ]
    assert answered(form, {}, KNOWN).values == {}
    with pytest.raises(FormRefused, match="size: is not asked here; it goes with an answer to kind"):
        answered(form, {"size": "13"}, KNOWN)
    with pytest.raises(FormRefused, match="size: an answer is required"):
        answered(form, {"kind": "laptop"}, KNOWN)


def test_what_is_asked_next_follows_from_the_answers() -> None:
    after = {one.field.name: one.choices for one in asked(LAPTOP, {"kind": "laptop", "size": "15"}, KNOWN)}
    assert after == {"kind": ("laptop", "server"), "keys": ("de", "us"), "size": ("13", "15"), "why": ()}
    assert [one.field.name for one in asked(LAPTOP, {}, KNOWN)] == ["kind"]


def test_a_secret_stands_apart_and_is_in_no_words() -> None:
    answers = answered([field("account"), field("key", secret=True)], {"account": "x", "key": " s3cret "}, KNOWN)
    assert (dict(answers.values), dict(answers.secrets)) == ({"account": "x"}, {"key": " s3cret "})
    assert "s3cret" not in repr(answers)


def test_a_file_is_kept_apart_and_its_fingerprint_stands_in_the_answers() -> None:
    asked_for = field("scan", type=T.FILE, accepts=(FileKind.PDF,))
    answers = answered([asked_for], {"scan": Upload("Scan.PDF", PDF)}, KNOWN)
    assert answers.files["scan"].content == PDF
    assert answers.values["scan"] == f"Scan.PDF (17 bytes, sha256 {answers.files['scan'].sha256})"
    assert "more" not in repr(answers)


def test_all_answers_together_have_an_end() -> None:
    form = [field(f"text_{number}", maximum=8_000) for number in range(9)]
    given = {one.name: "x" * 8_000 for one in form}
    with pytest.raises(
        FormRefused, match=f"text_0: all answers together have 72000 characters; at most {LARGEST_TEXT}"
    ):
        answered(form, given, KNOWN)
    assert answered(form, {**given, "text_8": ""}, KNOWN)


def test_a_thousand_unknown_fields_are_not_a_thousand_sentences() -> None:
    with pytest.raises(FormRefused) as caught:
        answered(LAPTOP, {f"x\n{number}": "1" for number in range(1000)}, KNOWN)
    assert "\n" not in str(caught.value)
    assert "990 more: there are no such fields" in str(caught.value)


CONDITIONS = [
    ('groups="a"', True, "one of several fits"),
    ('groups="c"', False, "none fits"),
    ('groups!="a"', False, "not all are another one"),
    ('groups!="c"', True, "all are another one"),
    ('groups=~"a|x"', True, "one fits a pattern"),
    ('groups!~"a|b"', False, "one fits what none may"),
    ('other=""', True, "what was not answered is empty"),
    ('other!=""', False, "not answered"),
    ('kind="x", groups="b"', True, "all of several conditions"),
    ('kind="y", groups="b"', False, "not all of them"),
]


@pytest.mark.parametrize(("text", "expected", "reason"), CONDITIONS, ids=[case[-1] for case in CONDITIONS])
def test_a_condition_reads_one_answer_or_several(text: str, expected: bool, reason: str) -> None:
    assert holds(parse_all([text]), {"groups": ("a", "b"), "kind": "x"}) is expected, reason
