"""The few that make most of it (Pareto; Juran's "vital few"): causes by their weight, with the running total."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST_OF_IT = 0.8


@dataclass(frozen=True)
class Bar:
    """One cause: its weight, its part of the whole, and the part of it and all before it."""

    name: str
    weight: float
    part: float
    together: float
    is_vital: bool
    """It is one of the few that make 80 %."""


def pareto(weights: Iterable[tuple[str, float]], most_of_it: float = MOST_OF_IT) -> tuple[Bar, ...]:
    """The causes by weight, the heaviest first, equal ones by name; what weighs nothing is left out.

    Vital are as few as together reach `most_of_it`. Raises ValueError for a weight below 0.
    """
    named = sorted(weights, key=lambda one: (-one[1], one[0]))
    if named and named[-1][1] < 0:
        raise ValueError(f"{named[-1][0]} weighs less than nothing: {named[-1][1]}")
    named = [one for one in named if one[1] > 0]
    total = sum(weight for _, weight in named)
    bars, before = [], 0.0
    for name, weight in named:
        together = before + weight
        # A part that lacks only what a computer's sum is off by has reached it.
        bars.append(Bar(name, weight, weight / total, together / total, before / total < most_of_it - 1e-9))
        before = together
    return tuple(bars)
