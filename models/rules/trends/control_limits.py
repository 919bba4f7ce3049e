"""Control limits for single figures (XmR chart): whether a change is worth a sentence.

Individuals and moving ranges, after Shewhart and Wheeler (Understanding Variation, 1993): the limits are the mean plus
and minus 2.66 mean moving ranges, where 2.66 is 3 divided by the 1.128 (d2) of ranges of two. No range
is wider than 3.267 mean ones (D4 of ranges of two) by chance.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, takewhile
from statistics import fmean

SPREAD, WIDEST = 2.66, 3.267
RUN = 8
"""So many in a row on one side of the mean are no chance (Shewhart; 1 in 128 for a figure that did not change)."""
FEWEST = 6
"""Fewer earlier figures give no limits that hold."""


@dataclass(frozen=True)
class Limits:
    """What a figure does when nothing changes: its mean, and how far it strays."""

    mean: float
    lower: float
    upper: float
    moving_range: float
    """The mean difference between a figure and the next."""

    @property
    def widest_range(self) -> float:
        """A larger difference to the figure before is more than chance."""
        return WIDEST * self.moving_range


class Signal(StrEnum):
    """What the newest of some figures says."""

    TOO_EARLY = "too early to tell"
    USUAL = "within its usual range"
    ABOVE = "above its usual range"
    BELOW = "below its usual range"
    LONG_ABOVE = "higher for a long time"
    LONG_BELOW = "lower for a long time"
    LEAP = "higher at one leap"
    DROP = "lower at one drop"


@dataclass(frozen=True)
class Judged:
    """The newest figure against what those before it let expect."""

    signal: Signal
    limits: Limits | None
    """None: there are too few earlier figures."""

    @property
    def is_worth_a_sentence(self) -> bool:
        """Whether it is more than chance."""
        return self.signal not in (Signal.TOO_EARLY, Signal.USUAL)


def limits_of(values: Sequence[float], floor: float | None = 0.0, ceiling: float | None = None) -> Limits:
    """The control limits of figures in the order of time; none passes what the figure can be (counts: not below 0).

    Raises ValueError for fewer than two figures.
    """
    if len(values) < 2:
        raise ValueError("control limits need at least two figures")
    mean = fmean(values)
    moving_range = fmean(abs(after - before) for before, after in pairwise(values))
    lower, upper = mean - SPREAD * moving_range, mean + SPREAD * moving_range
    return Limits(
        mean=mean,
        lower=lower if floor is None else max(floor, lower),
        upper=upper if ceiling is None else min(ceiling, upper),
        moving_range=moving_range,
    )


def judge(values: Sequence[float | None], floor: float | None = 0.0, ceiling: float | None = None) -> Judged:
    """The newest figure by the limits of those before it, which it must not widen. None is a time without a figure."""
    if not values or values[-1] is None:
        return Judged(Signal.TOO_EARLY, None)
    known = [value for value in values if value is not None]
    if len(known) <= FEWEST:
        return Judged(Signal.TOO_EARLY, None)
    limits = limits_of(known[:-1], floor, ceiling)
    return Judged(signal_of(known, limits), limits)


def signal_of(values: Sequence[float], limits: Limits) -> Signal:
    """What the last of the figures says: outside the limits, the end of a run on one side of the mean, or a leap."""
    last = values[-1]
    if last > limits.upper:
        return Signal.ABOVE
    if last < limits.lower:
        return Signal.BELOW
    newest_first = values[::-1]
    if _how_many(newest_first, lambda value: value > limits.mean) >= RUN:
        return Signal.LONG_ABOVE
    if _how_many(newest_first, lambda value: value < limits.mean) >= RUN:
        return Signal.LONG_BELOW
    before = values[-2] if len(values) > 1 else last
    is_usual = limits.lower <= before <= limits.upper  # back from what was unusual is no news
    if is_usual and abs(last - before) > limits.widest_range:
        return Signal.LEAP if last > before else Signal.DROP
    return Signal.USUAL


def _how_many(values: Iterable[float], is_so: Callable[[float], bool]) -> int:
    return sum(1 for _ in takewhile(is_so, values))
