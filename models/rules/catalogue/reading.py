"""Reads one answer to one field: the text that stands for it ever after. Raises ValueError with what is allowed."""

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.rules.catalogue.conditions import Answer
from models.rules.catalogue.fields import PARAMETERS, FormField
from models.rules.nodes import Node, matching
from models.rules.parameters import Scalar, value_of
from models.rules.patterns import pattern_of
from models.vocabulary import FieldType

MOST_VALUES = 100
LONGEST_MAIL = 254
MOST_LISTED = 10
MOST_COMPARED = 1_000
"""A likely choice is looked for among so many: with more that would take longer than all else."""
EVERY_HOST = "*"
_UNSEEN = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_LINES, _IN_LINE = re.compile(f"[{_UNSEEN}]"), re.compile(rf"[{_UNSEEN}\t\n\r]")
"""Signs that would not be seen, or would show a text in another order than it has."""
_MAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")

Given = Scalar | Sequence[Scalar]


@dataclass(frozen=True)
class Known:
    """What the site has that can be an answer."""

    people: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()


def read_answer(asked: FormField, choices: Collection[str], given: Given) -> Answer:
    """The text of the answer, or the texts of several. `choices` are all that there is to choose from, if it is that.

    Nothing, or an empty text, gives an empty one. A secret is not repeated in what is raised.
    """
    values = _values(given)
    if not asked.several:
        if len(values) > 1:
            raise ValueError("takes one answer")
        return _read_one(asked, choices, values[0]) if values else ""
    if len(values) > MOST_VALUES:
        raise ValueError(f"takes at most {MOST_VALUES} answers")
    texts = [text for text in (_read_one(asked, choices, value) for value in values) if text]
    return tuple(dict.fromkeys(texts))


def choices_for(asked: FormField, chosen: str | None, known: Known) -> tuple[str, ...]:
    """What there is to choose from, when the field that decides on it was answered so; nothing for a field to fill."""
    if asked.choices_by is not None:
        return asked.choices_by.choices.get(chosen or "", ())
    if asked.type is FieldType.HOST:
        return tuple(matching(asked.hosts or EVERY_HOST, known.nodes))
    if asked.type is FieldType.PERSON:
        return known.people
    return known.services if asked.type is FieldType.SERVICE else asked.choices


def choices_in_all(asked: FormField, known: Known) -> tuple[str, ...]:
    """Everything that there is to choose from, whatever was answered before."""
    if asked.choices_by is None:
        return choices_for(asked, None, known)
    return tuple(dict.fromkeys(choice for choices in asked.choices_by.choices.values() for choice in choices))


def _values(given: object) -> list[Scalar]:
    values = list(given) if isinstance(given, list | tuple) else [given]
    plain = [value for value in values if isinstance(value, Scalar)]
    if len(plain) < len(values):
        raise ValueError("takes text, a number, true or false, or a list of these where it takes several")
    return plain


def _read_one(asked: FormField, choices: Collection[str], value: Scalar) -> str:
    if asked.secret:
        return _secret(asked, value)
    text = _plain(asked, value)
    if not text:
        return ""
    if asked.type in PARAMETERS:
        return value_of(asked.parameter, text)
    if asked.type in (FieldType.TEXT, FieldType.MAIL):
        return _text(asked, text)
    if text not in choices:
        raise ValueError(_not_among(text, choices))
    return text


def _plain(asked: FormField, value: Scalar) -> str:
    """The text of a value, without blanks around it and with one kind of line end."""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if asked.lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.strip()
    unseen = (_IN_LINES if asked.lines else _IN_LINE).search(text)
    if unseen:
        what = "a line end or tab" if unseen[0] in "\t\n\r" else "a character that cannot be seen"
        raise ValueError(f"holds {what} at place {unseen.start() + 1}")
    return text


def _text(asked: FormField, text: str) -> str:
    if asked.type is FieldType.MAIL and not (len(text) <= LONGEST_MAIL and _MAIL.fullmatch(text)):
        raise ValueError(f"{text[:60]!r} is no mail address; write it like anna@example.org")
    value_of(asked.parameter, text)
    if asked.pattern is not None and not pattern_of(asked.pattern).matches(text):
        raise ValueError(f"{text[:60]!r} {asked.pattern_words or f'does not match {asked.pattern}'}")
    return text


def _secret(asked: FormField, value: Scalar) -> str:
    """A secret as it was given; what is wrong with it is said without it."""
    text = str(value)
    if not text:
        return ""
    if (asked.lines and _IN_LINES.search(text)) or (not asked.lines and _IN_LINE.search(text)):
        raise ValueError("holds a character that cannot be seen")
    if not (asked.minimum or 0) <= len(text) <= (asked.parameter.maximum or 0):
        raise ValueError(f"must have {asked.minimum or 1:g} to {asked.parameter.maximum:g} characters")
    if asked.pattern is not None and not pattern_of(asked.pattern).matches(text):
        raise ValueError(asked.pattern_words or f"does not match {asked.pattern}")
    return text


def _not_among(text: str, choices: Collection[str]) -> str:
    near = difflib.get_close_matches(text[:60], list(choices)[:MOST_COMPARED], 1, 0.6)
    listed = ", ".join(list(choices)[:MOST_LISTED])
    more = f" and {len(choices) - MOST_LISTED} more" if len(choices) > MOST_LISTED else ""
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f"{text[:60]!r} is no choice; there are: {listed or 'none'}{more}{hint}"
