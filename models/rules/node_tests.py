"""What one condition of a node filter asks of a value."""

import re
from collections.abc import Callable
from fnmatch import translate

from models.rules.node_words import Word

KEYS = ("host", "tag", "service")
LONGEST_PATTERN = 200
_MOST_REPEATS = 3
_ATTRIBUTE = re.compile(r"^attribute\.([A-Za-z0-9_][A-Za-z0-9_.-]*)$", re.ASCII)
_ESCAPED_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


def attribute_of(key: str) -> str | None:
    """NAME of the key `attribute.NAME`; None for other keys."""
    match = _ATTRIBUTE.match(key)
    return match[1] if match else None


def value_test(operator: str, value: Word) -> Callable[[str], bool]:
    """Whether a value equals this one (`=`; * and ? outside quotes are wild cards) or contains its match (`~=`)."""
    if operator == "~=":
        pattern = _compiled(value.text)
        return lambda known: pattern.search(known) is not None
    if value.quoted or not ("*" in value.text or "?" in value.text):
        return lambda known: known == value.text
    wild = re.compile(translate(re.sub(r"\*+", "*", value.text)))
    return lambda known: wild.match(known) is not None


def _compiled(text: str) -> re.Pattern[str]:
    """The pattern, unless it is wrong or might take for ever on a long name."""
    bare = _ESCAPED_OR_CLASS.sub("x", text)
    if len(text) > LONGEST_PATTERN:
        raise ValueError(f"a pattern has at most {LONGEST_PATTERN} characters")
    if re.search(r"\)[*+{]", bare) or len(re.findall(r"[*+{]", bare)) > _MOST_REPEATS:
        raise ValueError(
            f"a pattern repeats no group and has at most {_MOST_REPEATS} of * + {{ (it could take for ever);"
            " use several conditions"
        )
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f'"{text}" is not a pattern: {error}') from None
