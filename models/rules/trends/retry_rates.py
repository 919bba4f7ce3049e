"""Jobs that need a second attempt more often than they used to."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.rules.trends.control_limits import FEWEST, Limits, Signal, limits_of, signal_of

ENOUGH_RUNS = 10
"""Of fewer runs there is no rate."""
LEAST_RETRIED = 3
"""One or two may be chance, also where there never was one."""
RISING = (Signal.ABOVE, Signal.LONG_ABOVE)


@dataclass(frozen=True)
class Week:
    """The runs of a job in one week, and how many of them were not good at the first attempt."""

    runs: int
    retried: int


@dataclass(frozen=True)
class Rise:
    """The rate of retries has risen: what it is, and what it used to be."""

    retried: int
    runs: int
    rate: float
    usual: float
    limits: Limits
    signal: Signal


def rise_of(weeks: Sequence[Week], recent: int) -> Rise | None:
    """How the rate of the last `recent` weeks rose over the weeks before; None: it did not, or there is no telling.

    A week without a run says nothing. Each recent week is judged by the limits of the weeks before all of them.
    """
    before, now = list(weeks[:-recent]), list(weeks[-recent:])
    runs, retried = sum(week.runs for week in now), sum(week.retried for week in now)
    earlier = [week.retried / week.runs for week in before if week.runs]
    if runs < ENOUGH_RUNS or retried < LEAST_RETRIED or len(earlier) < FEWEST:
        return None
    limits = limits_of(earlier, floor=0.0, ceiling=1.0)
    rates, signals = list(earlier), []
    for week in now:
        if week.runs:
            rates.append(week.retried / week.runs)
            signals.append(signal_of(rates, limits))
    found = next((signal for signal in RISING if signal in signals), None)
    usual = sum(week.retried for week in before) / sum(week.runs for week in before)
    if found is None or retried / runs <= usual:
        return None
    return Rise(retried, runs, retried / runs, usual, limits, found)
