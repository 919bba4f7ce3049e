"""The words of a node filter, each with its column."""

import re
from dataclasses import dataclass

LONGEST_FILTER = 2000
_SIGNS = ("!=", "!~", "~=", "=", "(", ")", ",")
_WORD = re.compile(
    r"""\s*(?:(?P<sign>!=|!~|~=|=|\(|\)|,)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[\w.\-:/*?@+]+))""", re.ASCII
)
# A pattern after ~= runs to the next space or closing parenthesis outside brackets, so that it needs no quotes.
_PATTERN = re.compile(r"""\s*(?!")(?P<pattern>(?:\\.|\[(?:\\.|[^\]\\])*\]|\((?:\\.|[^()\\])*\)|[^\s()\[\]\\])+)""")


class FilterError(ValueError):
    """A node filter cannot be understood: where (column from 1) and what is allowed there."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        self.message = message
        super().__init__(f"column {column}: {message}")


@dataclass(frozen=True)
class Word:
    """One word or sign, where it begins, and whether it stood in quotes."""

    text: str
    column: int
    quoted: bool = False

    @property
    def is_sign(self) -> bool:
        """Whether it is an operator, a parenthesis or a comma."""
        return not self.quoted and self.text in _SIGNS


def words_of(text: str) -> list[Word]:
    """The words of a filter. Raises FilterError for a character that has no place in one."""
    if len(text) > LONGEST_FILTER:
        raise FilterError(LONGEST_FILTER + 1, f"a filter has at most {LONGEST_FILTER} characters")
    words: list[Word] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _next_match(text, place, after_pattern_sign=bool(words) and words[-1].text in ("~=", "!~"))
        words.append(_word(match))
        place = match.end()
    return words


def _next_match(text: str, place: int, *, after_pattern_sign: bool) -> re.Match[str]:
    match = _PATTERN.match(text, place) if after_pattern_sign else None
    match = match or _WORD.match(text, place)
    if match is None:
        column = place + len(text[place:]) - len(text[place:].lstrip()) + 1
        what = "a quote is not closed" if text[column - 1] == '"' else f'"{text[column - 1]}" must be in quotes'
        raise FilterError(column, what)
    return match


def _word(match: re.Match[str]) -> Word:
    kind = match.lastgroup or ""
    found, column = match[kind], match.start(kind) + 1
    if kind == "quoted":
        return Word(re.sub(r"\\(.)", r"\1", found), column - 1, quoted=True)
    # A pattern is never read as a word of the language, whatever it says.
    return Word(found, column, quoted=kind == "pattern")
