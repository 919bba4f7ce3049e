"""What is known of one alert, of one event of it, and of what keeps it quiet.

All are tuples, since tens of thousands are made a second.
"""

from datetime import datetime
from typing import NamedTuple

from models.vocabulary import AlertAction, AlertState, EventStatus, Mute, Severity, Standing


class Seen(NamedTuple):
    """One event of an alert: what it says, when by the sender's clock, and when it came."""

    status: EventStatus
    severity: Severity
    at: datetime
    """When it was received."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    digest: str = ""
    """Of all that it says: the same for the same."""
    owner: str = ""
    """Who acknowledged it."""

    @property
    def as_of(self) -> datetime:
        """The time that orders it among the sender's events; a clock that is ahead of ours is not believed."""
        said = self.started_at
        if self.status is EventStatus.RESOLVED:
            said = self.ended_at
        return self.at if said is None or said > self.at else said

    @property
    def since(self) -> datetime:
        """Since when it fires."""
        return self.at if self.started_at is None or self.started_at > self.at else self.started_at


class Course(NamedTuple):
    """Where one alert stands; the fields are those of its record."""

    status: EventStatus
    severity: Severity
    state: AlertState
    standing: Standing
    muted_by: Mute | None
    muted_reason: str | None
    muted_until: datetime | None
    episode: int
    events: int
    """Of this episode."""
    fired_at: datetime
    firing_since: datetime
    raised_at: datetime | None
    seen_at: datetime
    as_of: datetime
    changed_at: datetime
    resolved_at: datetime | None
    owner: str | None
    acknowledged_until: datetime | None
    flaps: str
    is_flapping: bool
    counted: tuple[datetime, ...]
    is_reached: bool
    digest: str
    repeats: str
    look_at: datetime | None


class Change(NamedTuple):
    """One thing that happened to an alert; `source` is its state before, None when it was not known."""

    action: AlertAction
    source: AlertState | None
    target: AlertState
    reason: str


class Step(NamedTuple):
    """Where the alert stands now, and what happened to it."""

    course: Course
    changes: tuple[Change, ...] = ()


class Hold(NamedTuple):
    """What keeps alerts quiet from outside: a silence, maintenance, another alert; in words."""

    by: Mute
    reason: str
    until: datetime | None = None


class Holding(NamedTuple):
    """What an alert asks of us now, and what keeps it from asking."""

    standing: Standing
    by: Mute | None = None
    reason: str | None = None
    until: datetime | None = None
