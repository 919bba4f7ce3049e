"""How long a drill may still go on: what is left of its plan's deadline, for all that it does together."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from models.rules.durations import format_duration


@dataclass(frozen=True)
class TimeLimit:
    """A deadline that has begun."""

    whole: timedelta
    until: float
    """On the clock that nobody sets."""

    @classmethod
    def of(cls, whole: timedelta, used: timedelta = timedelta()) -> Self:
        """A deadline of which so much was used; a clock that was set back meanwhile gives no more than the whole."""
        left = min(whole, max(whole - used, timedelta()))
        return cls(whole, time.monotonic() + left.total_seconds())

    @property
    def seconds_left(self) -> float:
        """Nothing is left when it is over."""
        return max(0.0, self.until - time.monotonic())

    def __str__(self) -> str:
        return f"the drill's deadline of {format_duration(self.whole)}"
