"""The figures of a plugin: `'label'=value[unit];[warning];[critical];[minimum];[maximum]`, behind a bar."""

import re

from models.rules.probes import Measure

MOST_FIGURES = 40
_FIGURE = re.compile(r"(?:'((?:[^']|'')*)'|([^\s='|]+))=([-+]?[0-9]*[.,]?[0-9]+(?:[eE][-+]?\d+)?)([^\s;]*)")
_BYTES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


def figures(output: str) -> tuple[str, tuple[Measure, ...]]:
    """What a plugin says in words, and its figures: in bytes and seconds, where it counts in multiples of them.

    The first line may have figures behind a bar; of the lines after it, all behind a second bar are figures.
    """
    first, _, rest = output.strip().partition("\n")
    text, _, found = first.partition("|")
    more = rest.partition("|")[2]
    measures = [_measure(match) for match in _FIGURE.finditer(f"{found} {more}")]
    return text.strip(), tuple(measures[:MOST_FIGURES])


def _measure(match: re.Match[str]) -> Measure:
    label = match[2] if match[1] is None else match[1].replace("''", "'")
    value, unit = float(match[3].replace(",", ".")), match[4]
    if unit in _BYTES:
        return Measure(label[:60], value * _BYTES[unit], "B")
    if unit in _SECONDS:
        return Measure(label[:60], value * _SECONDS[unit], "s")
    return Measure(label[:60], value, unit[:10])
