"""Recurrence rules (RFC 5545 RRULE), expanded by dateutil on local wall time.

Only the frequency decides the clock: daily and longer rules name wall times; hourly and minutely ones are
elapsed time from their start, so they carry no BY... parts (a rule such as "at 9, 10 and 11" is daily with BYHOUR).
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from models.rules.wall_clock import to_instant, wall_time

_STEPS = {"HOURLY": timedelta(hours=1), "MINUTELY": timedelta(minutes=1)}
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", *_STEPS)
_LIMITS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
_PARTS = _LIMITS | {
    f"BY{part}" for part in ("MONTH", "MONTHDAY", "DAY", "YEARDAY", "WEEKNO", "SETPOS", "HOUR", "MINUTE")
}
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Elapsed:
    """An hourly or minutely rule as plain arithmetic: every step from the anchor to the last instant, if any."""

    anchor: datetime
    step: timedelta
    last: datetime | None


def parts_of(text: str) -> dict[str, str]:
    """The parts of a rule by name. Raises ValueError with what is allowed when it is not a usable rule."""
    line = text.strip().removeprefix("RRULE:").rstrip(";")
    parts: dict[str, str] = {}
    for piece in line.split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip().upper()
        if not equals or name not in _PARTS:
            raise ValueError(
                f'"{piece.strip()}" is not a part of an RRULE that is used here; allowed: {_names(_PARTS)}'
            )
        if name in parts:
            raise ValueError(f"{name} is given twice in the RRULE")
        parts[name] = value.strip().upper()
    _refuse_impossible(parts)
    return parts


def wall_times(text: str, start: datetime, first: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The wall times of a daily or longer rule at or after `first`, in order."""
    yield from _expanded(text, start, zone).at_or_after(first)


def elapsed_of(text: str, start: datetime, zone: ZoneInfo) -> Elapsed | None:
    """The arithmetic of an hourly or minutely rule; None when the rule names wall times."""
    parts = parts_of(text)
    step = _STEPS.get(parts["FREQ"])
    if step is None:
        return None
    step *= int(parts.get("INTERVAL", "1"))
    anchor = to_instant(start, zone)
    ends = []
    if "COUNT" in parts:
        ends.append(anchor + (int(parts["COUNT"]) - 1) * step)
    if "UNTIL" in parts:
        ends.append(to_instant(_local_end(parts["UNTIL"], zone), zone))
    return Elapsed(anchor, step, min(ends, default=None))


def check_rule(text: str, start: datetime, zone: ZoneInfo) -> None:
    """Raises ValueError when the rule cannot be expanded."""
    if elapsed_of(text, start, zone) is None:
        _compiled(text, start, zone)


def _names(words: set[str]) -> str:
    return ", ".join(sorted(words))


def _refuse_impossible(parts: dict[str, str]) -> None:
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise ValueError(f'FREQ="{frequency}" cannot be used; allowed: {", ".join(_FREQUENCIES)}')
    extra = set(parts) - _LIMITS
    if frequency in _STEPS and extra:
        raise ValueError(
            f"an {frequency} rule counts elapsed time and takes no {_names(extra)};"
            " write FREQ=DAILY with BYHOUR and BYMINUTE, or a cron line"
        )
    for name in ("INTERVAL", "COUNT"):
        if name in parts and not (parts[name].isascii() and parts[name].isdigit() and int(parts[name]) > 0):
            raise ValueError(f"{name}={parts[name]} must be a whole number above 0")
    months = _numbers(parts.get("BYMONTH", "")) or set(range(1, 13))
    days = {abs(day) for day in _numbers(parts.get("BYMONTHDAY", ""))}
    longest = max((_LONGEST_MONTH[month - 1] for month in months if 1 <= month <= 12), default=0)
    if days and min(days) > longest:
        raise ValueError("no month of the RRULE has such a day, so it would never be due")


def _numbers(text: str) -> set[int]:
    try:
        return {int(number) for number in text.split(",")} if text else set()
    except ValueError:
        raise ValueError(f'"{text}" must be whole numbers with commas between them') from None


def _local_end(text: str, zone: ZoneInfo) -> datetime:
    """UNTIL as wall time; `Z` means it was given in UTC, a bare date means the end of that day."""
    for shape in ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d"):
        try:
            end = datetime.strptime(text, shape)  # noqa: DTZ007 - the zone is the rule's own
        except ValueError:
            continue
        if shape.endswith("Z"):
            return wall_time(end.replace(tzinfo=ZoneInfo("UTC")), zone)
        return end + timedelta(days=1, seconds=-1) if shape == "%Y%m%d" else end
    raise ValueError(f"UNTIL={text} must be written as 20261231 or 20261231T235959 or with a Z for UTC")


class _Expanded:
    """The wall times of one rule as far as they were asked for, so that no question counts from its start again."""

    def __init__(self, rule: rrule) -> None:
        self._coming = iter(rule)
        self._known: list[datetime] = []
        self._one_at_a_time = Lock()

    def at_or_after(self, first: datetime) -> Iterator[datetime]:
        while (not self._known or self._known[-1] < first) and self._grow(len(self._known)):
            pass
        place = bisect_left(self._known, first)
        while place < len(self._known) or self._grow(place):
            yield self._known[place]
            place += 1

    def _grow(self, place: int) -> bool:
        """Whether there is a wall time at this place, after one more was worked out."""
        with self._one_at_a_time:
            if place == len(self._known):
                self._known.extend(islice(self._coming, 1))
            return place < len(self._known)


@lru_cache(maxsize=2048)
def _expanded(text: str, start: datetime, zone: ZoneInfo) -> _Expanded:
    return _Expanded(_compiled(text, start, zone))


def _compiled(text: str, start: datetime, zone: ZoneInfo) -> rrule:
    parts = parts_of(text)
    if "UNTIL" in parts:
        parts["UNTIL"] = _local_end(parts["UNTIL"], zone).strftime("%Y%m%dT%H%M%S")
    line = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        return cast(rrule, rrulestr(line, dtstart=start))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f'"{text}" is not a valid RRULE ({error})') from None
