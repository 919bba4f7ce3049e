"""A YAML file as a tree that remembers where everything stands."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

SECRET_WORD = re.compile(
    r"passw|passphrase|secret|token|api_?key|private_?key|credential|(^|_)pwd($|_)|(^|_)pin($|_)", re.IGNORECASE
)
"""What a key is called that holds a secret."""

Scalar = str | int | float | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]
Path = tuple[str | int, ...]


class Mark(NamedTuple):
    """Line and column of one character, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Node:
    """One value of a file and its place; `keys` holds the places of a mapping's keys."""

    mark: Mark
    value: "Scalar | tuple[Node, ...] | dict[str, Node]"
    keys: dict[str, Mark] = field(default_factory=dict)
    size: int = 1
    """Values in this tree once every anchor is written out."""

    def mapping(self) -> "dict[str, Node]":
        """The entries of a mapping; nothing for any other value."""
        return self.value if isinstance(self.value, dict) else {}

    def children(self) -> "dict[str | int, Node]":
        """The entries of a mapping or a list, by key or position."""
        if isinstance(self.value, tuple):
            return dict(enumerate(self.value))
        return {key: child for key, child in self.mapping().items()}  # noqa: C416 - the keys widen to str | int


def plain(node: Node) -> Plain:
    """The value without its places."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(child) for child in node.value]
    return node.value


def locate(node: Node, path: Path, at_key: bool = False) -> Mark:
    """The place of the value at `path`, or of its key; of the nearest thing above when it is not there."""
    mark = node.mark
    for step in path:
        children = node.children()
        if step not in children:
            return mark
        key_mark = node.keys.get(step) if isinstance(step, str) else None
        node = children[step]
        mark = key_mark if key_mark and at_key else node.mark
    return mark


def may_be_secret(path: Path) -> bool:
    """Whether a mistaken value at this path may be a secret itself, so that no message may repeat it."""
    return any(isinstance(step, str) and (step == "to" or SECRET_WORD.search(step)) for step in path)


def dotted(path: Path) -> str:
    """The path as people write it: `jobs.rotate-logs.command.0`."""
    return ".".join(str(step) for step in path)
