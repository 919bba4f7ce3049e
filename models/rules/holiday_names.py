"""Public holidays by region, from the holidays library."""

import difflib
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase


def check_region(region: str) -> None:
    """Raises ValueError when there is no such country or subdivision."""
    _calendar_of(region)


@lru_cache(maxsize=16_384)
def holiday_name(region: str, day: date) -> str | None:
    """The name of the holiday that a region (`DE`, `DE/BE`) keeps on this date, if any."""
    return _calendar_of(region).get(day)


@lru_cache(maxsize=256)
def _calendar_of(region: str) -> "HolidayBase":
    import holidays  # noqa: PLC0415 - 0.1 s: the first country loads every country

    country, _, subdivision = region.partition("/")
    supported = holidays.list_supported_countries(include_aliases=True)
    if country not in supported:
        near = difflib.get_close_matches(country.upper(), supported, 1, 0.5)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'"{country}" is not a country with known holidays; use a code such as DE or DE/BE{hint}')
    if subdivision and subdivision not in supported[country]:
        allowed = ", ".join(supported[country]) or "none"
        raise ValueError(f'"{subdivision}" is not a part of {country} with own holidays; allowed: {allowed}')
    # A fixed language keeps reasons and reports the same on every machine.
    return holidays.country_holidays(country, subdiv=subdivision or None, language="en_US")
