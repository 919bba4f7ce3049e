"""Texts with labels in them: `{name} on {host}`. A label that is absent is an empty one; a brace itself is doubled."""

import re
from collections.abc import Iterator
from functools import lru_cache

from models.rules.matchers import Labels

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<label>[^{}]+)\}|[{}]|[^{}]+")
_MOST_KEPT = 1_000

Piece = tuple[str, bool]
"""A text, and whether it names a label."""


def fill(template: str, labels: Labels) -> str:
    """The text with the labels in their places. Raises ValueError for one that cannot be read."""
    return "".join([labels.get(text, "") if is_label else text for text, is_label in _pieces(template)])


def labels_in(template: str) -> list[str]:
    """The labels that a text asks for. Raises ValueError for a text that cannot be read."""
    return [text for text, is_label in _pieces(template) if is_label]


@lru_cache(maxsize=_MOST_KEPT)
def _pieces(template: str) -> tuple[Piece, ...]:
    return tuple(_read(template))


def _read(template: str) -> Iterator[Piece]:
    for found in _PIECE.finditer(template):
        if found["label"]:
            yield found["label"], True
        elif found[0] in ("{", "}"):
            raise ValueError(f'"{template[:200]}": a label stands in braces, like {{host}}; a brace itself is doubled')
        else:
            yield found[0][:1] if found[0] in ("{{", "}}") else found[0], False
