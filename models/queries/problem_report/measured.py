"""Figures of the problem and known-error report, and what control limits say of them."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from models.rules.trends.control_limits import Limits


@dataclass(frozen=True)
class Figure:
    """So many of so many (`of` None: a plain number), and the numbers of what was counted."""

    number: int
    of: int | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spread:
    """How long it took: the middle one and, from ten on, what nine of ten did not exceed."""

    number: int
    median: timedelta | None
    ninety: timedelta | None


class Result(StrEnum):
    """What a figure says beside those of the months before, by its control limits."""

    BETTER = "better than usual"
    WORSE = "worse than usual"
    LONG_BETTER = "better for 8 months"
    LONG_WORSE = "worse for 8 months"
    SUDDENLY_BETTER = "suddenly better"
    SUDDENLY_WORSE = "suddenly worse"
    USUAL = "as usual"
    MORE = "more than usual"
    LESS = "fewer than usual"
    TOO_EARLY = "too early to tell"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Point:
    """One month of a measure; None: there was nothing to measure, or too little."""

    month: str
    value: float | None


@dataclass(frozen=True)
class Measure:
    """One figure of the first page, with the months before it."""

    key: str
    """As `targets:` of problems.yaml names it."""
    name: str
    definition: str
    figure: Figure | None
    """None for a time."""
    before: Figure | None
    """The same in the month before."""
    took: Spread | None
    beside: Spread | None
    """The others, to compare with."""
    note: str
    is_percent: bool
    history: tuple[Point, ...]
    """The period last."""
    limits: Limits | None
    result: Result
    at_most: bool
    """Less is better."""
    target: float | None = None
    """A number, percent or hours; None: nothing was agreed."""
    is_met: bool | None = None
    """None: there is no target, or nothing was measured."""
