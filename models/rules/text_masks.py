"""What varies in a text from a machine, and the words that are left: numbers, hosts, addresses, paths, times, ids.

"disk full on web01: 97 % of /srv/x" and "disk full on web02: 99 % of /srv/y" say the same. A mask names what stood
there; the words are what is compared.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

_JOINED = r"[\w.-]*\d[\w.-]*"
# A thing with a digit in it starts where no word is under way, so that no long word is read again from its middle.
_VARIES = (
    r"<[a-z]+>"
    r"|(?<!\w)\w+://\S+"
    r"|(?<![\w.>-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?!\w)"
    r"|(?<![\w.>\\/-])(?:[a-z]:)?[\\/][^\s,;()'\"]*"
    rf"|(?<![\w.-]){_JOINED}(?::{_JOINED})*%?"
)
_VARIABLE = re.compile(_VARIES)
_WORDS = re.compile(rf"{_VARIES}|([^\W\d_]+)")
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
_NAMES = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("path", r"(?:\w+:/|[a-z]:[\\/]|[\\/]).*"),
        ("address", r"\d+(?:\.\d+){3}(?::\d+)?|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}"),
        ("time", rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}(?:[t_-]{_TIME}(?:z|[+-]\d{{1,2}}(?::?\d{{2}})?)?)?|{_TIME}z?"),
        ("hex", r"0x[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=.*[a-f])[0-9a-f]{7,}"),
        ("number", r"[.-]?\d+(?:[.,:-]\d+)*[.-]?(?:%|[munk]?s|min|h|d|[kmgtp]?i?b?)?\.?"),
    )
)
_ELSE = "name"
"""Letters with digits between them: a host, a key, a code."""


def masked(text: str) -> str:
    """The text in small letters with `<number>`, `<path>`, `<address>`, `<time>`, `<hex>`, `<name>` for what varies."""
    return _VARIABLE.sub(_mask, text.lower())


def words_of(text: str) -> list[str]:
    """The words of a text in its order, in small letters, without what varies and without marks."""
    words: list[str] = []
    for token in text.lower().split():
        # Most are plain words, and nothing that varies has a space in it.
        if token.isalpha():
            words.append(token)
        else:
            words += filter(None, _WORDS.findall(token))
    return words


def without_names(text: str, names: Sequence[str | None]) -> str:
    """The text without names that are known, such as its own host's."""
    for name in names:
        if name:
            text = _named(name).sub("<name>", text)
    return text


@lru_cache(maxsize=10_000)
def _named(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)


def _mask(found: re.Match[str]) -> str:
    said = found[0]
    if said[0] == "<":
        return said
    return next((f"<{name}>" for name, pattern in _NAMES if pattern.fullmatch(said)), f"<{_ELSE}>")
