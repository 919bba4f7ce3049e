"""Flap detection by the formula of Nagios and Naemon: how much the last 21 states changed, newer changes weigh more.

The change between two neighbours weighs from 0.75 (the oldest) to 1.25 (the newest); the sum is a percentage of the
20 changes that there could be. Flapping starts at the high threshold and ends at or below the low one; in between
it stays as it was. Before its first result everything counts as having been all right.
Checked against Nagios Core in tests/vectors/flapping.json, and computed in the same order, so that sums agree to
the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

from models.rules.field_error import FieldError

HISTORY = 21
_LOWEST_WEIGHT, _HIGHEST_WEIGHT = 0.75, 1.25

State = int | str
"""What a result said: a number as plug-ins exit, or a word."""


@dataclass(frozen=True)
class FlapThresholds:
    """Where flapping starts (`high`) and ends (`low`), in percent of state change."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    low: float = 5.0
    high: float = 20.0

    def __post_init__(self) -> None:
        if not 0 <= self.low <= 100:
            raise FieldError("low", "low is a percentage from 0 to 100")
        if not self.low < self.high <= 100:
            raise FieldError("high", "high is a percentage above low, at most 100")


@dataclass(frozen=True)
class FlapRecord:
    """What is kept of something that may flap: its last 21 states, oldest first, and whether it flaps."""

    states: tuple[State, ...]
    is_flapping: bool = False

    @property
    def percent(self) -> float:
        """How much the states changed, in percent, from 0 to 100."""
        return percent_state_change(self.states)

    @property
    def change_text(self) -> str:
        """The percentage as people read it: `24.2%`."""
        return f"{self.percent:.1f}%"


def first_record(all_right: State) -> FlapRecord:
    """The record before the first result."""
    return FlapRecord((all_right,) * HISTORY)


def after_state(record: FlapRecord, state: State, thresholds: FlapThresholds) -> FlapRecord:
    """The record with one more state; flapping started, or ended, when `is_flapping` differs from before."""
    states = (*record.states[1:], state)
    percent = percent_state_change(states)
    if percent <= thresholds.low:
        return FlapRecord(states, is_flapping=False)
    if percent >= thresholds.high:
        return FlapRecord(states, is_flapping=True)
    return replace(record, states=states)


def percent_state_change(states: Sequence[State]) -> float:
    """The weighted part of the changes between 21 states, oldest first, in percent.

    Raises ValueError for another number of states.
    """
    if len(states) != HISTORY:
        raise ValueError(f"flapping is told from {HISTORY} states, not {len(states)}")
    changes = 0.0
    for place, (before, after) in enumerate(pairwise(states)):
        if before != after:
            changes += _WEIGHTS[place]
    return changes * 100.0 / (HISTORY - 1)


_WEIGHTS = tuple(
    (place * (_HIGHEST_WEIGHT - _LOWEST_WEIGHT)) / (HISTORY - 2) + _LOWEST_WEIGHT for place in range(HISTORY - 1)
)
