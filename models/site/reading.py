"""Reads one YAML file into a tree with places. Text, numbers, lists and mappings only: no tags, no objects.

Built on the parser's events, so that a hostile file is refused before anything is made of it (FAULTS S12):
the size, the depth and what anchors expand to are limited. YAML 1.2: `on` and `yes` are text.
"""

import math
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, Protocol

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from models.errors import Place
from models.site.tree import Mark, Node, Path, Scalar, dotted, may_be_secret

LARGEST_FILE_BYTES = 1024 * 1024
DEEPEST = 20
MOST_VALUES = 200_000
LONGEST_INTEGER = 18
PREFIX = "tag:yaml.org,2002:"
WORDS = {"true": True, "false": False}
SYNTAX_HINTS = {
    "mapping values are not allowed": "a colon too many here, or a wrong indent; text with a colon needs quotes",
    "unexpected end of stream": "a quote opens here and is never closed",
    "expected <block end>": "the indent does not fit the lines above",
    "could not find expected ':'": 'a key without ":" here or just above',
    "cannot start any token": "this character cannot start a value; put the text in quotes",
    "expected ',' or ']'": 'a list in [ ] lacks "," or "]" here',
    "expected ',' or '}'": 'a mapping in { } lacks "," or "}" here',
    "expected the node content": "a value is missing here",
}


class Marked(Protocol):
    """What the parser calls a mark: lines and columns counted from 0."""

    line: int
    column: int


class Unreadable(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, mark: Mark, path: Path, message: str) -> None:
        self.mark, self.path, self.message = mark, path, message
        super().__init__(message)


def read_tree(file: FilePath, shown: str) -> tuple[Node | None, list[Place]]:
    """The file's tree, and every fault of its form; `shown` is the name that people see."""
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        return None, [Place(shown, 1, 1, "file", f"cannot be read: {error.strerror}")]
    if len(data) > LARGEST_FILE_BYTES:
        return None, [Place(shown, 1, 1, "file", "is larger than 1 MiB, the most a site file may have")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        return None, [Place(shown, line, column, "file", "is not UTF-8 here; save the file as UTF-8")]
    return parse_tree(text, shown)


def parse_tree(text: str, shown: str) -> tuple[Node | None, list[Place]]:
    """The tree of a YAML text, and every fault of its form."""
    builder = Builder(text, shown)
    try:
        tree = builder.document()
    except Unreadable as error:
        builder.fault(error.mark, error.path, error.message)
        return None, builder.places
    except MarkedYAMLError as error:
        return None, [*builder.places, *_syntax(text, shown, error)]
    except YAMLError as error:  # a character that YAML forbids: no mark, but a position
        return None, [*builder.places, _forbidden_character(text, shown, error)]
    return tree, builder.places


class Builder:
    """Turns parser events into a tree, collecting faults on the way."""

    def __init__(self, text: str, shown: str) -> None:
        self.places: list[Place] = []
        self._shown = shown
        self._yaml = YAML(typ="safe", pure=True)
        self._events: Iterator[Any] = iter(self._yaml.parse(text))
        self._anchors: dict[str, Node] = {}
        self._values = 0

    def fault(self, mark: Mark, path: Path, message: str) -> None:
        """Notes one fault."""
        self.places.append(Place(self._shown, mark.line, mark.column, dotted(path) or "file", message))

    def document(self) -> Node | None:
        """The one document of the file; None with a fault when there is none. Raises Unreadable."""
        next(self._events)
        event = next(self._events)
        if not isinstance(event, DocumentStartEvent):
            self.fault(Mark(1, 1), (), "is empty")
            return None
        if event.version or event.tags:
            self.fault(Mark(1, 1), (), "%YAML and %TAG lines are not allowed; site files are plain YAML 1.2")
            return None
        tree = self._node(next(self._events), ())
        next(self._events)
        more = next(self._events)
        if isinstance(more, DocumentStartEvent):
            self.fault(_mark(more.start_mark), (), "a second document starts here; a site file has one")
        return tree

    def _node(self, event: NodeEvent, path: Path) -> Node:
        mark = _mark(event.start_mark)
        if len(path) > DEEPEST:
            raise Unreadable(mark, path[:3], f"is nested more than {DEEPEST} deep")
        if isinstance(event, AliasEvent):
            return self._alias(event, mark, path)
        tag = getattr(event, "ctag", None)
        if tag and str(tag) not in {f"{PREFIX}str", "!"}:
            self.fault(mark, path, f"the tag {_short_tag(str(tag))} is not allowed; write plain values without tags")
        if isinstance(event, ScalarEvent):
            node = Node(mark, self._scalar(event, mark, path))
        elif isinstance(event, SequenceStartEvent):
            node = self._sequence(mark, path)
        else:
            node = self._mapping(mark, path)
        self._count(1, mark, path)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: AliasEvent, mark: Mark, path: Path) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            self.fault(mark, path, f"*{event.anchor} names no finished anchor &{event.anchor} above it")
            return Node(mark, None)
        self._count(node.size, mark, path)
        return node

    def _count(self, values: int, mark: Mark, path: Path) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise Unreadable(mark, path, f"the file grows to more than {MOST_VALUES} values; use fewer aliases")

    def _sequence(self, mark: Mark, path: Path) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return Node(mark, tuple(items), size=1 + sum(item.size for item in items))

    def _mapping(self, mark: Mark, path: Path) -> Node:
        entries: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        merged: list[Node] = []
        while isinstance(event := next(self._events), NodeEvent):
            key_mark = _mark(event.start_mark)
            key = self._key(event, path)
            child = self._node(next(self._events), (*path, key))
            if key == "<<" and isinstance(event, ScalarEvent) and event.implicit[0]:
                merged.extend(self._merged(child, (*path, key)))
            elif key in entries:
                first = keys[key]
                self.fault(key_mark, (*path, key), f"duplicate key; it stands in line {first.line} already")
            else:
                entries[key], keys[key] = child, key_mark
        for source in merged:
            for key, child in source.mapping().items():
                if key not in entries:
                    entries[key], keys[key] = child, source.keys[key]
        return Node(mark, entries, keys, 1 + sum(child.size for child in entries.values()))

    def _key(self, event: NodeEvent, path: Path) -> str:
        mark = _mark(event.start_mark)
        if not isinstance(event, ScalarEvent):
            raise Unreadable(mark, path, "a key must be plain text, not a list, a mapping or an alias")
        return self._text(event.value, mark, (*path, event.value[:40]))

    def _merged(self, node: Node, path: Path) -> list[Node]:
        sources = list(node.value) if isinstance(node.value, tuple) else [node]
        if not all(isinstance(source.value, dict) for source in sources):
            self.fault(node.mark, path, "merges only mappings: <<: *anchor")
        return sources

    def _scalar(self, event: ScalarEvent, mark: Mark, path: Path) -> Scalar:
        text: str = event.value
        if not event.implicit[0]:
            return self._text(text, mark, path)
        tag = str(self._yaml.resolver.resolve(ScalarNode, text, event.implicit)).removeprefix(PREFIX)
        if tag == "null":
            return None
        if tag == "bool":
            return WORDS[text.lower()]
        if tag in {"int", "float"}:
            return self._number(text, mark, path)
        return self._text(text, mark, path)

    def _number(self, text: str, mark: Mark, path: Path) -> Scalar:
        """Decimal numbers as in JSON; anything else that YAML takes for a number is ambiguous to people."""
        try:
            number: int | float = int(text) if text.lstrip("+-").isdecimal() else float(text)
        except ValueError:
            number = math.nan
        leading_zero = len(text) > 1 and text.lstrip("+-")[:1] == "0" and text.isdecimal()
        if len(text) > LONGEST_INTEGER or leading_zero or "_" in text or not math.isfinite(number):
            shown = "this" if may_be_secret(path) else text[:40]
            example = "" if may_be_secret(path) else f': "{shown}"'
            self.fault(mark, path, f"{shown} is not a plain number; for text, write it in quotes{example}")
        return number if math.isfinite(number) else 0

    def _text(self, text: str, mark: Mark, path: Path) -> str:
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            self.fault(mark, path, "has a NUL or half a character, which no host and no database can store")
            return text.encode("utf-8", "replace").decode().replace("\0", "")
        return text


def _mark(mark: Marked) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _short_tag(tag: str) -> str:
    return f"!!{tag.removeprefix(PREFIX)}" if tag.startswith(PREFIX) else tag


def _syntax(text: str, shown: str, error: MarkedYAMLError) -> list[Place]:
    tabs = [
        Place(shown, number, line.index("\t") + 1, "file", "a tab; YAML indents with spaces only")
        for number, line in enumerate(text.split("\n"), start=1)
        if "\t" in line[: len(line) - len(line.lstrip())] and line.strip()
    ]
    problem = str(error.problem or "cannot be read")
    if tabs and "\\t" in problem:
        return tabs
    unfinished = "end of stream" in problem and error.context_mark
    mark = error.context_mark if unfinished else error.problem_mark or error.context_mark
    at = _mark(mark) if mark else Mark(1, 1)
    hint = next((words for part, words in SYNTAX_HINTS.items() if part in problem), problem)
    return [Place(shown, at.line, at.column, "file", f"is not YAML: {hint}")]


def _forbidden_character(text: str, shown: str, error: YAMLError) -> Place:
    position = int(getattr(error, "position", 0))
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return Place(shown, line, column, "file", "has a control character that YAML does not allow")
