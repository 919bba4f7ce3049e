"""What is promised for an incident: by which agreement, how fast, in which hours, and what stops the clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from models.rules.business_time import due_in_days, elapsed, in_hours
from models.rules.calendars import Calendar


class Agreement(StrEnum):
    """Who promised it to whom. Several hold at once, each with its own clock."""

    SLA = "SLA"  # to the caller
    OLA = "OLA"  # one team to another
    SUPPLIER = "supplier contract"


class Measure(StrEnum):
    """What a stopwatch measures; both start when the incident is opened."""

    OWN = "time to own"
    RESOLVE = "time to resolve"


@dataclass(frozen=True)
class Target:
    """How long something may take: an amount of open time, or a number of working days.

    Working days keep the clock time, or end with the hours of the last one (`end_of_day`).
    """

    open_time: timedelta | None = None
    working_days: int | None = None
    end_of_day: bool = False

    def __post_init__(self) -> None:
        if (self.open_time is None) == (self.working_days is None):
            raise ValueError("a target is an amount of open time or a number of working days, not both and not neither")
        if (self.open_time is not None and self.open_time < timedelta(0)) or (self.working_days or 0) < 0:
            raise ValueError("a target cannot be negative")
        if self.end_of_day and self.working_days is None:
            raise ValueError("`end_of_day` belongs to a target in working days")

    def __str__(self) -> str:
        return self.words

    @cached_property
    def words(self) -> str:
        """`4h`, `2 working days`: said once, since there are few targets and many readings."""
        if self.open_time is not None:
            return in_hours(self.open_time)
        days = f"{self.working_days} working day{'' if self.working_days == 1 else 's'}"
        return f"{days}, to the end of the day" if self.end_of_day else days

    def day_due(self, calendar: Calendar, started: datetime) -> datetime | None:
        """When a target in working days is due if nothing holds it; None for one in open time."""
        if self.working_days is None:
            return None
        return due_in_days(calendar, started, self.working_days, end_of_day=self.end_of_day)

    def length(self, calendar: Calendar, started: datetime, day_due: datetime | None) -> timedelta:
        """The target as open time; working days are worth what is open from the start to their due instant."""
        return elapsed(calendar, started, day_due or started) if self.open_time is None else self.open_time


@dataclass(frozen=True)
class Promise:
    """The terms of one agreement: targets by priority, the calendar, and the reasons of a hold that stop its clocks.

    A priority that is not named has no target.
    """

    agreement: Agreement
    calendar: Calendar
    own: Mapping[str, Target] = field(default_factory=dict)
    resolve: Mapping[str, Target] = field(default_factory=dict)
    stops_for: frozenset[str] = frozenset()
    name: str = ""
    """What the site calls it."""

    def targets(self, measure: Measure) -> Mapping[str, Target]:
        """The targets of one stopwatch."""
        return self.own if measure is Measure.OWN else self.resolve
