"""What a pattern cannot do without: texts that every value has in it that matches."""

from collections.abc import Iterator

from models.rules.pattern_syntax import Assertion, Chars, Part, Repeat, Sequence, read_pattern

_ANYTHING = ""


def pieces_of(text: str) -> tuple[str, ...]:
    """`shop-.*[0-9]x` has `shop-` and `x`; what may be left out, or is one of several, is none. Raises PatternError."""
    pieces = [""]
    for sign in _signs(read_pattern(text)):
        if sign is _ANYTHING:
            pieces.append("")
        else:
            pieces[-1] += sign
    return tuple(piece for piece in pieces if piece)


def _signs(part: Part) -> Iterator[str]:
    """The signs that stand one after the other, and _ANYTHING where others may be between them."""
    if isinstance(part, Sequence):
        for piece in part.parts:
            yield from _signs(piece)
    elif isinstance(part, Repeat) and part.least:
        yield _ANYTHING
        yield from _signs(part.part)
        yield _ANYTHING
    elif isinstance(part, Chars) and len(part.spans) == 1 and part.spans[0][0] == part.spans[0][1]:
        yield chr(part.spans[0][0])
    elif not isinstance(part, Assertion):
        yield _ANYTHING
