"""A span that people count on the calendar: `1y2m3d4h`. Here `m` is months, as restic's --keep-within writes it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from models.rules.wall_clock import to_instant, wall_time

_PATTERN = r"^(?:\d{1,4}[ymdh])+$"
_PART = re.compile(r"(\d+)([ymdh])")
_ALLOWED = "write it as 2d, 6m, 1y or 1y2m3d4h (y years, m months, d days, h hours)"


@dataclass(frozen=True)
class CalendarSpan:
    """Years, months, days and hours, not yet a number of seconds: that depends on where they are counted from."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    def __str__(self) -> str:
        parts = ((self.years, "y"), (self.months, "m"), (self.days, "d"), (self.hours, "h"))
        return "".join(f"{count}{unit}" for count, unit in parts if count)

    def before(self, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """The instant that lies this span earlier; None when it would be before the first year.

        Source: Go's AddDate, which restic uses. Years and months first; a day that the month does not have runs over
        into the next one (one month before 31 October is 1 October). Hours are elapsed hours.
        """
        try:
            return self._on_the_calendar(instant, zone) - timedelta(hours=self.hours)
        except (OverflowError, ValueError):
            return None

    def _on_the_calendar(self, instant: datetime, zone: ZoneInfo) -> datetime:
        if not (self.years or self.months or self.days):
            return instant
        wall = wall_time(instant, zone)
        year, month = divmod((wall.year - self.years) * 12 + wall.month - 1 - self.months, 12)
        first = wall.replace(year=year, month=month + 1, day=1)
        return to_instant(first + timedelta(days=wall.day - 1 - self.days), zone)


def parse_calendar_span(value: object) -> CalendarSpan:
    """The span that a text such as `1y2m3d4h` names. Raises ValueError when it names none."""
    if isinstance(value, CalendarSpan):
        return value
    text = str(value).strip()
    parts = _PART.findall(text)
    units = [unit for _, unit in parts]
    if not re.match(_PATTERN, text, re.ASCII) or len(set(units)) < len(units):
        raise ValueError(f'"{text}" is not a span of the calendar; {_ALLOWED}')
    count = {unit: int(number) for number, unit in parts}
    span = CalendarSpan(count.get("y", 0), count.get("m", 0), count.get("d", 0), count.get("h", 0))
    if span == CalendarSpan():
        raise ValueError(f'"{text}" is no time at all; {_ALLOWED}, or leave it out')
    return span


class _CalendarSpanText:
    """Lets pydantic read a span from text, without importing pydantic here: a core schema is a dict."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> dict[str, Any]:
        return {
            "type": "function-plain",
            "function": {"type": "no-info", "function": parse_calendar_span},
            "serialization": {"type": "function-plain", "function": str, "when_used": "json"},
        }

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": _PATTERN, "examples": ["2d", "6m", "1y2m3d4h"]}


Span = Annotated[CalendarSpan, _CalendarSpanText()]
