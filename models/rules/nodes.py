"""Which hosts a job runs on: the node filter of site files and of `job show --on`.

    tag=web and not host=web3          attribute.site=ber or tag in (db, cache)
    host=web*                          host~=^web[0-9]+$          service=shop          *

`and` binds tighter than `or`; `!=` and `!~` are the negations of `=` and `~=`; a value with other characters than
letters, digits and . _ - : / * ? @ + goes in double quotes.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models.rules.node_tests import KEYS, attribute_of, value_test
from models.rules.node_words import FilterError, Word, words_of


@dataclass(frozen=True)
class Node:
    """What a filter may ask about a host. `rank` orders a rolling batch: lower first."""

    name: str
    tags: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    service: str | None = None
    rank: int = 0


Test = Callable[[Node], bool]

_DEEPEST = 50


@dataclass(frozen=True)
class Condition:
    """One `key = value` of a filter, for telling which values no host has."""

    key: str
    value: str
    column: int
    test: Test


@dataclass(frozen=True)
class NodeFilter:
    """A filter that was understood."""

    text: str
    test: Test
    conditions: tuple[Condition, ...]


def parse(text: str) -> NodeFilter:
    """The filter that a text means. Raises FilterError with the column (from 1) and what is allowed there."""
    reader = _Reader(text)
    test = reader.alternatives()
    reader.end()
    return NodeFilter(text, test, tuple(reader.conditions))


def matching(text: str, nodes: Iterable[Node]) -> list[str]:
    """The names of the hosts that a filter selects, in order of name. Raises FilterError."""
    test = parse(text).test
    return sorted(node.name for node in nodes if test(node))


def without_match(text: str, nodes: Sequence[Node]) -> list[str]:
    """One sentence for each condition of a filter that no host meets: most often a typing error."""
    sentences = []
    for condition in parse(text).conditions:
        if any(condition.test(node) for node in nodes):
            continue
        near = difflib.get_close_matches(condition.value, _known_values(condition.key, nodes), 1, 0.6)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        sentences.append(f"column {condition.column}: no host with {condition.key} {condition.value}{hint}")
    return sentences


def _known_values(key: str, nodes: Iterable[Node]) -> set[str]:
    return {value for node in nodes for value in _values(key, node)}


def _values(key: str, node: Node) -> tuple[str, ...]:
    attribute = attribute_of(key)
    if attribute is not None:
        return (node.attributes[attribute],) if attribute in node.attributes else ()
    if key == "tag":
        return tuple(node.tags)
    if key == "service":
        return (node.service,) if node.service is not None else ()
    return (node.name,)


class _Reader:
    """Recursive descent over the words: alternatives of sequences of terms."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = words_of(text)
        self.place = 0
        self.depth = 0
        self.conditions: list[Condition] = []

    def alternatives(self) -> Test:
        tests = [self._sequence()]
        while self._taken("or"):
            tests.append(self._sequence())
        return _any(tests)

    def end(self) -> None:
        word = self._peek()
        if word is not None:
            raise FilterError(word.column, f'"{word.text}" is not expected here; join conditions with and / or')

    def _sequence(self) -> Test:
        tests = [self._term()]
        while self._taken("and"):
            tests.append(self._term())
        return _all(tests)

    def _term(self) -> Test:
        negations = 0
        while self._taken("not"):
            negations += 1
        test = self._primary()
        return _not(test) if negations % 2 else test

    def _primary(self) -> Test:
        word = self._next("a condition such as tag=web")
        if word.text == "(" and not word.quoted:
            return self._parenthesis(word)
        if word.text in ("*", "all") and not word.quoted and not self._operator_follows():
            return lambda _: True
        return self._condition(word)

    def _parenthesis(self, opening: Word) -> Test:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise FilterError(opening.column, f"more than {_DEEPEST} parentheses inside each other")
        test = self.alternatives()
        self._expect(")")
        self.depth -= 1
        return test

    def _condition(self, key: Word) -> Test:
        name = key.text
        if name not in KEYS and attribute_of(name) is None:
            near = difflib.get_close_matches(name, [*KEYS, "attribute.NAME"], 1, 0.5)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise FilterError(key.column, f'"{name}" cannot be asked; allowed: {", ".join(KEYS)}, attribute.NAME{hint}')
        operator = self._next("one of = != ~= !~ in")
        if operator.text.lower() == "in" and not operator.quoted:
            return _any([self._compared(name, "=", value) for value in self._listed()])
        if operator.text not in ("=", "!=", "~=", "!~") or operator.quoted:
            raise FilterError(operator.column, f'"{operator.text}" must be one of = != ~= !~ in')
        return self._compared(name, operator.text, self._value())

    def _compared(self, key: str, operator: str, value: Word) -> Test:
        try:
            holds = value_test(operator.strip("!") if operator != "!~" else "~=", value)
        except ValueError as error:
            raise FilterError(value.column, str(error)) from None
        negated = operator.startswith("!")

        def positive(node: Node) -> bool:
            return any(holds(known) for known in _values(key, node))

        self.conditions.append(Condition(key, value.text, value.column, positive))
        return _not(positive) if negated else positive

    def _listed(self) -> list[Word]:
        self._expect("(")
        values = [self._value()]
        while self._taken(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> Word:
        word = self._next("a value")
        if word.is_sign:
            raise FilterError(word.column, f'a value is expected here, not "{word.text}"; quote it if it is one')
        return word

    def _peek(self) -> Word | None:
        return self.words[self.place] if self.place < len(self.words) else None

    def _operator_follows(self) -> bool:
        word = self._peek()
        return word is not None and word.text in ("=", "!=", "~=", "!~")

    def _taken(self, text: str) -> bool:
        word = self._peek()
        if word is None or word.quoted or word.text.lower() != text:
            return False
        self.place += 1
        return True

    def _next(self, expected: str) -> Word:
        word = self._peek()
        if word is None:
            raise FilterError(len(self.text) + 1, f"the filter ends where {expected} is expected")
        self.place += 1
        return word

    def _expect(self, text: str) -> None:
        word = self._next(f'"{text}"')
        if word.text != text or word.quoted:
            raise FilterError(word.column, f'"{text}" is expected here, not "{word.text}"')


def _any(tests: Sequence[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda node: any(test(node) for test in tests)


def _all(tests: Sequence[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda node: all(test(node) for test in tests)


def _not(test: Test) -> Test:
    return lambda node: not test(node)
