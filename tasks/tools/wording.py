"""Words for people: times in the site's zone, durations, shares, run numbers; and text made harmless."""

import dataclasses
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from models.records import run_number
from models.rules.restore_points import short_key
from models.rules.wall_clock import with_times

Kept = TypeVar("Kept")
NO_DATA = "no data"
ENOUGH = 10
"""Fewer things than this get no percentage."""

TEXT_WIDTH = 72
SPACES = re.compile(r"\s+")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Counted(Protocol):
    """A figure: so many of so many."""

    @property
    def number(self) -> int: ...
    @property
    def of(self) -> int | None: ...


def harmless(text: str) -> str:
    """One line in which nothing acts on a terminal or turns the reading direction: `\\x1b` is shown, not sent."""
    line = SPACES.sub(" ", text.strip())
    if line.isascii() and line.isprintable():
        return line
    return "".join(shown(sign) for sign in line)


def shown(sign: str) -> str:
    """A character that prints as itself, or its code: controls, direction marks, surrogates, private and unassigned."""
    if sign == " " or not unicodedata.category(sign).startswith(("C", "Z")) or sign == "\N{ZERO WIDTH JOINER}":
        return sign
    code = ord(sign)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def cleaned(value: Kept, say: Callable[[str], str] = harmless) -> Kept:
    """The same value with every text in it, however deep, as `say` says it: at least made harmless."""
    return _clean(value, say)  # type: ignore[no-any-return]  # the walk keeps each value's type


def _clean(value: Any, say: Callable[[str], str]) -> Any:
    if type(value) is str:
        return say(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _clean(getattr(value, field.name), say) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    if isinstance(value, Mapping):
        return {_clean(key, say): _clean(item, say) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_clean(item, say) for item in value)
    return value


class Clock:
    """Says times in one zone."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def in_full(self, instant: datetime) -> str:
        """Sat 21 Nov 2026, 06:00 CET."""
        local = instant.astimezone(self._zone)
        return f"{WEEKDAYS[local.weekday()]} {_day(local)} {local.year}, {local:%H:%M} {local.tzname()}"

    def briefly(self, instant: datetime) -> str:
        """21 Nov 06:00."""
        local = instant.astimezone(self._zone)
        return f"{_day(local)} {local:%H:%M}"

    def text(self, text: str) -> str:
        """A text made harmless, the instants in it said in this zone."""
        return with_times(harmless(text), self.briefly)

    def day(self, instant: datetime) -> str:
        """Sat 21 Nov 2026."""
        local = instant.astimezone(self._zone)
        return f"{WEEKDAYS[local.weekday()]} {_day(local)} {local.year}"

    def machine(self, instant: datetime) -> str:
        """2026-11-21T06:00:00+01:00."""
        return instant.astimezone(self._zone).isoformat(timespec="seconds")


def _day(moment: date) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]}"


def day_of_strip(day: date) -> str:
    """Sat 21 Nov."""
    return f"{WEEKDAYS[day.weekday()]} {_day(day)}"


def span(length: timedelta) -> str:
    """How long, in at most two units: 0.4 s, 12 s, 1 min 04 s, 2 h 05 min, 3 d 2 h."""
    seconds = length.total_seconds()
    if seconds < 0:
        return f"-{span(-length)}"
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds else "0 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s" if whole % 60 else f"{whole // 60} min"
    if whole < 86_400:
        minutes = whole // 60
        return f"{minutes // 60} h {minutes % 60:02d} min" if minutes % 60 else f"{minutes // 60} h"
    hours = whole // 3600
    return f"{hours // 24} d {hours % 24} h" if hours % 24 else f"{hours // 24} d"


def share(count: Counted) -> str:
    """`93 % (38 of 41)`; below ten things `3 of 4`; of nothing `no data`. 0 % and 100 % mean none and all."""
    if not count.of:
        return NO_DATA
    if count.of < ENOUGH:
        return f"{count.number} of {count.of}"
    percent = round(100 * count.number / count.of)
    if 0 < count.number < count.of:
        percent = min(max(percent, 1), 99)
    return f"{percent} % ({count.number} of {count.of})"


def percent(part: float) -> str:
    """99.4 %, of a part from 0 to 1; 0 % and 100 % mean none and all."""
    rounded = round(100 * part, 1)
    if 0 < part < 1:
        rounded = min(max(rounded, 0.1), 99.9)
    return f"{rounded:g} %"


def short(key: str) -> str:
    """A restore point's key as people see it."""
    return short_key(key)


def several(number: int, noun: str, nouns: str | None = None) -> str:
    """1 run, 3 runs."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def run_numbers(keys: Iterable[int], most: int = 6) -> str:
    """RUN000003 to RUN000007, RUN000012; the first few of them."""
    return _listed([_range(first, last) for first, last in _ranges(sorted(set(keys)))], most)


def slot_numbers(keys: Iterable[int], most: int = 6) -> str:
    """slots 3 to 7, 12."""
    ranges = [(first, last) for first, last in _ranges(sorted(set(keys)))]
    return _listed([f"slot {first}" if first == last else f"slots {first} to {last}" for first, last in ranges], most)


def _range(first: int, last: int) -> str:
    return run_number(first) if first == last else f"{run_number(first)} to {run_number(last)}"


def _ranges(keys: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbours joined: 3, 4, 5, 9 are 3 to 5, and 9."""
    if not keys:
        return
    first = keys[0]
    for key, following in pairwise([*keys, keys[-1] + 2]):
        if following != key + 1:
            yield first, key
            first = following


def some(words: Iterable[str], most: int = 5) -> str:
    """web1, web2 and 3 more."""
    return _listed(list(words), most)


def _listed(words: list[str], most: int) -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def cut(text: str, most: int) -> str:
    """The text, or its beginning and three dots."""
    return text if len(text) <= most else f"{text[: most - 3].rstrip()}..."


def wrapped(text: str, indent: int = 0, most: int = 600) -> str:
    """The text, cut at `most`, in lines of at most 72; each after the first is indented, the caller indents that."""
    lines = textwrap.wrap(cut(" ".join(text.split()), most), TEXT_WIDTH - indent, break_on_hyphens=False)
    return ("\n" + " " * indent).join(lines)
