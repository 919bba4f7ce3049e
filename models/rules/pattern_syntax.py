"""Reads the text of a pattern in the syntax of RE2, as Go's regexp package reads it.

What RE2 refuses is refused: look-around, back-references, possessive repeats. Refused beyond it are Unicode classes
(`\\pL`), which differ by version, letters outside ASCII where case is ignored, a name given twice, and a `)` too many,
by which a pattern would step out of its anchors. Everything else means what it means there; whether a text matches is
decided by `models.rules.patterns`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto

from models.rules.pattern_classes import EVERY, NOT_NEWLINE, PERL, Spans, folded, inverted
from models.rules.pattern_escapes import PatternError, Place, read_class, read_escape

LONGEST_PATTERN = 20_000
MOST_COPIES = 1_000
_DEEPEST = 60
_COUNTED = re.compile(r"\{(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\}", re.ASCII)
_FLAGS = re.compile(r"\(\?(?P<on>[imsU]*)(?:-(?P<off>[imsU]+))?(?P<end>[:)])")
_NAMED = re.compile(r"\(\?P<(?P<name>\w+)>", re.ASCII)


class Assertion(Enum):
    """What must be so between two characters."""

    TEXT_BEGINS = auto()
    TEXT_ENDS = auto()
    LINE_BEGINS = auto()
    LINE_ENDS = auto()
    WORD_EDGE = auto()
    NO_WORD_EDGE = auto()


@dataclass(frozen=True)
class Chars:
    """One character of a set."""

    spans: Spans


@dataclass(frozen=True)
class Sequence:
    """One part after the other."""

    parts: "tuple[Part, ...]"


@dataclass(frozen=True)
class Either:
    """One of several."""

    options: "tuple[Part, ...]"


@dataclass(frozen=True)
class Repeat:
    """The same part `least` to `most` times; None: without end."""

    part: "Part"
    least: int
    most: int | None


Part = Chars | Assertion | Sequence | Either | Repeat

_ASSERTIONS = {
    "A": Assertion.TEXT_BEGINS,
    "z": Assertion.TEXT_ENDS,
    "b": Assertion.WORD_EDGE,
    "B": Assertion.NO_WORD_EDGE,
}
_SIGNS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True)
class _Flags:
    ignore_case: bool = False
    lines: bool = False
    dot_is_all: bool = False


_FLAG_NAMES = {"i": "ignore_case", "m": "lines", "s": "dot_is_all"}


def read_pattern(text: str) -> Part:
    """The parts of a pattern. Raises PatternError with the column (from 1) and what is wrong there."""
    if len(text) > LONGEST_PATTERN:
        raise PatternError(LONGEST_PATTERN, f"a pattern has at most {LONGEST_PATTERN} characters")
    reader = _Reader(text)
    found = reader.alternatives()
    if not reader.place.ended:
        raise reader.place.error('")" has no "(" before it')
    return found


class _Reader:
    """Recursive descent: alternatives of sequences of repeated parts."""

    def __init__(self, text: str) -> None:
        self.place = Place(text)
        self.flags = _Flags()
        self.names: set[str] = set()
        self.depth = 0

    def alternatives(self) -> Part:
        options: list[Part] = []
        parts: list[Part] = []
        after_repeat = False
        while not self.place.ended and self.place.sign != ")":
            if self.place.sign == "|":
                self.place.at += 1
                options.append(_sequence(parts))
                parts, after_repeat = [], False
                continue
            counts = self._repeat(parts, after_repeat)
            after_repeat = counts is not None
            if counts is None:
                parts += self._parts()
        options.append(_sequence(parts))
        return options[0] if len(options) == 1 else Either(tuple(options))

    def _repeat(self, parts: list[Part], after_repeat: bool) -> tuple[int, int | None] | None:
        """Takes a repeat, when one is next, and puts it around the last part."""
        begin = self.place.at
        counts = self._counts()
        if counts is None:
            return None
        if self.place.sign == "?":
            self.place.at += 1  # lazy or greedy: the same texts match
        if after_repeat:
            raise self.place.error("a repeat cannot be repeated; put the first into (?:...)", begin)
        if not parts:
            raise self.place.error("there is nothing to repeat before this", begin)
        parts[-1] = Repeat(parts[-1], *counts)
        return counts

    def _counts(self) -> tuple[int, int | None] | None:
        if self.place.sign in _SIGNS:
            self.place.at += 1
            return _SIGNS[self.place.text[self.place.at - 1]]
        match = _COUNTED.match(self.place.text, self.place.at)
        if match is None:
            return None
        most_copies = len(str(MOST_COPIES))
        if any(len(number or "") > most_copies for number in (match[1], match[3])):
            raise self.place.error(f"at most {MOST_COPIES} times")
        least = int(match[1])
        most = int(match[3]) if match[3] else (None if match[2] else least)
        if max(least, most or 0) > MOST_COPIES:
            raise self.place.error(f"at most {MOST_COPIES} times")
        if most is not None and most < least:
            raise self.place.error("the second number must not be below the first")
        self.place.at = match.end()
        return least, most

    def _parts(self) -> list[Part]:
        """What stands here before a repeat: one part, but none for `(?i)` and several for `\\Q..\\E`."""
        sign = self.place.sign
        readers = {"(": self._group, "\\": self._escaped, "[": self._class}
        if sign in readers:
            return readers[sign]()
        self.place.at += 1
        signs: dict[str, Part] = {
            ".": Chars(EVERY if self.flags.dot_is_all else NOT_NEWLINE),
            "^": Assertion.LINE_BEGINS if self.flags.lines else Assertion.TEXT_BEGINS,
            "$": Assertion.LINE_ENDS if self.flags.lines else Assertion.TEXT_ENDS,
        }
        return [signs[sign] if sign in signs else self._literal(sign, self.place.at - 1)]

    def _class(self) -> list[Part]:
        return [Chars(self._set(lambda: read_class(self.place, self.flags.ignore_case)))]

    def _group(self) -> list[Part]:
        place, kept = self.place, self.flags
        flags = _FLAGS.match(place.text, place.at)
        if flags is not None:
            self._set_flags(flags["on"], flags["off"] or "")
            place.at = flags.end()
            if flags["end"] == ")":
                return []
        else:
            self._open_group()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise place.error(f"more than {_DEEPEST} groups inside each other")
        found = self.alternatives()
        if place.sign != ")":
            raise place.error('a "(" is not closed')
        place.at += 1
        self.depth -= 1
        self.flags = kept
        return [found]

    def _open_group(self) -> None:
        place = self.place
        named = _NAMED.match(place.text, place.at)
        if named is not None:
            if named["name"] in self.names:
                raise place.error(f'two groups are named "{named["name"]}"')
            self.names.add(named["name"])
            place.at = named.end()
        elif place.text.startswith("(?", place.at):
            raise place.error("after (? only : or i, m, s, U, or P<name>; RE2 has no look-around, so nor has this")
        else:
            place.at += 1

    def _set_flags(self, on: str, off: str) -> None:
        changes = {_FLAG_NAMES[sign]: True for sign in on if sign in _FLAG_NAMES}
        changes |= {_FLAG_NAMES[sign]: False for sign in off if sign in _FLAG_NAMES}
        self.flags = replace(self.flags, **changes)

    def _escaped(self) -> list[Part]:
        place = self.place
        letter = place.text[place.at + 1 : place.at + 2]
        if letter in _ASSERTIONS:
            place.at += 2
            return [_ASSERTIONS[letter]]
        if letter == "Q":
            quoted, ended, _ = place.text[place.at + 2 :].partition("\\E")
            if not ended:
                raise place.error("\\Q needs its \\E")
            literals: list[Part] = [self._literal(sign, place.at) for sign in quoted]
            place.at += 4 + len(quoted)
            return literals
        if letter and letter.lower() in PERL:
            place.at += 2
            spans = self._set(lambda: self._cased(PERL[letter.lower()]))
            return [Chars(inverted(spans) if letter.isupper() else spans)]
        begin = place.at
        return [self._literal(read_escape(place), begin)]

    def _literal(self, sign: str, begin: int) -> Chars:
        return Chars(self._set(lambda: self._cased(((ord(sign), ord(sign)),)), begin))

    def _cased(self, spans: Spans) -> Spans:
        return folded(spans) if self.flags.ignore_case else spans

    def _set(self, read: Callable[[], Spans], begin: int | None = None) -> Spans:
        begin = self.place.at if begin is None else begin
        try:
            return read()
        except PatternError:
            raise
        except ValueError as error:
            raise self.place.error(str(error), begin) from None


def _sequence(parts: list[Part]) -> Part:
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))
