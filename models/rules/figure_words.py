"""Sizes and ages as people say them: `3.1 GiB`, `2d 6h`."""

from collections.abc import Mapping
from datetime import timedelta

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEPS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def bytes_text(count: float) -> str:
    """A size with one decimal in the largest unit that it fills."""
    unit = _unit_of(count)
    return f"{_scaled(count, unit)} {unit}"


def bytes_band(low: float, high: float) -> str:
    """From one size to another, in the unit of the larger: `11.8-12.4 GiB`."""
    unit = _unit_of(high)
    first, last = _scaled(low, unit), _scaled(high, unit)
    return f"{last} {unit}" if first == last else f"{first}-{last} {unit}"


def age_text(span: timedelta) -> str:
    """A time span by its two largest units, rounded down: `2d 6h`, `45m`, `0s`."""
    rest = int(abs(span).total_seconds())
    words: list[str] = []
    for unit, seconds in _STEPS:
        count, rest = divmod(rest, seconds)
        if count or words:
            words.append(f"{count}{unit}" if count else "")
        if len(words) == 2:
            break
    return " ".join(word for word in words if word) or "0s"


def _unit_of(count: float) -> str:
    size = abs(count)
    for unit in _UNITS:
        # 1023.96 KiB would be shown as 1024.0 KiB.
        if round(size, 1) < 1024 or unit == _UNITS[-1]:
            return unit
        size /= 1024
    return _UNITS[-1]


def _scaled(count: float, unit: str) -> str:
    return f"{count:.0f}" if unit == "B" else f"{count / 1024 ** _UNITS.index(unit):.1f}"


def hours_text(hours: float) -> str:
    """Hours lost: `0.4 h`, `41 h`, `1,204 h`; what is less than 0.1 h and not nothing as such."""
    if hours <= 0:
        return "0 h"
    if hours < 0.1:
        return "under 0.1 h"
    return f"{hours:.1f} h" if hours < 9.95 else f"{hours:,.0f} h"


def money_text(cost: Mapping[str, float]) -> str:
    """An amount in whole units of each currency: `EUR 6,150`, `EUR 40 and USD 12`; of nothing an empty text."""
    return " and ".join(f"{currency} {amount:,.0f}" for currency, amount in sorted(cost.items()))
