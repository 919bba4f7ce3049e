"""Makes one entry of a site from its tree, or says everything that is wrong with it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from models.errors import Place
from models.rules.field_error import FieldError
from models.site.documents import SourceEntry
from models.site.messages import MISSING_KEY, UNKNOWN_KEY, allowed_keys, message, nearest, unknown_key
from models.site.tree import Node, Path, Plain, dotted

QUOTED = re.compile(r"""["`]([^"`]*)["`]""")
Raw = dict[str, Plain]


@dataclass(frozen=True)
class Shape:
    """The type of an entry, and its fields that the loader fills and no file may write."""

    model: type
    key_field: str = "name"
    """Holds the entry's key in the file; empty where it has none."""
    filled: tuple[str, ...] = ()

    @property
    def hidden(self) -> set[str]:
        """Fields that no file may write."""
        return {self.key_field, *self.filled} - {""}


@dataclass(frozen=True)
class Made:
    """An entry made from its tree."""

    value: Any
    """The entry as its type; None when too little of it is right to make one."""
    places: list[Place]
    left_out: frozenset[str] = frozenset()
    """The keys that were wrong: what is said about their absence would be untrue."""


def make(entry: SourceEntry, shape: Shape, filled: Raw) -> Made:
    """The entry as its type, and its faults.

    `filled` holds what the loader adds: the site's defaults below the entry's own keys, and the script's text.
    After a fault the wrong keys are left out and the rest is made, so that the finer checks can go on.
    """
    if not isinstance(entry.node.value, dict):
        return Made(None, [entry.place((), "must be a mapping, with lines like key: value")])
    places = []
    for key in shape.hidden.intersection(entry.node.mapping()):
        words = unknown_key(key, allowed_keys(shape.model, (), shape.hidden))
        places.append(entry.place((key,), words, at_key=True))
    raw = {**filled, shape.key_field: entry.name} if shape.key_field else filled
    value, errors = _validate(shape.model, raw)
    misspelt = set(_misspelt(entry.node, shape, errors))
    errors = [error for error in errors if error["type"] not in MISSING_KEY or error["loc"] not in misspelt]
    places += [_place(entry, shape, error) for error in _one_per_place(errors, entry.node)]
    wrong = [error["loc"] for error in errors]
    if wrong:
        value, _ = _validate(shape.model, _without(raw, wrong))
    return Made(value, places, frozenset(str(path[0]) for path in (*wrong, *misspelt) if path))


def _misspelt(node: Node, shape: Shape, errors: list[ErrorDetails]) -> Iterator[Path]:
    """The keys that are missing only because they were misspelt: the unknown key beside them says it already."""
    for error in errors:
        if error["type"] in UNKNOWN_KEY:
            above, key = error["loc"][:-1], str(error["loc"][-1])
            meant = nearest(key, allowed_keys(shape.model, above, shape.hidden))
            if meant is not None and _existing(node, (*above, meant)) == _existing(node, above):
                yield (*above, meant)


@cache
def adapter(model: type) -> TypeAdapter[Any]:
    """The validator of a type, built once."""
    return TypeAdapter(model)


def _validate(model: type, raw: Plain) -> tuple[Any, list[ErrorDetails]]:
    """Strict as JSON is: "7" is no number and 30 is no text, but a date is written as text."""
    try:
        return adapter(model).validate_json(json.dumps(raw), strict=True), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _place(entry: SourceEntry, shape: Shape, error: ErrorDetails) -> Place:
    words = message(error, shape.model, shape.hidden)
    path = error["loc"]
    if path == (shape.key_field,):
        return entry.place((), words)
    if error["type"] in MISSING_KEY:
        mark_path = _existing(entry.node, path[:-1])
        place = entry.place(mark_path, words, at_key=True)
        key = dotted((*entry.path, *mark_path, path[-1]))
        return Place(place.file, place.line, place.column, key, words)
    path = _existing(entry.node, path)
    if error["type"] in UNKNOWN_KEY:
        return entry.place(path, words, at_key=True)
    finer = _finer_place(entry.node, path, error) if error["type"] == "value_error" else None
    return entry.place(*(finer or (path, words, False)))


def _existing(node: Node, path: Path) -> Path:
    """The path without the steps that only pydantic knows, such as the branches of a union."""
    kept: list[str | int] = []
    for step in path:
        if step in node.children():
            kept.append(step)
            node = node.children()[step]
    return tuple(kept)


def _finer_place(node: Node, path: Path, error: ErrorDetails) -> tuple[Path, str, bool] | None:
    """A rule complains about a whole mapping: the place of the key or the text it means, where it names one."""
    cause = error.get("ctx", {}).get("error")
    words = str(cause)
    for step in path:
        node = node.children()[step]
    if isinstance(cause, FieldError) and cause.key in node.mapping():
        return (*path, cause.key), words, False
    quoted = QUOTED.search(words)
    matches = list(_texts(node, path, quoted[1])) if quoted else []
    return (matches[0][0], words, matches[0][1]) if len(matches) == 1 else None


def _texts(node: Node, path: Path, text: str) -> Iterator[tuple[Path, bool]]:
    """Where the text stands below the node: the path, and whether it is the key there."""
    if node.value == text:
        yield path, False
    for step, child in node.children().items():
        if step == text:
            yield (*path, step), True
        yield from _texts(child, (*path, step), text)


def _one_per_place(errors: list[ErrorDetails], node: Node) -> Iterator[ErrorDetails]:
    """The branches of a union each complain about the same value: the first one speaks.

    A list or mapping is not blamed for its length when the fault is inside it.
    """
    seen: set[Path] = set()
    for error in errors:
        depth = len(error["loc"])
        if error["type"] == "too_short" and any(
            other["loc"][:depth] == error["loc"] for other in errors if other is not error
        ):
            continue
        path = error["loc"] if error["type"] in MISSING_KEY | UNKNOWN_KEY else _existing(node, error["loc"])
        if path not in seen or error["type"] == "value_error":
            seen.add(path)
            yield error


def _without(value: Any, paths: list[Path]) -> Any:
    """The value without what stands at the paths."""
    children = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    dropped = {path[0] for path in paths if len(path) == 1}
    kept = {
        step: _without(child, [path[1:] for path in paths if len(path) > 1 and path[0] == step])
        for step, child in children
        if step not in dropped
    }
    if isinstance(value, list):
        return list(kept.values())
    return kept if isinstance(value, dict) else value
