"""Fields of forms: what a site may not ask, and what is wrong between them."""

import pytest

from models.rules.catalogue.fields import ChoicesBy, FormField
from models.rules.catalogue.form_faults import form_faults
from models.rules.field_error import FieldError
from models.vocabulary import FieldType, FileKind

T = FieldType

WRONG = [
    ({"name": "Kind"}, "name", "small letters, digits and _", "a capital"),
    ({"name": "two words"}, "name", "small letters", "a blank"),
    ({"name": "beneficiary"}, "name", "is there without a field", "the name of a person of the request"),
    ({"name": "cost"}, "name", "is there without a field", "a fact that approvals are decided by"),
    ({"title": " "}, "title", "must say what is asked for", "no question"),
    ({"title": "Which\nkind?"}, "title", "one line", "two lines"),
    ({"help": "x" * 301}, "help", "at most 300", "a long help"),
    ({"several": True}, "several", "goes with type choice or person or host or service", "several texts"),
    ({"type": T.DATE, "lines": True}, "lines", "goes with type text", "lines of a date"),
    ({"type": T.DATE, "minimum": 1}, "minimum", "goes with type text or integer or number", "a least date"),
    ({"type": T.INTEGER, "pattern": "1"}, "pattern", "goes with type text or mail", "a pattern of a number"),
    ({"choices": ("a",)}, "choices", "goes with type choice", "choices of a text"),
    ({"type": T.CHOICE}, "choices", "needs one of `choices` and `choices_by`", "nothing to choose from"),
    (
        {"type": T.CHOICE, "choices": ("a",), "choices_by": ChoicesBy("b", {"c": ("d",)})},
        "choices",
        "one of `choices`",
        "two ways to choose",
    ),
    ({"type": T.CHOICE, "choices": ("a", "a")}, "choices", '"a" is given twice', "one choice twice"),
    ({"type": T.CHOICE, "choices": ("a", "")}, "choices", "1 to 300 characters", "an empty choice"),
    ({"type": T.CHOICE, "choices": ("a\u202eb",)}, "choices", "one line", "a choice that reads backwards"),
    ({"type": T.CHOICE, "choices": tuple(map(str, range(501)))}, "choices", "more than 500", "too many choices"),
    ({"hosts": "tag=web"}, "hosts", "goes with type host", "hosts of a text"),
    ({"type": T.HOST, "hosts": "tag="}, "hosts", "is no node filter", "half a filter"),
    ({"accepts": (FileKind.PDF,)}, "accepts", "goes with type file", "files of a text"),
    ({"type": T.FILE}, "accepts", "says what it accepts: text, pdf, png, jpeg", "any file"),
    (
        {"type": T.FILE, "accepts": (FileKind.PDF,), "most_bytes": 10**9},
        "most_bytes",
        "1 to 10485760",
        "a large file",
    ),
    ({"type": T.INTEGER, "secret": True}, "secret", "goes with type text", "a secret number"),
    ({"secret": True, "default": "x"}, "default", "a secret has no default", "a secret in the site's files"),
    ({"default": "x", "required": True}, "required", "leave one of the two out", "required with a default"),
    ({"type": T.PERSON, "default": "ada"}, "default", "goes with type", "a person by default"),
    (
        {"type": T.CHOICE, "choices_by": ChoicesBy("b", {"c": ("d",)}), "default": "d"},
        "default",
        "does not go with `choices_by`",
        "a default that is none of the other choices",
    ),
    ({"minimum": 9, "maximum": 8}, "minimum", "minimum 9 is above maximum 8", "bounds that cross"),
    ({"maximum": 9_000}, "maximum", "1 to 8000", "a book"),
    ({"maximum": 0}, "maximum", "1 to 8000", "a text of nothing"),
    ({"minimum": 2_000}, "minimum", "minimum 2000 is above maximum 1000", "longer than is usual at most"),
    ({"pattern": "("}, "pattern", "column", "no pattern"),
    ({"pattern_words": "must be so"}, "pattern_words", "goes with `pattern`", "words about nothing"),
    ({"when": ("kind",)}, "when", "is not a matcher", "no matcher"),
]


@pytest.mark.parametrize(("given", "key", "words", "reason"), WRONG, ids=[case[-1] for case in WRONG])
def test_a_field_that_cannot_be_is_refused_at_its_key(
    given: dict[str, object], key: str, words: str, reason: str
) -> None:
    with pytest.raises(FieldError) as caught:
        FormField(**{"name": "kind", "title": "Which kind?", **given})
    assert caught.value.key == key, reason
    assert words in str(caught.value)


def test_an_answer_without_choices_is_refused() -> None:
    with pytest.raises(FieldError, match='nothing to choose from for "c"'):
        ChoicesBy("b", {"c": ()})


def field(name: str, **given: object) -> FormField:
    return FormField(name, "Which?", **given)


KIND = field("kind", type=T.CHOICE, choices=("laptop", "server"))
SIZES = {"laptop": ("13", "15"), "server": ("small",)}

FAULTS = [
    ([KIND, field("kind")], [((1, "name"), 'a field named "kind" stands before it already')], "one name twice"),
    (
        [field("size", when=('kind="laptop"',)), KIND],
        [((0, "when"), 'there is no field "kind" before it; known: none')],
        "a condition on a later field",
    ),
    (
        [KIND, field("size", when=('kind="phone"',))],
        [((1, "when"), '"phone" is no answer to kind; there are: laptop, server')],
        "a condition that never holds",
    ),
    (
        [field("sure", type=T.BOOLEAN), field("size", when=('sure="yes"',))],
        [((1, "when"), '"yes" is no answer to sure; there are: true, false')],
        "a word for true that no answer has",
    ),
    ([KIND, field("size", when=('kind=~"lap.*"',))], [], "a pattern may fit nothing"),
    ([KIND, field("size", when=('kind!=""',))], [], "answered at all"),
    (
        [field("key", secret=True), field("size", when=('key="x"',))],
        [((1, "when"), '"key" is secret: no condition may ask for it')],
        "a condition that gives a secret away",
    ),
    (
        [field("scan", type=T.FILE, accepts=(FileKind.PDF,)), field("size", when=('scan="x"',))],
        [((1, "when"), '"scan" is a file: no condition may ask for it')],
        "a condition on a file",
    ),
    (
        [field("size", type=T.CHOICE, choices_by=ChoicesBy("kind", SIZES))],
        [((0, "choices_by", "field"), 'there is no field "kind" before it; known: none')],
        "choices by a field that is not there",
    ),
    (
        [field("kind"), field("size", type=T.CHOICE, choices_by=ChoicesBy("kind", SIZES))],
        [((1, "choices_by", "field"), '"kind" must be a choice of one')],
        "choices by a text",
    ),
    (
        [KIND, field("size", type=T.CHOICE, choices_by=ChoicesBy("kind", {"laptop": ("13",), "phone": ("6",)}))],
        [
            ((1, "choices_by", "choices", "phone"), "is no answer to kind; there are: laptop, server"),
            ((1, "choices_by", "choices"), "says nothing for server"),
        ],
        "choices for another answer, and none for one",
    ),
    (
        [
            KIND,
            field("size", type=T.CHOICE, choices_by=ChoicesBy("kind", SIZES)),
            field("bag", type=T.CHOICE, choices_by=ChoicesBy("size", {"13": ("s",), "15": ("m",), "small": ("l",)})),
        ],
        [],
        "choices of choices of choices",
    ),
]


@pytest.mark.parametrize(("form", "found", "reason"), FAULTS, ids=[case[-1] for case in FAULTS])
def test_what_is_wrong_between_fields_is_said_with_its_place(
    form: list[FormField], found: list[object], reason: str
) -> None:
    assert list(form_faults(form)) == found, reason


DEFAULTS = [
    ({"type": T.CHOICE, "choices": ("a",), "default": "b"}, "'b' is no choice", "no such choice"),
    ({"type": T.INTEGER, "default": "x"}, "is not a whole number", "no number"),
    ({"type": T.INTEGER, "default": 9, "maximum": 8}, "above the maximum 8", "above its own bound"),
    ({"type": T.DATE, "default": "2026-02-30"}, "is not a date", "no such day"),
    ({"default": "x y", "pattern": "[a-z]+"}, "does not match", "its pattern refuses it"),
    ({"default": "abc", "maximum": 2}, "above the maximum 2", "too long"),
    ({"type": T.MAIL, "default": "anna"}, "is no mail address", "no mail address"),
    ({"type": T.BOOLEAN, "default": True}, "", "yes"),
    ({"type": T.CHOICE, "choices": ("a", "b"), "several": True, "default": "b"}, "", "one of several"),
]


@pytest.mark.parametrize(("given", "words", "reason"), DEFAULTS, ids=[case[-1] for case in DEFAULTS])
def test_a_default_must_be_an_answer(given: dict[str, object], words: str, reason: str) -> None:
    found = list(form_faults([field("kind", **given)]))
    assert [place for place, _ in found] == ([(0, "default")] if words else []), reason
    assert all(words in said for _, said in found)
