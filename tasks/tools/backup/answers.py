"""What a restored copy answered to one expectation, in words for people."""

import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

from models.rules.durations import format_duration
from models.rules.figure_words import age_text
from models.site.backups import Expectation

MOST_LINKS = 40
SHOWN_CHARACTERS = 200
MILLISECONDS_FROM = 100_000_000_000
"""A larger number is no time in seconds (the year 5138), but one in milliseconds."""


@dataclass(frozen=True)
class Answer:
    """In words for people, and whether it is what was expected."""

    text: str
    is_good: bool


class QueryFailed(Exception):
    """A query gave no single value; the message says why."""


@dataclass(frozen=True)
class OpenedCopy:
    """A restored database: what its opening said, and who answers queries."""

    answer: Answer
    ask: Callable[[str], object]
    """The one value that a query gives. Raises QueryFailed."""


def is_inside(copy: Path, path: str) -> bool:
    """Is this path in the copy? Its links lead where they led at the source; none leads out of the copy."""
    rest = _parts(path)[::-1]
    here: list[str] = []
    links = 0
    while rest:
        part = rest.pop()
        if part == "..":
            del here[-1:]  # as above the root: it stays there
            continue
        found = copy.joinpath(*here, part)
        try:
            mode = found.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not stat.S_ISLNK(mode):
            here.append(part)
            continue
        links += 1
        if links > MOST_LINKS:
            return False
        target = str(found.readlink())
        here = [] if target.startswith("/") else here
        rest += _parts(target)[::-1]
    return True


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def answer_of(expected: Expectation, query: str, copy: OpenedCopy, taken_at: datetime) -> Answer:
    """What the copy answers to a query of the plan, measured against what the plan expects of it."""
    shown = " ".join(query.split())
    shown = shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}..."
    if not copy.answer.is_good:
        return Answer(f"{shown} was not asked: there is nothing to ask", False)
    try:
        value = copy.ask(query)
    except QueryFailed as failure:
        return Answer(f"{shown} {failure}", False)
    if expected.newer_than is not None:
        moment = _moment(value)
        if moment is None:
            return Answer(f"{shown} gave {_shown(value)}, which is no time", False)
        age = taken_at - moment
        side = "before" if moment <= taken_at else "after"
        words = f"{moment:%Y-%m-%d %H:%M:%S} UTC, {age_text(age)} {side} the point was taken"
        limit = format_duration(expected.newer_than)
        return Answer(f"{shown} gave {words}; at most {limit}", age <= expected.newer_than)
    number, at_least = _number(value), expected.at_least or 0
    if number is None:
        return Answer(f"{shown} gave {_shown(value)}, which is no number", False)
    return Answer(f"{shown} gave {number:,}; at least {at_least:,.15g}", number >= at_least)


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:SHOWN_CHARACTERS]


def _number(value: object) -> int | float | Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        return None if value != value else value  # noqa: PLR0124  # a NaN is no number, and above nothing
    try:
        number = Decimal(str(value).strip())
    except ArithmeticError:
        return None
    return None if number.is_nan() else number


def _moment(value: object) -> datetime | None:
    """A time as databases give it: a timestamp, a date, ISO 8601, or seconds since 1970; without a zone it is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            value = _number(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(tzinfo=UTC))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        seconds = float(value) / 1000 if value >= MILLISECONDS_FROM else float(value)
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    return None
