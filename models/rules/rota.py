"""Who is on call: people in turn, a handover by the clock on the wall, and the times that somebody else stands in.

A shift lasts whole days from one handover to the next, so that one over a change of the clocks has an hour more or
less. The first shift begins on `starts`; before it nobody is on call. Of overrides that overlap, the last in the file
holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import ClassVar
from zoneinfo import ZoneInfo

from models.rules.field_error import FieldError, under
from models.rules.wall_clock import require_aware, to_instant, wall_time, zone_of


@dataclass(frozen=True)
class Override:
    """Somebody stands in; both times are local to the rota, or carry an offset."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    person: str
    starts: datetime
    ends: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.starts.tzinfo is None) != (self.ends.tzinfo is None):
            raise FieldError("ends", "`starts` and `ends` are both local wall times, or both carry an offset")
        if self.ends <= self.starts:
            raise FieldError("ends", "it ends before it starts")


@dataclass(frozen=True)
class Rota:
    """A rotation. The site fills `name` from the key and `timezone` from its own when absent."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    team: str
    people: tuple[str, ...]
    starts: date
    name: str = ""
    title: str = ""
    days: int = 7
    handover: time = time(9)
    timezone: str | None = None
    overrides: tuple[Override, ...] = ()

    def __post_init__(self) -> None:
        if not self.people:
            raise FieldError("people", "a rota without people calls nobody")
        if not 1 <= self.days <= 366:
            raise FieldError("days", "a shift lasts 1 to 366 days")
        if self.handover.tzinfo is not None:
            raise FieldError("handover", "is a time of day in the zone of the rota, without an offset")
        with under("timezone"):
            zone_of(self.timezone)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of its handovers."""
        return zone_of(self.timezone)

    def handover_at(self, number: int) -> datetime:
        """When the shift with this number begins, counted from 0."""
        day = self.starts + timedelta(days=self.days * number)
        return to_instant(datetime.combine(day, self.handover), self.zone)


@dataclass(frozen=True)
class Shift:
    """One person's turn; `stands_in` when the rotation named somebody else."""

    person: str
    starts: datetime
    ends: datetime
    stands_in: bool = False


def on_call(rota: Rota, at: datetime) -> Shift | None:
    """Who is on call at an instant, and since and until when; None before the rota starts."""
    now = require_aware(at, "the instant")
    shift = _turn(rota, now)
    for override in rota.overrides:
        since, until = _span(rota, override)
        if since <= now < until:
            shift = Shift(override.person, since, until, stands_in=True)
    return shift


def shifts(rota: Rota, since: datetime, until: datetime) -> Iterator[Shift]:
    """Who is on call between two instants, in order, joined while it stays the same person."""
    begin, end = require_aware(since, "the start"), require_aware(until, "the end")
    held: Shift | None = None
    edges = sorted({begin, *_edges(rota, begin, end), end})
    for left, right in pairwise(edges):
        found = on_call(rota, left)
        if held is not None and found is not None and held.person == found.person and held.ends == left:
            held = Shift(held.person, held.starts, right, held.stands_in and found.stands_in)
            continue
        if held is not None:
            yield held
        held = Shift(found.person, left, right, found.stands_in) if found else None
    if held is not None:
        yield held


def _turn(rota: Rota, now: datetime) -> Shift | None:
    wall = wall_time(now, rota.zone)
    number = (wall - datetime.combine(rota.starts, rota.handover)) // timedelta(days=rota.days)
    # A handover that falls into the hour of a change of the clocks may lie beside what the wall says.
    number = next(one for one in (number + 1, number, number - 1) if rota.handover_at(one) <= now)
    if number < 0:
        return None
    return Shift(rota.people[number % len(rota.people)], rota.handover_at(number), rota.handover_at(number + 1))


def _edges(rota: Rota, since: datetime, until: datetime) -> Iterator[datetime]:
    for override in rota.overrides:
        yield from (edge for edge in _span(rota, override) if since < edge < until)
    first = _turn(rota, since)
    edge = first.ends if first else rota.handover_at(0)
    while edge < until:
        yield edge
        following = _turn(rota, edge)
        if following is None:
            return
        edge = following.ends


def _span(rota: Rota, override: Override) -> tuple[datetime, datetime]:
    def instant(moment: datetime) -> datetime:
        return require_aware(moment, "it") if moment.tzinfo else to_instant(moment, rota.zone)

    return instant(override.starts), instant(override.ends)
