"""How unusual it is that something happened so often, against how often it happened before.

The expectation is the rate of the time before, with half a case more: what never happened may happen. The chance is
the upper tail of the Poisson distribution: how likely so many or more are when nothing has changed.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from models.rules.durations import format_duration

UNUSUAL_CHANCE = 0.01
_LEAST_TERM = 1e-18


@dataclass(frozen=True)
class BaseRate:
    """How often something happened in a span, and how often that was to be expected."""

    times: int
    within: timedelta
    before: int
    """How often it happened in the time before the span."""
    over: timedelta
    """How long that time is."""

    @property
    def expected(self) -> float | None:
        """How often the time before lets expect it; None when that is shorter than the span."""
        return (self.before + 0.5) * (self.within / self.over) if self.over >= self.within else None

    @property
    def chance(self) -> float | None:
        """How likely so many or more are, 0 to 1, if nothing has changed; None without an expectation."""
        return None if self.expected is None else poisson_tail(self.times, self.expected)

    @property
    def is_usual(self) -> bool:
        """Whether chance alone gives so many once in a hundred times or more; not when nothing is known of before."""
        return self.chance is not None and self.chance > UNUSUAL_CHANCE

    @property
    def words(self) -> str:
        """In one line for people: `5 in 1d, of 0.3 expected: by chance once in 3,400 times`."""
        said = f"{self.times:,} in {format_duration(self.within)}"
        if self.expected is None or self.chance is None:
            return f"{said}; there is no time before to compare it with"
        said += f", of {_figure(self.expected)} expected"
        if self.is_usual:
            return f"{said}: about as often as before"
        once = 1 / max(self.chance, 1e-12)
        return f"{said}: by chance once in {'a million times or less' if once >= 1e6 else f'{_rounded(once):,} times'}"


def poisson_tail(times: int, expected: float) -> float:
    """The probability of `times` or more when `expected` are to be expected."""
    if times <= 0:
        return 1.0
    if times <= expected:
        # Below the middle the terms before are the fewer ones.
        return max(0.0, 1 - math.fsum(_term(k, expected) for k in range(times)))
    terms, k = [], times
    while (term := _term(k, expected)) > _LEAST_TERM:
        terms.append(term)
        k += 1
    return min(1.0, math.fsum(terms))


def _term(k: int, expected: float) -> float:
    return math.exp(k * math.log(expected) - expected - math.lgamma(k + 1))


def _figure(value: float) -> str:
    if value < 0.05:
        return "less than 0.1"
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def _rounded(value: float) -> int:
    """To two figures: a chance is not known better."""
    step = int(10 ** max(len(str(int(value))) - 2, 0))
    return int(value / step + 0.5) * step
