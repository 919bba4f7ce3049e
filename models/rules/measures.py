"""The figures of tickets: how many, how fast, how often the promise was kept, how often they changed hands.

Definitions (source: docs/reference/reports.md, after ServiceNow's and HDI's indicators): a ticket counts in the period
of what a figure is about, when it was opened or when it was solved. A mean never stands alone; nothing is no zero.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import pandas as pd

from models.rules.periods import Period

NOBODY = "none"
"""The group of those that have no value there."""
MOST_GROUPS = 10
_HOUR = 3600
_DIGITS = 4


class By(StrEnum):
    """What tickets are put into groups by, as they stand now."""

    PRIORITY = "priority"
    TEAM = "team"
    SERVICE = "service"
    CATEGORY = "category"
    STATE = "state"
    IMPACT = "impact"
    OWNER = "owner"
    SOURCE = "source"


class Trail(NamedTuple):
    """What the journal says of the way of a ticket."""

    handovers: int = 0
    """How often it went from one team to another."""
    is_ping_pong: bool = False
    """A team gave it away and got it back."""
    reassigned: int = 0
    """How often another team or another person got it, the first one left out."""
    first_solved_at: datetime | None = None
    last_at: datetime | None = None
    """When it was moved last."""


class MeasuredTicket(NamedTuple):
    """One ticket, as far as it is measured."""

    groups: Mapping[By, str | None]
    opened_at: datetime
    solved_at: datetime | None
    """Its last solution; none while it is open, or when it was cancelled."""
    ended_at: datetime | None
    last_at: datetime
    trail: Trail
    reopened: int
    reassigned: int
    sla: bool | None
    """Whether our own promise was kept; None: nothing was promised, or it still runs."""
    is_overdue: bool
    """It is open, and its promise is broken already."""
    sla_there: bool | None
    """The same as the source says."""
    business_seconds: float | None
    is_cancelled: bool
    is_duplicate: bool


@dataclass(frozen=True)
class Spread:
    """How values lie, in hours; of no values nothing is known. Percentiles lie on the line between two values."""

    n: int
    mean: float | None = None
    median: float | None = None
    p90: float | None = None
    p95: float | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Attainment:
    """Promises of solved tickets, each ticket once."""

    n: int
    kept: int
    percent: float | None


@dataclass(frozen=True)
class Figures:
    """The figures of some tickets in a period."""

    opened: int
    solved: int
    open: int
    """At the end of the period."""
    cancelled: int
    duplicates: int
    sla: Attainment
    sla_there: Attainment
    overdue: int
    """Open ones whose promise is broken."""
    resolution_hours: Spread
    """From the opening to the last solution, around the clock; of those solved in the period."""
    business_hours: Spread
    """The same as the clock of our own promise counts it: in open hours, without holds."""
    first_resolution_hours: Spread
    """From the opening to the first solution; of those first solved in the period."""
    course_hours: Spread
    """From the opening to the last thing that is known of it; of those opened in the period."""
    reopened: int
    """Of those opened in the period, how many were reopened."""
    reopen_percent: float | None
    """Of those solved in the period."""
    reassignments: int
    reassigned: int
    """How many tickets changed hands at all."""
    handovers: int
    handovers_mean: float | None
    handovers_most: int
    without_handover: int
    ping_pong: int


def figures(tickets: Sequence[MeasuredTicket], period: Period) -> Figures:
    """The figures of these tickets in a period."""
    opened = [one for one in tickets if one.opened_at in period]
    solved = [one for one in tickets if one.solved_at is not None and one.solved_at in period]
    first = [one for one in tickets if one.trail.first_solved_at is not None and one.trail.first_solved_at in period]
    handovers = [one.trail.handovers for one in opened]
    return Figures(
        opened=len(opened),
        solved=len(solved),
        open=sum(_is_open(one, period) for one in tickets),
        cancelled=sum(one.is_cancelled for one in opened),
        duplicates=sum(one.is_duplicate for one in opened),
        sla=_attainment(one.sla for one in solved),
        sla_there=_attainment(one.sla_there for one in solved),
        overdue=sum(one.is_overdue and _is_open(one, period) for one in tickets),
        resolution_hours=_hours(solved, lambda one: one.solved_at),
        business_hours=spread([one.business_seconds / _HOUR for one in solved if one.business_seconds is not None]),
        first_resolution_hours=_hours(first, lambda one: one.trail.first_solved_at),
        course_hours=_hours(opened, lambda one: one.last_at),
        reopened=sum(one.reopened > 0 for one in opened),
        reopen_percent=percent(sum(one.reopened > 0 for one in solved), len(solved)),
        reassignments=sum(one.reassigned for one in opened),
        reassigned=sum(one.reassigned > 0 for one in opened),
        handovers=sum(handovers),
        handovers_mean=round(sum(handovers) / len(handovers), _DIGITS) if handovers else None,
        handovers_most=max(handovers, default=0),
        without_handover=sum(one == 0 for one in handovers),
        ping_pong=sum(one.trail.is_ping_pong for one in opened),
    )


def grouped(tickets: Iterable[MeasuredTicket], by: By, period: Period) -> dict[str, Figures]:
    """The figures of each group, the one with the most opened tickets first."""
    groups: dict[str, list[MeasuredTicket]] = {}
    for one in tickets:
        groups.setdefault(one.groups.get(by) or NOBODY, []).append(one)
    found = {name: figures(group, period) for name, group in groups.items()}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].opened, pair[0])))


def top(tickets: Iterable[MeasuredTicket], by: By, period: Period) -> dict[str, int]:
    """The groups with the most tickets that were opened in the period, and how many."""
    counted = Counter(one.groups.get(by) for one in tickets if one.opened_at in period)
    named = [(name, count) for name, count in counted.items() if name is not None]
    return dict(sorted(named, key=lambda pair: (-pair[1], pair[0]))[:MOST_GROUPS])


def spread(values: Sequence[float]) -> Spread:
    """How values lie."""
    if not values:
        return Spread(0)
    series = pd.Series(values, dtype="float64")
    median, p90, p95 = series.quantile([0.5, 0.9, 0.95], interpolation="linear")
    found = (series.mean(), median, p90, p95, series.min(), series.max())
    return Spread(len(values), *(round(float(value), _DIGITS) for value in found))


def percent(part: int, whole: int) -> float | None:
    """So much of so many; of nothing no percentage is known."""
    return round(100 * part / whole, _DIGITS) if whole else None


def trail_of(steps: Iterable[tuple[datetime, str | None, Mapping[str, object]]], solved: str) -> Trail:
    """The way of a ticket by its rows of the journal: the moment, the state it came to, the facts."""
    teams: list[str] = []
    hands: tuple[object, object] = (None, None)
    reassigned, first_solved_at, last_at = 0, None, None
    for at, state, facts in steps:
        if "team" in facts or "owner" in facts:
            now = facts.get("team", hands[0]), facts.get("owner", hands[1])
            pairs = list(zip(hands, now, strict=True))
            reassigned += any(old is not None and new is not None and old != new for old, new in pairs)
            # Whom it was taken from still counts when it is given to somebody later.
            hands = tuple(new if new is not None else old for old, new in pairs)  # type: ignore[assignment]
            team = facts.get("team")
            if isinstance(team, str) and (not teams or teams[-1] != team):
                teams.append(team)
        if state is not None:
            last_at = at if last_at is None else max(at, last_at)
        if state == solved and first_solved_at is None:
            first_solved_at = at
    return Trail(max(len(teams) - 1, 0), len(set(teams)) < len(teams), reassigned, first_solved_at, last_at)


def _is_open(one: MeasuredTicket, period: Period) -> bool:
    ends = [at for at in (one.solved_at, one.ended_at) if at is not None]
    return period.has_begun(one.opened_at) and not any(period.has_begun(at) for at in ends)


def _attainment(verdicts: Iterable[bool | None]) -> Attainment:
    known = [verdict for verdict in verdicts if verdict is not None]
    return Attainment(len(known), sum(known), percent(sum(known), len(known)))


def _hours(tickets: Iterable[MeasuredTicket], end: Callable[[MeasuredTicket], datetime | None]) -> Spread:
    pairs = ((one.opened_at, end(one)) for one in tickets)
    return spread([(at - opened).total_seconds() / _HOUR for opened, at in pairs if at is not None])
