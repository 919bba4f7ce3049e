"""Typed parameters of a job: what may be given, and how it becomes one argument of the command, never two.

A command is a list of arguments; `{name}` stands for a parameter, alone or inside an argument, `{{` and `}}` for
braces. No shell reads any of it (FAULTS S33). A value that begins with `-` could be taken for an option, so it is
refused where it would begin an argument, unless its parameter allows it.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

from models.errors import Refused
from models.rules.field_error import FieldError, under

LONGEST_VALUE = 32_768
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$", re.ASCII)
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")

Scalar = str | int | float | bool | date


class ParameterType(StrEnum):
    """What kind of value a parameter takes."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"


class ParametersRefused(Refused):
    """Some parameters of a run cannot be used; each has its sentence."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


@dataclass(frozen=True)
class Parameter:
    """One parameter of a job. Minimum and maximum bound a number, or the length of a text."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    type: ParameterType = ParameterType.TEXT
    default: Scalar | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    description: str = ""
    allow_leading_dash: bool = False

    def __post_init__(self) -> None:
        if (self.type is ParameterType.CHOICE) != bool(self.choices):
            raise FieldError("choices", "`choices` goes with type choice, which needs at least one")
        if self.pattern is not None and self.type is not ParameterType.TEXT:
            raise FieldError("pattern", "`pattern` goes with type text")
        if self.type in (ParameterType.BOOLEAN, ParameterType.CHOICE, ParameterType.DATE) and self._is_bounded:
            raise FieldError("minimum", f"`minimum` and `maximum` do not go with type {self.type.value}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise FieldError("minimum", f"minimum {self.minimum:g} is above maximum {self.maximum:g}")
        if self.pattern is not None:
            with under("pattern"):
                _compiled(self.pattern)
        if self.required and self.default is not None:
            raise FieldError("required", "a parameter with a default is not required; leave one of the two out")
        if self.default is not None:
            with under("default"):
                value_of(self, self.default)

    @property
    def _is_bounded(self) -> bool:
        return self.minimum is not None or self.maximum is not None

    @property
    def may_begin_argument(self) -> bool:
        """Whether a value with a leading dash may stand at the start of an argument: a typed number is no option."""
        return self.allow_leading_dash or self.type in (ParameterType.INTEGER, ParameterType.NUMBER)


def bind(parameters: Mapping[str, Parameter], given: Mapping[str, Scalar | None]) -> dict[str, str]:
    """The text of every parameter, from what was given and the defaults. Raises ParametersRefused with all problems."""
    problems = [_unknown(name, parameters) for name in given if name not in parameters]
    values: dict[str, str] = {}
    for name, parameter in parameters.items():
        value = given.get(name)
        value = parameter.default if value is None else value
        try:
            if value is not None:
                values[name] = value_of(parameter, value)
            elif parameter.required:
                problems.append(f"{name}: a value is required")
            else:
                values[name] = ""
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise ParametersRefused(problems)
    return values


def value_of(parameter: Parameter, value: Scalar) -> str:
    """The text that this value of the parameter is sent as. Raises ValueError with what is allowed."""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if "\0" in text:
        raise ValueError("a value cannot hold the character NUL")
    if not _is_encodable(text):
        raise ValueError("a value must be valid Unicode (it holds half of a surrogate pair)")
    if len(text) > LONGEST_VALUE:
        raise ValueError(f"a value has at most {LONGEST_VALUE} characters")
    return _READERS[parameter.type](parameter, text)


def render_argv(
    command: Sequence[str], values: Mapping[str, str], parameters: Mapping[str, Parameter]
) -> tuple[str, ...]:
    """The arguments of the command, one for each of the list. Raises ParametersRefused with all problems."""
    problems = command_problems(command, parameters)
    rendered = []
    for argument in command if not problems else ():
        names = [match[1] for match in _PIECE.finditer(argument) if match[1] is not None]
        missing = [f"{{{name}}} has no value" for name in names if name not in values]
        problems.extend(missing)
        if missing:
            continue
        text = _filled(argument, values)
        begins = bool(re.match(r"\{[^{]", argument))
        if begins and text.startswith("-") and not all(parameters[name].may_begin_argument for name in names):
            problems.append(
                f'{names[0]}: a value that begins with "-" could be taken for an option; set allow_leading_dash,'
                f" or write the argument as --{names[0]}={{{names[0]}}}"
            )
        rendered.append(text)
    if problems:
        raise ParametersRefused(problems)
    return tuple(rendered)


def command_problems(command: Sequence[str], parameters: Mapping[str, Parameter]) -> list[str]:
    """What is wrong with a command template, whatever the values."""
    if not command or not command[0]:
        return ["the command is empty: the first argument is the program"]
    problems = []
    if any(match[1] is not None for match in _PIECE.finditer(command[0])):
        problems.append("the program itself cannot be a parameter")
    for number, argument in enumerate(command, 1):
        if "\0" in argument or not _is_encodable(argument):
            problems.append(f"argument {number} holds a character that no command line can carry")
        for match in _PIECE.finditer(argument):
            if match[0] in ("{", "}"):
                problems.append(f'argument {number}: a single "{match[0]}"; write "{match[0] * 2}" for a brace')
            elif match[1] is not None and match[1] not in parameters:
                problems.append(f"argument {number}: {_unknown(match[1], parameters)}")
    return problems


def name_problem(name: str) -> str | None:
    """What is wrong with the name of a parameter, if anything."""
    if _NAME.match(name):
        return None
    return f'"{name}" cannot name a parameter; use small letters, digits and _, beginning with a letter'


def _filled(argument: str, values: Mapping[str, str]) -> str:
    """One pass over the template, so that a value with braces is never read again."""
    return _PIECE.sub(lambda match: values[match[1]] if match[1] is not None else match[0][0], argument)


def _unknown(name: str, parameters: Mapping[str, Parameter]) -> str:
    near = difflib.get_close_matches(name, parameters, 1, 0.6)
    hint = f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(parameters) or 'none'}"
    return f'there is no parameter "{name}"{hint}'


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f'"{pattern}" is not a pattern: {error}') from None


def _bounded(parameter: Parameter, amount: float, what: str) -> None:
    if parameter.minimum is not None and amount < parameter.minimum:
        raise ValueError(f"{what} is below the minimum {parameter.minimum:g}")
    if parameter.maximum is not None and amount > parameter.maximum:
        raise ValueError(f"{what} is above the maximum {parameter.maximum:g}")


def _text(parameter: Parameter, text: str) -> str:
    _bounded(parameter, len(text), f"a length of {len(text)}")
    if parameter.pattern is not None and not _compiled(parameter.pattern).fullmatch(text):
        raise ValueError(f"{text!r} does not match {parameter.pattern}")
    return text


def _integer(parameter: Parameter, text: str) -> str:
    if not re.fullmatch(r"[+-]?[0-9]{1,30}", text.strip()):
        raise ValueError(f"{text!r} is not a whole number")
    number = int(text)
    _bounded(parameter, number, str(number))
    return str(number)


def _number(parameter: Parameter, text: str) -> str:
    if not re.fullmatch(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", text.strip(), re.ASCII):
        raise ValueError(f"{text!r} is not a number")
    _bounded(parameter, float(text), text.strip())
    return text.strip()


def _boolean(_: Parameter, text: str) -> str:
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(f"{text!r} is not yes or no; allowed: {', '.join(_TRUE + _FALSE)}")
    return "true" if word in _TRUE else "false"


def _choice(parameter: Parameter, text: str) -> str:
    if text not in parameter.choices:
        near = difflib.get_close_matches(text, parameter.choices, 1, 0.6)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f"{text!r} is not a choice; allowed: {', '.join(parameter.choices)}{hint}")
    return text


def _date(_: Parameter, text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write it as 2026-12-24") from None


_READERS = {
    ParameterType.TEXT: _text,
    ParameterType.INTEGER: _integer,
    ParameterType.NUMBER: _number,
    ParameterType.BOOLEAN: _boolean,
    ParameterType.CHOICE: _choice,
    ParameterType.DATE: _date,
}
