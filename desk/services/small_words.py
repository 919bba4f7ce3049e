"""Small words: what was probably meant, and how many."""

import difflib
from collections.abc import Iterable


def hint(word: str, known: Iterable[str]) -> str:
    """`; did you mean "night"?`, or nothing."""
    near = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def several(number: int, noun: str) -> str:
    """1 run, 3 runs, 12,000 runs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
