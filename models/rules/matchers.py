"""Matchers on labels, as Alertmanager writes and reads them: for routes, silences and inhibition.

    severity="critical"      service!="shop"      host=~"web[0-9]+"      {team="db",cluster!~"test-.*"}

A pattern must match the whole value (models.rules.patterns). A label that is absent is an empty one, so that
`team!="db"` and `team=~".*"` hold without it. Quotes may be left out; `\\"`, `\\\\` and `\\n` stand for a quote, a
backslash and a new line. A label's name with one of the signs of the syntax goes in quotes too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from models.rules.pattern_escapes import PatternError
from models.rules.patterns import pattern_of

Labels = Mapping[str, str]
Test = Callable[[str], bool]

_BLANKS = " \t\n\r\f"
_NAME = r"[^\s{}!=~,\\\"'`]+"
_MATCHER = re.compile(
    rf"""[{_BLANKS}]*(?:(?P<name>{_NAME})|"(?P<quoted>(?:[^"\\]|\\.)+)")[{_BLANKS}]*"""
    rf"""(?P<operator>=~|=|!=|!~)[{_BLANKS}]*(?P<value>.*?)[{_BLANKS}]*""",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}
_HINT = 'write it as name="value", with one of = != =~ !~'


class Operator(StrEnum):
    """How a value is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LIKE = "=~"
    NOT_LIKE = "!~"


@dataclass(frozen=True)
class Matcher:
    """What one label must be. Raises ValueError for a pattern that cannot be used."""

    name: str
    operator: Operator
    value: str
    test: Test = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a matcher names a label")
        try:
            object.__setattr__(self, "test", _test(self.operator, self.value))
        except PatternError as error:
            raise ValueError(f'"{self.value[:200]}" is not a pattern for {self.name}: {error}') from None

    def __str__(self) -> str:
        name = self.name if re.fullmatch(_NAME, self.name) else f'"{_escaped(self.name)}"'
        return f'{name}{self.operator.value}"{_escaped(self.value)}"'


Matchers = tuple[Matcher, ...]


def parse_matchers(text: str) -> Matchers:
    """The matchers of a text, none for an empty one. Raises ValueError for what cannot be understood."""
    inner = text.strip(_BLANKS)
    if inner.startswith("{") != inner.endswith("}") or inner == "{":
        raise ValueError(f"{_shown(text)}: the braces are not a pair; a value that ends with one goes in quotes")
    if inner.startswith("{"):
        inner = inner[1:-1]
    return tuple(_parse_matcher(part) for part in _parts(inner))


def parse_all(texts: Iterable[str]) -> Matchers:
    """The matchers of several texts; all of them must hold."""
    return tuple(matcher for text in texts for matcher in parse_matchers(text))


def matching(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all the matchers hold for these labels; without a matcher they do."""
    for matcher in matchers:  # noqa: SIM110 - asked for each event and rule: a generator takes twice as long
        if not matcher.test(labels.get(matcher.name, "")):
            return False
    return True


def show_matchers(matchers: Iterable[Matcher]) -> str:
    """The matchers as Alertmanager shows them: `{a="b",c=~"d"}`, sorted."""
    return f"{{{','.join(sorted(map(str, matchers)))}}}"


def contradictions(matchers: Sequence[Matcher]) -> Iterator[str]:
    """One sentence for each label that no value can satisfy: such matchers never hold."""
    for name in dict.fromkeys(matcher.name for matcher in matchers):
        own = [matcher for matcher in matchers if matcher.name == name]
        for equal in own:
            against = [matcher for matcher in own if not matcher.test(equal.value)]
            if equal.operator is Operator.EQUAL and against:
                yield f"{equal} and {against[0]} cannot both hold"
                break


def _test(operator: Operator, value: str) -> Test:
    if operator is Operator.EQUAL:
        return value.__eq__
    if operator is Operator.NOT_EQUAL:
        return value.__ne__
    like = pattern_of(value).matches
    return like if operator is Operator.LIKE else lambda known: not like(known)


def _parts(text: str) -> list[str]:
    """The text between the commas outside of quotes; an empty last part is left out."""
    parts, begin, is_quoted, is_escaped = [], 0, False, False
    for place, sign in enumerate(text):
        if sign == "," and not is_quoted:
            parts.append(text[begin:place])
            begin = place + 1
        elif sign == '"' and not is_escaped:
            is_quoted = not is_quoted
        is_escaped = sign == "\\" and not is_escaped
    last = text[begin:].strip(_BLANKS)
    return [*parts, last] if last else parts


def _parse_matcher(text: str) -> Matcher:
    match = _MATCHER.fullmatch(text)
    if match is None:
        raise ValueError(f"{_shown(text)} is not a matcher; {_HINT}")
    name = match["name"] or _unescaped(match["quoted"])
    value = match["value"]
    if value.startswith('"'):
        if not re.fullmatch(r'"(?:[^"\\]|\\.)*"', value, re.DOTALL):
            raise ValueError(f'{_shown(text)}: a quote is not closed, or one inside is not written as \\"')
        value = value[1:-1]
    elif re.search(r'(?<!\\)(?:\\\\)*"', value):
        raise ValueError(f'{_shown(text)}: a quote inside a value is written as \\"')
    return Matcher(name, Operator(match["operator"]), _unescaped(value))


def _unescaped(text: str) -> str:
    """A backslash before another sign stands for itself, so that patterns need no doubling."""
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), text, flags=re.DOTALL)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _shown(text: str) -> str:
    return f"`{text.strip()[:200]}`"
