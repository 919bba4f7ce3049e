"""Forms at random, answers from a form's own schema, and answers against it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from hypothesis import strategies as st

from models.rules.catalogue.fields import RESERVED, ChoicesBy, FormField
from models.rules.catalogue.reading import Known, choices_for
from models.rules.nodes import Node
from models.vocabulary import FieldType, FileKind

T = FieldType
KNOWN = Known(
    people=("ada", "bob", "eve"),
    services=("shop", "stock"),
    nodes=tuple(Node(f"web{number}", frozenset({"web" if number < 3 else "db"})) for number in range(5)),
)
CHOICES = ("red", "blue", "light green", "-x", "{kind}", "a\\b")
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in RESERVED)
line_signs = st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf"))


@st.composite
def fields(draw: st.DrawFn, name: str, before: tuple[FormField, ...]) -> FormField:
    """A field that is right, after those that stand before it."""
    kind = draw(st.sampled_from([one for one in FieldType if one is not T.FILE]))
    given: dict[str, Any] = {"required": draw(st.booleans())}
    if kind in (T.CHOICE, T.PERSON, T.HOST, T.SERVICE):
        given["several"] = draw(st.booleans())
    deciding = [one for one in before if one.choices and not one.several]
    if kind is T.CHOICE and deciding and draw(st.booleans()):
        by = draw(st.sampled_from(deciding))
        several = st.lists(st.sampled_from(CHOICES), min_size=1, max_size=3, unique=True).map(tuple)
        given["choices_by"] = ChoicesBy(by.name, {choice: draw(several) for choice in by.choices})
    elif kind is T.CHOICE:
        given["choices"] = tuple(draw(st.lists(st.sampled_from(CHOICES), min_size=1, max_size=4, unique=True)))
    if kind is T.HOST:
        given["hosts"] = draw(st.sampled_from([None, "tag=web", "tag=web or tag=db"]))
    if kind in (T.TEXT, T.INTEGER):
        given["minimum"] = draw(st.none() | st.integers(0, 5))
        given["maximum"] = draw(st.none() | st.integers(5, 30))
    if kind is T.TEXT:
        given |= {"lines": draw(st.booleans()), "secret": draw(st.booleans())}
    if deciding and draw(st.booleans()):
        asked_for = draw(st.sampled_from(deciding))
        given["when"] = (f'{asked_for.name}="{draw(st.sampled_from(asked_for.choices))}"'.replace("\\", "\\\\"),)
    return FormField(name, "Which?", kind, **given)


@st.composite
def forms(draw: st.DrawFn) -> tuple[FormField, ...]:
    """A form of up to six fields."""
    form: tuple[FormField, ...] = ()
    for name in draw(st.lists(names, min_size=1, max_size=6, unique=True)):
        form = (*form, draw(fields(name, form)))
    return form


def texts(one: FormField) -> st.SearchStrategy[str]:
    """Texts within the field's bounds, without blanks around them."""
    least, most = int(one.minimum or 1) or 1, int(one.maximum or 30)
    return st.text(line_signs, min_size=least, max_size=most).filter(lambda text: least <= len(text.strip()))


def value_of(one: FormField, choices: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """One answer that the field takes."""
    integers = st.integers(int(one.minimum or 0), int(one.maximum or 10**6))
    plain: dict[FieldType, Callable[[], st.SearchStrategy[Any]]] = {
        T.TEXT: lambda: texts(one),
        T.INTEGER: lambda: integers | integers.map(str),
        T.NUMBER: lambda: st.integers(-999, 999) | st.floats(-1e6, 1e6) | st.decimals(-9, 9, places=2).map(str),
        T.BOOLEAN: lambda: st.sampled_from([True, False, "yes", "No", "on", "false"]),
        T.DATE: lambda: st.dates(date(1900, 1, 1)) | st.dates(date(1900, 1, 1)).map(str),
        T.MAIL: lambda: st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.org", fullmatch=True),
    }
    return plain[one.type]() if one.type in plain else st.sampled_from(choices)


def answer_to(one: FormField, chosen: str | None) -> st.SearchStrategy[Any]:
    """One answer, or several, or none where none is needed."""
    choices = choices_for(one, chosen, KNOWN)
    value = value_of(one, choices)
    answer = st.lists(value, min_size=1, max_size=3) if one.several else value
    return answer if one.required else answer | st.none() | st.just("")


def wrong_for(one: FormField) -> st.SearchStrategy[Any]:
    """What the field does not take, whatever else was answered."""
    anything = [{"a": 1}, [[1]], [None], "x\x00", "a\u2028b", "\ud800", Ellipsis]
    if not one.several:
        anything.append(["red", "blue"])
    if one.type in (T.INTEGER, T.NUMBER, T.BOOLEAN, T.DATE, T.MAIL):
        anything += ["soon", "1;2", "a b", "٣", "0x10"]
    if one.type in (T.CHOICE, T.PERSON, T.HOST, T.SERVICE):
        anything += ["Red", "red blue", "../red", 10**40]
    if one.type is T.TEXT:
        anything += ["x" * (int(one.maximum or 1000) + 1)]
    return st.sampled_from(anything)


FILE = FormField("scan", "Which?", T.FILE, accepts=tuple(FileKind))
