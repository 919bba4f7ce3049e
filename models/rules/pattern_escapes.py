"""One sign of a pattern after a backslash, and one set in square brackets, as RE2 reads them."""

import re
from dataclasses import dataclass

from models.rules.pattern_classes import LAST, PERL, POSIX, Spans, folded, inverted, joined

_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEXADECIMAL = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})")
_POSIX = re.compile(r"\[:(\^?)([^\]:]*):\]")


class PatternError(ValueError):
    """A pattern cannot be used: where (column from 1) and why."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        self.message = message
        super().__init__(f"column {column}: {message}")


class Place:
    """How far a pattern has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def sign(self) -> str:
        """The next character; nothing at the end."""
        return self.text[self.at : self.at + 1]

    @property
    def ended(self) -> bool:
        """Whether all of it is read."""
        return self.at >= len(self.text)

    def error(self, message: str, at: int | None = None) -> PatternError:
        """What is wrong here, or at an earlier place."""
        return PatternError((self.at if at is None else at) + 1, message)


def read_escape(place: Place) -> str:
    """The character that a backslash and what follows it stand for."""
    begin, place.at = place.at, place.at + 1
    letter = place.sign
    if letter in _CONTROLS:
        place.at += 1
        return _CONTROLS[letter]
    if letter.isascii() and letter.isdigit():
        octal = _OCTAL.match(place.text, place.at)
        if octal is None:
            raise place.error("RE2 has no back-references", begin)
        place.at = octal.end()
        return chr(int(octal[0], 8))
    if letter == "x":
        return _hexadecimal(place, begin)
    if letter.isascii() and letter and not letter.isalnum():
        place.at += 1
        return letter
    raise place.error(f'"\\{letter}" means nothing here; a backslash itself is \\\\', begin)


def _hexadecimal(place: Place, begin: int) -> str:
    found = _HEXADECIMAL.match(place.text, place.at)
    code = int(found[1] or found[2], 16) if found else LAST + 1
    if found is None or code > LAST:
        raise place.error("write \\x41 or \\x{1F600}, at most \\x{10FFFF}", begin)
    place.at = found.end()
    return chr(code)


@dataclass(frozen=True)
class _Member:
    """What one member of a set adds; only a plain character can begin or end a range."""

    spans: Spans
    plain: bool


def read_class(place: Place, ignore_case: bool) -> Spans:
    """The characters of a set in square brackets, from its `[` on. Raises PatternError."""
    begin, place.at = place.at, place.at + 1
    negated = place.sign == "^"
    place.at += negated
    spans: list[tuple[int, int]] = []
    is_first = True
    while is_first or place.sign != "]":
        if place.ended:
            raise place.error('a "[" is not closed', begin)
        spans += _member_or_range(place, ignore_case)
        is_first = False
    place.at += 1
    found = joined(spans)
    return inverted(found) if negated else found


def _member_or_range(place: Place, ignore_case: bool) -> Spans:
    begin = place.at
    low = _member(place, ignore_case)
    following = place.text[place.at + 1 : place.at + 2]
    if not low.plain or place.sign != "-" or following in ("]", ""):
        return _cased(low.spans, ignore_case) if low.plain else low.spans
    place.at += 1
    high = _sign_of_class(place)
    if ord(high) < low.spans[0][0]:
        raise place.error("a range goes from the lower to the higher character", begin)
    return _cased(((low.spans[0][0], ord(high)),), ignore_case)


def _member(place: Place, ignore_case: bool) -> _Member:
    posix = _POSIX.match(place.text, place.at)
    if posix is not None:
        if posix[2] not in POSIX:
            raise place.error(f"[:{posix[2]}:] is no set; there are {', '.join(POSIX)}")
        place.at = posix.end()
        return _named(POSIX[posix[2]], bool(posix[1]), ignore_case)
    letter = place.text[place.at + 1 : place.at + 2] if place.sign == "\\" else ""
    if letter and letter.lower() in PERL:
        place.at += 2
        return _named(PERL[letter.lower()], letter.isupper(), ignore_case)
    sign = _sign_of_class(place)
    return _Member(((ord(sign), ord(sign)),), plain=True)


def _named(spans: Spans, negated: bool, ignore_case: bool) -> _Member:
    cased = _cased(spans, ignore_case)
    return _Member(inverted(cased) if negated else cased, plain=False)


def _sign_of_class(place: Place) -> str:
    if place.sign == "\\":
        return read_escape(place)
    place.at += 1
    return place.text[place.at - 1]


def _cased(spans: Spans, ignore_case: bool) -> Spans:
    return folded(spans) if ignore_case else spans
