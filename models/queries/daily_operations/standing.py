"""How things stand when the log is made, and what the next hours bring: plain values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Period:
    """From `since` up to, not including, `until`. Raises ValueError when it is empty."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError(f"a period ends after it begins: {self.since.isoformat()} to {self.until.isoformat()}")

    def holds(self, instant: datetime | None) -> bool:
        """Whether the instant lies in the period."""
        return instant is not None and self.since <= instant < self.until


@dataclass(frozen=True)
class OpenAlarm:
    """Something about a job is wrong now."""

    job: str
    kind: str
    since: datetime
    count: int
    text: str
    run: int | None


@dataclass(frozen=True)
class Active:
    """A run that has not ended."""

    run: int
    job: str
    state: str
    since: datetime
    hosts_done: int
    hosts: int
    waits_for: str | None


@dataclass(frozen=True)
class Paused:
    """A person stopped a job, or all of them (`job` None)."""

    job: str | None
    since: datetime
    until: datetime | None
    by: str
    reason: str


@dataclass(frozen=True)
class Silent:
    """A part of Watchbill that gave no sign of life for too long (`since` None: never)."""

    part: str
    since: datetime | None
    note: str | None


@dataclass(frozen=True)
class Now:
    """How things stand at the moment the report is made."""

    alarms: tuple[OpenAlarm, ...]
    active: tuple[Active, ...]
    paused: tuple[Paused, ...]
    silent: tuple[Silent, ...]
    undelivered: int
    """Obligations to Prefect that wait for more than five minutes, or were given up."""


@dataclass(frozen=True)
class Due:
    """What one job is expected to do in the time ahead."""

    job: str
    title: str
    number: int
    first: datetime
    last: datetime
    skipped: int
    note: str | None


@dataclass(frozen=True)
class Blackout:
    """A stretch in which some jobs may not start."""

    calendar: str
    title: str
    reason: str
    since: datetime
    until: datetime
    jobs: tuple[str, ...]


@dataclass(frozen=True)
class Ahead:
    """The next hours."""

    period: Period
    due: tuple[Due, ...]
    blackouts: tuple[Blackout, ...]
