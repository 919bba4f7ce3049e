"""Values as files of kind `sla` write them: instants, numbers, and calendars with breaks and shifts."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from models.rules.calendars import Calendar
from models.rules.hours import WEEKDAYS
from models.rules.windows import Window
from tests.conformance.cases import VectorError, fields

_OPTIONAL = {"hours", "holidays", "annual", "breaks", "shifts"}


def instant(text: Any, where: str) -> datetime:
    """An instant with its offset. Raises VectorError for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise VectorError(f"{where}: {error}") from error
    if found.tzinfo is None:
        raise VectorError(f"{where}: {text} has no offset")
    return found.astimezone(UTC)


def number(value: Any, where: str) -> int:
    """A whole number. Raises VectorError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise VectorError(f"{where}: a whole number is expected, not {value!r}")
    return value


def read_calendar(value: Any, where: str, name: str = "") -> Calendar:
    """The calendar of the house that means the same. Raises VectorError for what cannot be said with one."""
    given = fields(value, where, {"tz"}, _OPTIONAL)
    hours = fields(given.get("hours", {}), f"{where}.hours", (), WEEKDAYS)
    try:
        return Calendar(
            name=name,
            timezone=given["tz"],
            hours={day: _spans(spans, f"{where}.hours.{day}") for day, spans in hours.items()},
            dates=dict(_own_days(given, where)),
            closures=tuple(_breaks(given.get("breaks", {}), f"{where}.breaks")),
        )
    except (TypeError, ValueError) as error:
        raise VectorError(f"{where}: {error}") from error


def _own_days(given: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Shifts replace the hours of a date; a holiday closes it, shift or not (as in biz)."""
    for day, spans in _named(given.get("shifts", {}), f"{where}.shifts"):
        yield date.fromisoformat(day).isoformat(), ",".join(_spans(spans, f"{where}.shifts.{day}")) or "closed"
    for month, day in given.get("annual", []):
        yield f"{month:02d}-{day:02d}", "closed"
    for day in given.get("holidays", []):
        yield date.fromisoformat(day).isoformat(), "closed"


def _breaks(value: Any, where: str) -> Iterator[Window]:
    for day, spans in _named(value, where):
        midnight = datetime.combine(date.fromisoformat(day), datetime.min.time())
        for start, end in _pairs(spans, f"{where}.{day}"):
            yield Window(starts=midnight + _clock(start), ends=midnight + _clock(end), reason="break")


def _named(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise VectorError(f"{where}: an object of dates is expected")
    yield from value.items()


def _spans(value: Any, where: str) -> tuple[str, ...]:
    return tuple(f"{start}-{end}" for start, end in _pairs(value, where))


def _pairs(value: Any, where: str) -> list[tuple[str, str]]:
    """`[["09:00", "12:00"], ...]`, one such pair alone, or `{"09:00": "12:00"}` as biz writes it."""
    pairs = list(value.items()) if isinstance(value, dict) else value
    if isinstance(pairs, list) and len(pairs) == 2 and all(isinstance(end, str) for end in pairs):
        pairs = [pairs]
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(end, str) for end in pair)
        for pair in pairs
    ):
        raise VectorError(f"{where}: pairs of times are expected, such as 09:00 and 17:00")
    return [(start, end) for start, end in pairs]


def _clock(text: str) -> timedelta:
    hour, _, minute = text.partition(":")
    return timedelta(hours=int(hour), minutes=int(minute))
