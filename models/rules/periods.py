"""The period of a report, as people write it: all, 2026, 2026-Q4, 2026-11, 2026-11-01..2026-11-15."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from models.rules.wall_clock import to_instant, zone_of

ALL = "all"
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-[Qq]([1-4])", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True)
class Period:
    """From an instant on, and before another; None is without an end there."""

    name: str
    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    def has_begun(self, at: datetime) -> bool:
        """Whether something that happened then is known at the end of the period."""
        return self.until is None or at < self.until


def period_of(text: str, zone: str) -> Period:
    """The period that a text means, in days of a time zone. Raises ValueError for what is none."""
    if text == ALL:
        return Period(ALL)
    try:
        first, after = _days(text)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no period: write all, 2026, 2026-Q4, 2026-11, or from and to: 2026-11-01..2026-11-15"
        ) from None
    if after <= first:
        raise ValueError(f"{text!r} ends before it begins")
    return Period(text, *(to_instant(datetime.combine(day, time()), zone_of(zone)) for day in (first, after)))


def _days(text: str) -> tuple[date, date]:
    """The first day, and the day after the last."""
    if found := _MONTH.fullmatch(text):
        return _months(int(found[1]), int(found[2]), 1)
    if found := _QUARTER.fullmatch(text):
        return _months(int(found[1]), 3 * int(found[2]) - 2, 3)
    if _YEAR.fullmatch(text):
        return _months(int(text), 1, 12)
    begin, _, end = text.partition("..")
    return date.fromisoformat(begin.strip()), date.fromisoformat(end.strip()) + timedelta(days=1)


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    after = month - 1 + count
    return date(year, month, 1), date(year + after // 12, after % 12 + 1, 1)
