"""The times of another tool: many ways to write an instant, read strictly, as UTC."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from models.rules.field_error import FieldError, under
from models.rules.wall_clock import to_instant, zone_of

ISO, UNIX, UNIX_MILLISECONDS, EXCEL = "iso", "unix", "unix ms", "excel"
NAMED = (ISO, UNIX, UNIX_MILLISECONDS, EXCEL)
FIRST_YEAR, LAST_YEAR = 1970, 2199
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a day on the wall, as spreadsheets count
_CLOCK = r"(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?(?: ?([AaPp])\.?[Mm]\.?)?)?"
_DAY_OR_MONTH = re.compile(rf"(\d{{1,2}})([./-])(\d{{1,2}})\2(\d{{4}}){_CLOCK}", re.ASCII)
_YEAR_FIRST = re.compile(rf"(\d{{4}})([./])(\d{{1,2}})\2(\d{{1,2}}){_CLOCK}", re.ASCII)


@dataclass(frozen=True)
class SourceTimes:
    """How a source writes times. Without formats: ISO 8601, and days with slashes, dots or dashes."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    formats: tuple[str, ...] = ()
    """`iso`, `unix`, `unix ms`, `excel`, or what strptime takes; the first that fits counts."""
    day_first: bool | None = None
    """Whether 02/03/2016 is in March; without it such a day is refused, unless it has dots."""
    timezone: str = "UTC"
    """Where the clock hung that shows times without an offset."""

    def __post_init__(self) -> None:
        with under("timezone"):
            zone_of(self.timezone)
        for text in self.formats:
            if text not in NAMED and "%" not in text:
                known = ", ".join(NAMED)
                raise FieldError("formats", f'"{text}" is no format: write {known}, or one like %d/%m/%Y %H:%M')
            if text not in NAMED and "%y" not in text.lower() and "%c" not in text:
                raise FieldError("formats", f'"{text}" has no year: write %Y or %y')


def time_reader(times: SourceTimes) -> Callable[[str], datetime]:
    """Reads one text as an instant in UTC. It raises ValueError, in words, for what it cannot read."""
    zone = zone_of(times.timezone)
    instant = _instants_in(zone)
    ways = tuple(_way(text) for text in times.formats) or (lambda text: _usual(text, times.day_first),)

    def read(text: str) -> datetime:
        why = ""
        for way in ways:
            try:
                found = way(text)
            except (ValueError, OverflowError) as error:
                why = str(error)
                continue
            if not FIRST_YEAR <= found.year <= LAST_YEAR:
                raise ValueError(f"{text!r} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
            return found.astimezone(UTC) if found.tzinfo else instant(found)
        if times.formats:
            raise ValueError(f"{text!r} is none of: {', '.join(times.formats)}")
        raise ValueError(why)

    return read


def _instants_in(zone: ZoneInfo) -> Callable[[datetime], datetime]:
    """`to_instant`, where a day on which no clock is put forward or back is looked up once."""
    offsets: dict[date, timedelta | None] = {}

    def instant(wall: datetime) -> datetime:
        day = wall.date()
        if day not in offsets:
            midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone)
            found = {(midnight + timedelta(hours=hour)).utcoffset() for hour in range(25)}
            offsets[day] = found.pop() if len(found) == 1 else None
        offset = offsets[day]
        return to_instant(wall, zone) if offset is None else (wall - offset).replace(tzinfo=UTC)

    return instant


def _way(name: str) -> Callable[[str], datetime]:
    match name:
        case "iso":
            return datetime.fromisoformat
        case "unix":
            return lambda text: datetime.fromtimestamp(float(text), UTC)
        case "unix ms":
            return lambda text: datetime.fromtimestamp(float(text) / 1000, UTC)
        case "excel":
            return _excel
        case _:
            return lambda text: datetime.strptime(text, name)  # noqa: DTZ007 - the zone of the map is put to it


def _excel(text: str) -> datetime:
    """A day number of a spreadsheet, to the second."""
    days = timedelta(days=float(text.replace(",", ".")))
    return _EXCEL_EPOCH + timedelta(seconds=round(days.total_seconds()))


def _usual(text: str, day_first: bool | None) -> datetime:
    """Raises ValueError for what is not written in one of the usual ways."""
    if text[4:5] == "-":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a time that exists, like 2016-02-29 14:05") from None
    if text[4:5] in {".", "/"} and (found := _YEAR_FIRST.fullmatch(text)):
        return _made(text, (int(found[1]), int(found[3]), int(found[4])), found.groups()[4:])
    found = _DAY_OR_MONTH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time that is known here: say its format in `times.formats`")
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if day_first is None and found[2] != ".":
        raise ValueError(f"{text!r} may begin with the day or with the month: say `times.day_first`")
    month, day = (first, second) if day_first is False else (second, first)
    return _made(text, (year, month, day), found.groups()[4:])


def _made(text: str, day: tuple[int, int, int], clock: tuple[str | None, ...]) -> datetime:
    hour, minute, second, fraction, half = clock
    hours = int(hour or 0)
    if half and not 1 <= hours <= 12:
        raise ValueError(f"{text!r} is not a time that exists")
    if half:
        hours = hours % 12 + (12 if half in "Pp" else 0)
    microsecond = int((fraction or "0").ljust(6, "0"))
    try:
        return datetime(*day, hours, int(minute or 0), int(second or 0), microsecond)  # noqa: DTZ001 - zone follows
    except ValueError:
        shown = "year {}, month {}, day {}".format(*day)
        raise ValueError(f"{text!r} is not a time that exists (read as {shown}): see `times.day_first`") from None
