"""Turns pydantic's faults into plain words: what is wrong, and what is allowed."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Collection
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from models.site.tree import Path, may_be_secret

UNKNOWN_KEY = {"extra_forbidden", "unexpected_keyword_argument"}
MISSING_KEY = {"missing", "missing_argument", "missing_keyword_only_argument"}
CHOICES = {"enum", "literal_error"}
LONGEST_SHOWN = 60

Words = Callable[[dict[str, Any]], str]


def _bound(words: str, name: str) -> Words:
    return lambda context: f"must be {words} {context[name]}"


WORDS: dict[str, Words] = {
    "string_type": lambda _: "must be text",
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "decimal_type": lambda _: "must be a number",
    "decimal_parsing": lambda _: "must be a number",
    "decimal_max_digits": lambda context: f"must have at most {context['max_digits']} digits",
    "decimal_max_places": lambda context: f"must have at most {context['decimal_places']} decimals",
    "decimal_whole_digits": lambda context: f"must have at most {context['whole_digits']} digits",
    "finite_number": lambda _: "must be a plain number",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "enum": lambda context: f"must be {_plain_choice(context)}",
    "literal_error": lambda context: f"must be {_plain_choice(context)}",
    "greater_than": _bound("above", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("below", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "string_too_short": lambda context: f"must have at least {context['min_length']} characters",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
    "too_short": lambda context: f"must have at least {context['min_length']} entries",
    "too_long": lambda context: f"must have at most {context['max_length']} entries",
    "list_type": lambda _: "must be a list, like [one, two]",
    "tuple_type": lambda _: "must be a list, like [one, two]",
    "set_type": lambda _: "must be a list, like [one, two]",
    "frozen_set_type": lambda _: "must be a list, like [one, two]",
    "dict_type": lambda _: "must be a mapping, with lines like key: value",
    "model_type": lambda _: "must be a mapping, with lines like key: value",
    "model_attributes_type": lambda _: "must be a mapping, with lines like key: value",
    "dataclass_type": lambda _: "must be a mapping, with lines like key: value",
    "dataclass_exact_type": lambda _: "must be a mapping, with lines like key: value",
    "value_error": lambda context: str(context["error"]),
}
FAMILIES = {
    "date_": "must be a date and exist, like 2026-12-24",
    "datetime_": "must be a date and a time, like 2026-12-24T22:00:00",
    "timezone_": "must be a date and a time with its time zone, like 2026-12-24T22:00:00Z",
    "time_": 'must be a time of day, like "06:30"',
    "is_instance": "has the wrong form",
}


def message(error: ErrorDetails, model: type, hidden: Collection[str] = ()) -> str:
    """What is wrong at one place, in plain words; the `hidden` fields of the model are none to offer."""
    kind, path = error["type"], error["loc"]
    if kind in UNKNOWN_KEY:
        return unknown_key(str(path[-1]), allowed_keys(model, path[:-1], hidden))
    if kind in MISSING_KEY:
        return "is required"
    words = WORDS.get(kind)
    text = words(error.get("ctx", {})) if words else _family(kind, error["msg"])
    if kind == "value_error" or may_be_secret(path):
        return text
    value = error["input"]
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f'{text}; found {found(value)}: put it in quotes, "{_as_written(value)}"'
    choices = str(error.get("ctx", {}).get("expected", "")).split("'")[1::2] if kind in CHOICES else []
    near = did_you_mean(value, choices) if isinstance(value, str) else ""
    return f"{text}; found {found(value)}{near}"


def unknown_key(key: str, allowed: list[str]) -> str:
    """The message for a key that is not known here, with what is, and the nearest one."""
    text = f"unknown key; allowed: {', '.join(allowed)}" if allowed else "unknown key; nothing is allowed here"
    return text + did_you_mean(key, allowed)


def did_you_mean(word: str, known: typing.Iterable[str]) -> str:
    """`; did you mean "retry"?` when something known is near, else nothing."""
    near = nearest(word, known)
    return f'; did you mean "{near}"?' if near else ""


def nearest(word: str, known: typing.Iterable[str]) -> str | None:
    """The known word that was probably meant, if one is near."""
    return next(iter(difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)), None)


def found(value: Any) -> str:
    """The value as people name it, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return _as_written(value)
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        shown = value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "..."
        return f'"{shown}"'
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def allowed_keys(model: type, path: Path, hidden: Collection[str]) -> list[str]:
    """The keys that the thing at `path` below `model` may have."""
    kinds: list[Any] = [model]
    for step in path:
        kinds = [below for kind in kinds for below in _below(kind, step)]
    return sorted({name for kind in kinds for name in fields_of(kind) if path or name not in hidden})


def fields_of(kind: Any) -> dict[str, Any]:
    """The fields of a model or a dataclass, as files call them, with their types; nothing for any other type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {
            field.metadata.get("alias", field.name): hints[field.name]
            for field in dataclasses.fields(kind)
            if field.init
        }
    return {}


def alternatives(kind: Any) -> list[Any]:
    """The types behind Annotated, Optional and unions."""
    origin = get_origin(kind)
    if origin is Annotated:
        return alternatives(get_args(kind)[0])
    if origin in {Union, types.UnionType}:
        return [one for part in get_args(kind) for one in alternatives(part)]
    return [kind]


def _as_written(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _below(kind: Any, step: str | int) -> list[Any]:
    arguments = [part for part in get_args(kind) if part is not Ellipsis]
    if get_origin(kind) in {list, tuple, set, frozenset, dict} and arguments:
        return alternatives(arguments[-1])
    return alternatives(fields_of(kind)[str(step)]) if str(step) in fields_of(kind) else [kind]


def _plain_choice(context: dict[str, Any]) -> str:
    return str(context["expected"]).replace("'", "")


def _family(kind: str, original: str) -> str:
    for start, words in FAMILIES.items():
        if kind.startswith(start):
            return words
    return original[:1].lower() + original[1:]
