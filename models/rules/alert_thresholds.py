"""What keeps an alert from becoming an incident at once: too few events in a time, or a delay for what heals itself.

N events in T slides: they count when the first and the last of some N in a row are at most T apart. A delay lets an
alert that clears within it pass without an incident; it counts from when the alert fired, anew each time.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from models.rules.durations import Duration, format_duration
from models.rules.field_error import FieldError
from models.rules.wall_clock import require_aware, stamp

MOST_COUNTED = 1_000


@dataclass(frozen=True)
class Threshold:
    """So many events within this time."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    count: int
    within: Duration

    def __post_init__(self) -> None:
        if not 2 <= self.count <= MOST_COUNTED:
            raise FieldError("count", f"count is from 2 to {MOST_COUNTED}; without a threshold every event counts")
        if self.within <= timedelta(0):
            raise FieldError("within", "within must be more than 0s")


@dataclass(frozen=True)
class Counted:
    """The events that count still, oldest first (at most as many as the threshold asks), and whether it is reached."""

    times: tuple[datetime, ...]
    is_reached: bool
    reason: str


def count_event(threshold: Threshold, times: Sequence[datetime], happened: datetime) -> Counted:
    """What counts after one more event; `times` is what counted before it.

    An event may come late: it takes its place among the others, or does not count when it is older than the time
    allows before the newest.
    """
    every = list(times)
    insort(every, require_aware(happened, "the event"))
    recent = [time for time in every if time >= every[-1] - threshold.within][-threshold.count :]
    words = f"{len(recent)} of {threshold.count} events in {format_duration(threshold.within)}"
    return Counted(tuple(recent), len(recent) == threshold.count, f"{words}, the last at {stamp(every[-1])}")


class Healing(StrEnum):
    """What becomes of an alert whose incident is delayed."""

    WAITS = "waits"  # it fires, and the delay is not over
    HEALED = "healed"  # it cleared within the delay: no incident, ever
    DUE = "due"  # it outlasted the delay: now it is an incident


@dataclass(frozen=True)
class Delayed:
    """The verdict, why, and when it may change (None: it will not)."""

    healing: Healing
    reason: str
    look_at: datetime | None = None


def after_delay(delay: timedelta, fired: datetime, cleared: datetime | None, now: datetime) -> Delayed:
    """Whether an alert that fired, and perhaps cleared since, becomes an incident.

    The last moment of the delay heals still. A clearing from before the alert fired is of an earlier time.
    """
    fired, now = require_aware(fired, "the firing"), require_aware(now, "now")
    ends, words = fired + delay, format_duration(delay)
    if cleared is not None and fired <= cleared <= min(ends, now):
        return Delayed(Healing.HEALED, f"cleared by itself at {stamp(cleared)}, within {words}")
    if now < ends:
        return Delayed(Healing.WAITS, f"may heal by itself until {stamp(ends)}", ends)
    return Delayed(Healing.DUE, f"fired at {stamp(fired)} and did not clear within {words}")
