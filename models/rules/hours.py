"""Hours of a day and own days, as a calendar file writes them."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE_DAY = ((timedelta(0), timedelta(hours=24)),)

# From local midnight of the day it starts on; the end is exclusive and may lie on the next day.
Span = tuple[timedelta, timedelta]

_CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$|^(24):(00)$", re.ASCII)
_SPAN_HINT = 'write it as "08:00-18:00", or "22:00-06:00" past midnight, or "00:00-24:00"'


@dataclass(frozen=True)
class OwnDay:
    """A day that differs from its weekday: its hours (none: closed; usual: those of the weekday) and why."""

    spans: tuple[Span, ...]
    usual: bool
    reason: str


def parse_span(text: str) -> Span:
    """One interval of the clock on the wall. An end at or before the start lies on the next day."""
    opens, dash, closes = text.strip().partition("-")
    start, end = _clock(opens.strip(), text), _clock(closes.strip(), text)
    if not dash or start == end or start == timedelta(hours=24):
        raise ValueError(f'"{text}" is not an interval; {_SPAN_HINT}')
    return start, end if end > start else end + timedelta(hours=24)


def parse_spans(texts: Iterable[str]) -> tuple[Span, ...]:
    """The intervals of one day in order. Raises ValueError when two of them overlap."""
    spans = sorted(parse_span(text) for text in texts)
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise ValueError(f"two intervals of one day overlap at {_show(start)}; join them")
    return tuple(spans)


def parse_week(hours: Mapping[str, Iterable[str]]) -> tuple[tuple[Span, ...], ...]:
    """Intervals for Monday to Sunday. Keys are `mon`, `mon-fri` or `sat, sun`; a day not named is closed."""
    week: list[tuple[Span, ...]] = [()] * 7
    named: set[int] = set()
    for key, texts in hours.items():
        spans = parse_spans(texts)
        for day in weekdays_of(key):
            if day in named:
                raise ValueError(f"{WEEKDAYS[day]} is given twice in the hours")
            named.add(day)
            week[day] = spans
    return tuple(week)


def weekdays_of(key: str) -> list[int]:
    """The weekdays that a key names, Monday is 0; a range may run over Sunday (`sat-mon`)."""
    days: list[int] = []
    for part in key.split(","):
        first, _, last = part.partition("-")
        start = _weekday(first)
        length = (_weekday(last) - start) % 7 + 1 if last else 1
        days.extend((start + step) % 7 for step in range(length))
    return days


def parse_own_day(text: str) -> OwnDay:
    """An own day: `closed`, `open` (as its weekday, holiday or not) or hours, then words that say why."""
    word, _, rest = text.strip().partition(" ")
    word, reason = word.rstrip(":,"), rest.strip()
    if word.lower() == "closed":
        return OwnDay((), False, reason or "closed that day")
    if word.lower() == "open":
        return OwnDay((), True, reason or "open that day")
    texts = [word]
    while re.match(r"^\d\d:\d\d-", reason):
        following, _, reason = reason.partition(" ")
        texts.append(following.rstrip(":,"))
    pieces = [piece for part in texts for piece in part.split(",")]
    try:
        return OwnDay(parse_spans(pieces), False, reason.strip() or f"own hours {', '.join(pieces)}")
    except ValueError as error:
        raise ValueError(f'"{text}" must begin with closed, open or hours: {error}') from None


def parse_own_date(key: date | str) -> date | tuple[int, int]:
    """The date of an own day: one date (2026-12-24), or (month, day) of each year (12-24)."""
    if isinstance(key, date):
        return date(key.year, key.month, key.day)
    try:
        if re.match(r"^\d\d-\d\d$", key, re.ASCII):
            leap = date(2000, int(key[:2]), int(key[3:]))
            return leap.month, leap.day
        return date.fromisoformat(key)
    except ValueError:
        raise ValueError(f'"{key}" is not a date; write 2026-12-24, or 12-24 for each year') from None


def _weekday(text: str) -> int:
    word = text.strip().lower()
    if word in WEEKDAYS:
        return WEEKDAYS.index(word)
    near = difflib.get_close_matches(word[:3], WEEKDAYS, 1, 0.6)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    raise ValueError(f'"{text.strip()}" is not a weekday; allowed: {", ".join(WEEKDAYS)}{hint}')


def _clock(text: str, whole: str) -> timedelta:
    match = _CLOCK.match(text)
    if match is None:
        raise ValueError(f'"{whole}" is not an interval; {_SPAN_HINT}')
    hour, minute = (match[1], match[2]) if match[1] else (match[3], match[4])
    return timedelta(hours=int(hour), minutes=int(minute))


def _show(clock: timedelta) -> str:
    minutes = int(clock.total_seconds()) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
