"""Escalation chains: which steps are due, and when the next one is.

A wait is open time since the opening, in the hours of the chain, without the time on hold or after a solution; or a
share of what an agreement promised, and then its clock decides. A chain ends when the incident is owned, or resolved;
when it is reopened, a chain until the solution goes on where it stood.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from models.rules.business_time import due
from models.rules.calendars import Calendar
from models.rules.clock_course import Course
from models.rules.clock_promises import Agreement, Measure, Promise
from models.rules.durations import format_duration, parse_duration
from models.rules.service_clock import Run

_NOTHING = timedelta(0)
_SHARE = re.compile(r"(\d{1,3})\s*%", re.ASCII)


@dataclass(frozen=True)
class Wait:
    """How long a step waits: an amount of open time, or a share of the promised time in percent."""

    open_time: timedelta | None = None
    percent: int | None = None

    def __post_init__(self) -> None:
        if (self.open_time is None) == (self.percent is None):
            raise ValueError("a wait is an amount of open time or a share of the promised time, like 30m or 75%")
        if self.percent is not None and not 1 <= self.percent <= 1000:
            raise ValueError("a share of the promised time lies between 1% and 1000%")

    def __str__(self) -> str:
        return f"{self.percent}%" if self.open_time is None else format_duration(self.open_time)


def parse_wait(value: object) -> Wait:
    """The wait that a text names: `30m`, `75%`. Raises ValueError when it names none."""
    if isinstance(value, Wait):
        return value
    share = _SHARE.fullmatch(str(value).strip())
    if share:
        return Wait(percent=int(share[1]))
    try:
        return Wait(open_time=parse_duration(value))
    except ValueError as error:
        raise ValueError(f"{error}, or as a share of the promised time: 75%") from None


class _WaitText:
    """Lets pydantic read a wait from text, without importing pydantic here: a core schema is a dict."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> dict[str, Any]:
        return {
            "type": "function-plain",
            "function": {"type": "no-info", "function": parse_wait},
            "serialization": {"type": "function-plain", "function": str, "when_used": "json"},
        }

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        pattern = r"^(?:\d{1,3}\s*%|(?:\d{1,6}[wdhms])+)$"
        return {"type": "string", "pattern": pattern, "examples": ["30m", "75%"]}


WaitText = Annotated[Wait, _WaitText()]


@dataclass(frozen=True)
class Step:
    """One step: how long it waits, and how often it is done again how long after."""

    after: Wait
    every: timedelta | None = None
    at_most: int = 0


@dataclass(frozen=True)
class Chain:
    """A chain in its hours; `measure` says what ends it: the incident is owned, or resolved."""

    calendar: Calendar
    measure: Measure
    agreement: Agreement
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class StepDue:
    """One time that one step is due; steps count from 1, and the first time of each is 0."""

    at: datetime
    step: int
    again: int

    @property
    def key(self) -> str:
        """What tells it from the other times of its chain."""
        return f"{self.step}.{self.again}"


def pending(chain: Chain, course: Course, now: datetime, done: Collection[str]) -> list[StepDue]:
    """What of the chain is not done yet, in order of time: what is overdue, and what is to come if nothing changes.

    `done` are the keys of what was done. Nothing once the chain has ended, or is held by the incident's hold.
    """
    is_over = course.owned if chain.measure is Measure.OWN else course.ended
    if course.started is None or is_over is not None or course.ended is not None:
        return []
    if any(gap.end is None for gap in course.gaps()):
        return []
    found = [one for number, step in enumerate(chain.steps, 1) for one in _times(chain, (number, step), course, now)]
    return sorted((one for one in found if one.key not in done), key=lambda one: (one.at, one.step, one.again))


def _times(chain: Chain, numbered: tuple[int, Step], course: Course, now: datetime) -> Iterator[StepDue]:
    number, step = numbered
    first = _first(chain, step.after, course, now)
    if first is None:
        return
    yield StepDue(first, number, 0)
    for again in range(1, step.at_most + 1 if step.every else 1):
        yield StepDue(due(chain.calendar, first, again * (step.every or _NOTHING)), number, again)


def _first(chain: Chain, wait: Wait, course: Course, now: datetime) -> datetime | None:
    """When a wait is over, without the time on hold; None when nothing was promised that it could be a share of."""
    started, terms = course.terms[0].at, course.terms[-1]
    if wait.open_time is not None:
        held = frozenset(gap.reason for gap in course.gaps() if gap.reason is not None)
        own = Promise(chain.agreement, chain.calendar, stops_for=held)
        return Run.of(own, started, course.gaps(), now).reach(wait.open_time)
    promise = next((one for one in terms.promises if one.agreement is chain.agreement), None)
    target = promise.targets(chain.measure).get(terms.priority or "") if promise else None
    if promise is None or target is None:
        return None
    day_due = target.day_due(promise.calendar, started)
    length = target.length(promise.calendar, started, day_due)
    run = Run.of(promise, started, course.gaps(), now)
    if wait.percent == 100:
        return run.due(length, day_due)
    return run.reach(length * (wait.percent or 0) / 100)
