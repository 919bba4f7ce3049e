"""What is coming: the next runs by our own rule, where they meet, and what keeps some of them from running."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from desk.services.choosing import known_job
from desk.services.jobs import Paused, open_pauses
from models.database import Database
from models.queries import alarm_facts
from models.queries.book import Book, read_book
from models.queries.run_plans import hosts_of
from models.rules.alarms import usual_duration
from models.rules.calendars import open_intervals, why
from models.rules.forecast import ExpectedRun, clashes
from models.rules.slots import PlannedSlot, plan_slots
from models.site.jobs import EventWait
from models.vocabulary import SlotState

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class ComingRun:
    """One run to come, or one that a calendar or a pause skips."""

    job: str
    due_at: datetime
    runs: bool
    reason: str | None
    """Why it is skipped, or was moved."""
    usual: timedelta | None
    hosts: tuple[str, ...]
    waits_for_event: EventWait | None = None
    """It is due then, and starts when this event has come."""


@dataclass(frozen=True)
class Meeting:
    """Several runs at one time on the same hosts, or for the same service."""

    places: tuple[str, ...]
    """`host web1`, `service shop`."""
    start: datetime
    end: datetime
    jobs: tuple[str, ...]


@dataclass(frozen=True)
class Blackout:
    """A stretch in which these jobs may not start."""

    calendar: str
    title: str
    start: datetime
    end: datetime
    jobs: tuple[str, ...]


@dataclass(frozen=True)
class Forecast:
    """The next hours."""

    timezone: str
    since: datetime
    until: datetime
    runs: tuple[ComingRun, ...]
    clashes: tuple[Meeting, ...]
    blackouts: tuple[Blackout, ...]
    paused: tuple[Paused, ...] = field(default=())


def forecast(database: Database, job: str | None, span: Span) -> Forecast:
    """What is coming between two instants, for one job or all. Raises NotFound."""
    with database.read() as session:
        book = read_book(session)
        if job is not None:
            known_job(book, job)
        stopped = open_pauses(session, span[0])
        usual = {name: usual_duration(alarm_facts.durations(session, name)) for name in book.jobs}
    median = {name: band.median for name, band in usual.items() if band is not None}
    every = [run for name, slots in coming_slots(book, span).items() for run in _runs(book, name, slots, median)]
    every = sorted((_unless_paused(run, stopped) for run in every), key=lambda run: (run.due_at, run.job))
    return Forecast(
        timezone=book.timezone,
        since=span[0],
        until=span[1],
        runs=tuple(run for run in every if job in (None, run.job)),
        clashes=tuple(meeting for meeting in _meetings(book, every) if job is None or job in meeting.jobs),
        blackouts=tuple(_blackouts(book, span, job)),
        paused=stopped,
    )


def coming_slots(book: Book, span: Span) -> dict[str, list[PlannedSlot]]:
    """Every slot after the start of the span up to its end; a job that comes after others is due with the first."""
    found: dict[str, list[PlannedSlot]] = {}
    for name, job in book.jobs.items():
        schedule = book.schedule_of(name)
        if schedule is not None:
            found[name] = plan_slots(schedule, book.calendars, *span)
        elif job.after:
            upstream = found.get(job.after[0].job, [])
            found[name] = [PlannedSlot(slot.due, SlotState.EXPECTED) for slot in upstream]
    return found


def _runs(book: Book, name: str, slots: Iterable[PlannedSlot], usual: Mapping[str, timedelta]) -> Iterable[ComingRun]:
    job = book.job(name)
    hosts = () if job.flow else tuple(hosts_of(book, job))
    for slot in slots:
        runs = slot.state is SlotState.EXPECTED
        wait = job.wait_for_event if runs else None
        yield ComingRun(name, slot.due, runs, slot.reason or None, usual.get(name), hosts, wait)


def _unless_paused(run: ComingRun, stopped: Iterable[Paused]) -> ComingRun:
    for pause in stopped:
        if run.runs and pause.job in (None, run.job) and (pause.until is None or pause.until > run.due_at):
            return replace(run, runs=False, reason=f"paused by {pause.by}: {pause.reason}")
    return run


def _meetings(book: Book, runs: Iterable[ComingRun]) -> list[Meeting]:
    """The rule's clashes; the same jobs at the same time in several places are one."""
    expected = [
        ExpectedRun(run.job, run.due_at, run.usual or timedelta(0), run.hosts, book.job(run.job).service)
        for run in runs
        if run.runs and not _follows(book, run.job)
    ]
    places: dict[tuple[datetime, datetime, tuple[str, ...]], list[str]] = {}
    for clash in clashes(expected):
        places.setdefault((clash.start, clash.end, clash.jobs), []).append(clash.place)
    return [Meeting(tuple(where), start, end, jobs) for (start, end, jobs), where in places.items() if len(jobs) > 1]


def _follows(book: Book, job: str) -> bool:
    """A job that waits for the one before it does not meet it, though both are due at once."""
    return bool(book.job(job).after)


def _blackouts(book: Book, span: Span, job: str | None) -> Iterable[Blackout]:
    for name, calendar in book.calendars.items():
        kept_from = [other for other, one in book.jobs.items() if name in one.calendars.never]
        if job is not None and job not in kept_from:
            continue
        for start, end in open_intervals(calendar, *span) if kept_from else ():
            yield Blackout(name, why(calendar, start), start, end, tuple(sorted(kept_from)))
