"""The fields of a form: what is asked for, and what an answer may be.

Texts of one line, numbers, yes or no, dates, mail addresses, choices, files, and persons, hosts and services of the
site. A pattern is matched as a whole, by models.rules.patterns, so that no answer makes it take long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from models.rules.field_error import FieldError, under
from models.rules.matchers import Matchers, parse_all
from models.rules.node_words import FilterError
from models.rules.nodes import parse
from models.rules.parameters import Parameter, ParameterType, Scalar, name_problem
from models.rules.patterns import pattern_of
from models.vocabulary import FieldType, FileKind

REQUESTER, BENEFICIARY = "requester", "beneficiary"
PEOPLE = (REQUESTER, BENEFICIARY)
"""Who asks, and for whom: they stand beside the answers in texts and commands."""
RESERVED = (*PEOPLE, "item", "cost", "item_sha256", "risk", "plan", "parts")
"""What no field may be called: an answer must not stand for one of these where an approval is decided by it."""
LONGEST_TEXT, USUAL_TEXT = 8_000, 1_000
LONGEST_WORDS = 300
LARGEST_FILE, USUAL_FILE = 10 * 1024 * 1024, 1024 * 1024
MOST_CHOICES = 500
SEVERAL = (FieldType.CHOICE, FieldType.PERSON, FieldType.HOST, FieldType.SERVICE)
BOUNDED = (FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER)
WITH_DEFAULT = (*BOUNDED, FieldType.BOOLEAN, FieldType.DATE, FieldType.MAIL, FieldType.CHOICE)
PARAMETERS = {
    FieldType.INTEGER: ParameterType.INTEGER,
    FieldType.NUMBER: ParameterType.NUMBER,
    FieldType.BOOLEAN: ParameterType.BOOLEAN,
    FieldType.DATE: ParameterType.DATE,
}
"""Answers that are read as the parameters of jobs are."""


@dataclass(frozen=True)
class ChoicesBy:
    """Choices that depend on the answer to an earlier field."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    field: str
    choices: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        for answer, choices in self.choices.items():
            if not choices:
                raise FieldError("choices", f'there is nothing to choose from for "{answer}"')
            _check_choices("choices", choices)


@dataclass(frozen=True)
class FormField:
    """One field of a form. Minimum and maximum bound a number, or the length of a text."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    title: str
    type: FieldType = FieldType.TEXT
    help: str = ""
    required: bool = False
    default: Scalar | None = None
    several: bool = False
    lines: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    pattern_words: str = ""
    choices: tuple[str, ...] = ()
    choices_by: ChoicesBy | None = None
    hosts: str | None = None
    accepts: tuple[FileKind, ...] = ()
    most_bytes: int | None = None
    secret: bool = False
    when: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_words(self)
        _check_goes_with_type(self)
        _check_bounds(self)
        with under("when"):
            parse_all(self.when)
        _check_default(self)

    @cached_property
    def conditions(self) -> Matchers:
        """When it is asked."""
        return parse_all(self.when)

    @cached_property
    def parameter(self) -> Parameter:
        """What reads an answer that is a text, a number, a date, or yes or no."""
        if self.type in PARAMETERS:
            return Parameter(type=PARAMETERS[self.type], minimum=self.minimum, maximum=self.maximum)
        return Parameter(minimum=self.minimum, maximum=USUAL_TEXT if self.maximum is None else self.maximum)

    @property
    def largest(self) -> int:
        """The most bytes that a file may have."""
        return self.most_bytes or USUAL_FILE

    @property
    def is_stored(self) -> bool:
        """Whether its answer may stand in the request, in texts and in commands."""
        return not self.secret and self.type is not FieldType.FILE


def _check_words(one: FormField) -> None:
    problem = name_problem(one.name)
    if problem:
        raise FieldError("name", problem)
    if one.name in RESERVED:
        raise FieldError("name", f'"{one.name}" is there without a field; choose another name')
    for key in ("title", "help", "pattern_words"):
        text = getattr(one, key)
        if len(text) > LONGEST_WORDS or not text.isprintable():
            raise FieldError(key, f"must be one line of at most {LONGEST_WORDS} characters")
    if not one.title.strip():
        raise FieldError("title", "must say what is asked for")


def _check_goes_with_type(one: FormField) -> None:
    for key, is_given, types in (
        ("several", one.several, SEVERAL),
        ("lines", one.lines, (FieldType.TEXT,)),
        ("minimum", one.minimum is not None, BOUNDED),
        ("maximum", one.maximum is not None, BOUNDED),
        ("pattern", one.pattern is not None, (FieldType.TEXT, FieldType.MAIL)),
        ("choices", bool(one.choices), (FieldType.CHOICE,)),
        ("choices_by", one.choices_by is not None, (FieldType.CHOICE,)),
        ("hosts", one.hosts is not None, (FieldType.HOST,)),
        ("accepts", bool(one.accepts), (FieldType.FILE,)),
        ("most_bytes", one.most_bytes is not None, (FieldType.FILE,)),
        ("secret", one.secret, (FieldType.TEXT,)),
        ("default", one.default is not None, WITH_DEFAULT),
    ):
        if is_given and one.type not in types:
            raise FieldError(key, f"`{key}` goes with type {' or '.join(types)}")
    if one.type is FieldType.CHOICE and bool(one.choices) is (one.choices_by is not None):
        raise FieldError("choices", "a choice needs one of `choices` and `choices_by`")
    if one.pattern_words and one.pattern is None:
        raise FieldError("pattern_words", "`pattern_words` goes with `pattern`")
    if one.type is FieldType.FILE and not one.accepts:
        raise FieldError("accepts", f"a file field says what it accepts: {', '.join(FileKind)}")


def _check_bounds(one: FormField) -> None:
    if one.minimum is not None and one.maximum is not None and one.minimum > one.maximum:
        raise FieldError("minimum", f"minimum {one.minimum:g} is above maximum {one.maximum:g}")
    if one.type is FieldType.TEXT and one.maximum is not None and not 1 <= one.maximum <= LONGEST_TEXT:
        raise FieldError("maximum", f"a text has 1 to {LONGEST_TEXT} characters")
    _ = one.parameter
    if one.most_bytes is not None and not 1 <= one.most_bytes <= LARGEST_FILE:
        raise FieldError("most_bytes", f"a file has 1 to {LARGEST_FILE} bytes")
    if one.pattern is not None:
        with under("pattern"):
            pattern_of(one.pattern)
    if one.hosts is not None:
        try:
            parse(one.hosts)
        except FilterError as error:
            raise FieldError("hosts", f"is no node filter: {error}") from None
    _check_choices("choices", one.choices)


def _check_choices(key: str, choices: tuple[str, ...]) -> None:
    if len(choices) > MOST_CHOICES:
        raise FieldError(key, f"more than {MOST_CHOICES} choices")
    for choice in choices:
        if not choice.strip() or len(choice) > LONGEST_WORDS or not choice.isprintable():
            raise FieldError(key, f"a choice is one line of 1 to {LONGEST_WORDS} characters")
        if choices.count(choice) > 1:
            raise FieldError(key, f'"{choice}" is given twice')


def _check_default(one: FormField) -> None:
    if one.default is None:
        return
    if one.required:
        raise FieldError("required", "a field with a default is not required; leave one of the two out")
    if one.secret:
        raise FieldError("default", "a secret has no default: it would stand in the site's files")
    if one.choices_by is not None:
        raise FieldError("default", "does not go with `choices_by`: it would be none of the choices for other answers")
