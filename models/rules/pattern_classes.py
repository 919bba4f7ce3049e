"""Sets of characters of a pattern, as ranges of code points: in order, apart from each other.

The named sets are RE2's: ASCII only, and `\\s` without the vertical tab.
"""

from collections.abc import Iterable, Sequence

Span = tuple[int, int]
Spans = tuple[Span, ...]

LAST = 0x10FFFF
EVERY: Spans = ((0, LAST),)
NOT_NEWLINE: Spans = ((0, 9), (11, LAST))
# Letters outside ASCII that RE2 takes for an ASCII letter when case is ignored: the long s and the Kelvin sign.
_LIKE_ASCII = {0x17F: "sS", 0x212A: "kK"}


def joined(spans: Iterable[Span]) -> Spans:
    """The same characters, in order, with what overlaps or touches made one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def inverted(spans: Sequence[Span]) -> Spans:
    """Every other character; `spans` are in order."""
    found, begin = [], 0
    for first, last in spans:
        if begin < first:
            found.append((begin, first - 1))
        begin = last + 1
    return (*found, (begin, LAST)) if begin <= LAST else tuple(found)


def holds(spans: Sequence[Span], code: int) -> bool:
    """Whether the character with this code point is one of them."""
    return any(first <= code <= last for first, last in spans)


def folded(spans: Spans) -> Spans:
    """The characters in either case. Raises ValueError for letters outside ASCII: their pairs differ by version."""
    found = list(spans)
    for first, last in spans:
        if last > 0x7F and not (first == last and _is_caseless(chr(first))):
            raise ValueError("(?i) goes with ASCII letters only: write both letters, such as [äÄ]")
        ascii_letters = [chr(code) for code in range(first, min(last, 0x7F) + 1) if chr(code).isalpha()]
        found += [(ord(letter.swapcase()), ord(letter.swapcase())) for letter in ascii_letters]
        found += [(code, code) for code, alike in _LIKE_ASCII.items() if any(sign in alike for sign in ascii_letters)]
    return joined(found)


def _is_caseless(sign: str) -> bool:
    return sign.lower() == sign == sign.upper() == sign.casefold()


def _of(*parts: str) -> Spans:
    """The characters that the parts name: one each, or the first and the last of a range."""
    return joined((ord(part[0]), ord(part[-1])) for part in parts)


PERL: dict[str, Spans] = {
    "d": _of("09"),
    "s": _of("\t\n", "\f\r", " "),
    "w": _of("09", "AZ", "_", "az"),
}
POSIX: dict[str, Spans] = {
    "alnum": _of("09", "AZ", "az"),
    "alpha": _of("AZ", "az"),
    "ascii": _of("\x00\x7f"),
    "blank": _of("\t", " "),
    "cntrl": _of("\x00\x1f", "\x7f"),
    "digit": _of("09"),
    "graph": _of("!~"),
    "lower": _of("az"),
    "print": _of(" ~"),
    "punct": _of("!/", ":@", "[`", "{~"),
    "space": _of("\t\r", " "),
    "upper": _of("AZ"),
    "word": _of("09", "AZ", "_", "az"),
    "xdigit": _of("09", "AF", "af"),
}
