"""What is coming: the next runs, and where too many of them meet on one host or one service."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules.calendars import Calendar
from models.rules.slots import JobSchedule, PlannedSlot, plan_slots
from models.vocabulary import SlotState


@dataclass(frozen=True)
class ExpectedRun:
    """One run that is coming: where it works and how long it usually takes (nothing known: no time)."""

    job: str
    due: datetime
    usual: timedelta = timedelta(0)
    hosts: tuple[str, ...] = ()
    service: str | None = None


@dataclass(frozen=True)
class Clash:
    """A stretch of time in which more runs than the limit meet at one place (`host web1`, `service shop`)."""

    place: str
    start: datetime
    end: datetime
    jobs: tuple[str, ...]


@dataclass(frozen=True)
class NextRun:
    """One slot to come of a named job."""

    job: str
    slot: PlannedSlot


def next_runs(
    jobs: Mapping[str, JobSchedule],
    calendars: Mapping[str, Calendar],
    span: tuple[datetime, datetime],
    count: int | None = None,
) -> list[NextRun]:
    """The slots of these jobs after the start of the span up to its end, skipped ones too; at most `count` if given."""
    coming = (NextRun(name, slot) for name, job in jobs.items() for slot in plan_slots(job, calendars, *span))
    ordered = sorted(coming, key=lambda run: (run.slot.due, run.job))
    return ordered if count is None else ordered[:count]


def will_run(runs: Iterable[NextRun]) -> list[NextRun]:
    """Those that no calendar forbids."""
    return [run for run in runs if run.slot.state is SlotState.EXPECTED]


def clashes(runs: Sequence[ExpectedRun], limit: int = 1) -> list[Clash]:
    """Where more than `limit` runs meet on one host, or of one service, in order of time.

    A run that is over when the next begins does not meet it; two that begin together do, however short they are.
    """
    places: dict[str, list[ExpectedRun]] = {}
    for run in runs:
        for host in run.hosts:
            places.setdefault(f"host {host}", []).append(run)
        if run.service is not None:
            places.setdefault(f"service {run.service}", []).append(run)
    found = (clash for place, meeting in places.items() for clash in _at(place, meeting, limit))
    return sorted(found, key=lambda clash: (clash.start, clash.place))


def _at(place: str, runs: Iterable[ExpectedRun], limit: int) -> Iterator[Clash]:
    """Sweep over the starts; a clash lasts until no more than the limit are left."""
    active: list[tuple[datetime, datetime, str]] = []
    start: datetime | None = None
    jobs: set[str] = set()
    for run in sorted(runs, key=lambda run: (run.due, run.job)):
        while active and active[0][0] <= run.due and active[0][1] < run.due:
            end, _, _ = heapq.heappop(active)
            if start is not None and len(active) <= limit:
                yield Clash(place, start, end, tuple(sorted(jobs)))
                start, jobs = None, set()
        heapq.heappush(active, (run.due + run.usual, run.due, run.job))
        if len(active) > limit:
            start = start or run.due
            jobs.update(job for _, _, job in active)
    while start is not None and len(active) > limit:
        end, _, _ = heapq.heappop(active)
        if len(active) <= limit:
            yield Clash(place, start, end, tuple(sorted(jobs)))
