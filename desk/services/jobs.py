"""Jobs as people see them: the list, and everything about one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.choosing import checked_filter, known_job
from models.database import Database
from models.queries import alarm_facts, alarms, desk_jobs, pauses
from models.queries.book import Book, read_book
from models.queries.desk_jobs import ActiveRun, NextSlot, PastRun
from models.queries.run_plans import hosts_of
from models.records import Pause
from models.rules.alarms import Usual, usual_duration
from models.rules.batch import waves
from models.rules.schedule_words import explain
from models.site.jobs import Job
from models.vocabulary import Join

NEXT = 5


@dataclass(frozen=True)
class OpenAlarm:
    """Something about a job is wrong now."""

    job: str
    kind: str
    since: datetime
    text: str
    count: int = 1


@dataclass(frozen=True)
class AlarmList:
    """What is wrong, oldest first."""

    timezone: str
    alarms: tuple[OpenAlarm, ...]


@dataclass(frozen=True)
class Paused:
    """A person stopped a job, or all of them (`job` None)."""

    job: str | None
    by: str
    since: datetime
    until: datetime | None
    reason: str


@dataclass(frozen=True)
class JobLine:
    """One job of the list."""

    name: str
    title: str
    owner: str
    service: str | None
    schedule: str | None
    last: PastRun | None
    strip: tuple[PastRun, ...]
    """Newest first."""
    next_due: datetime | None
    waiting: NextSlot | None
    """A slot that is due and waits for something."""
    active: tuple[ActiveRun, ...]
    paused: Paused | None
    alarms: tuple[OpenAlarm, ...]


@dataclass(frozen=True)
class JobList:
    """Every job in force."""

    site: str
    timezone: str
    at: datetime
    everything_paused: Paused | None
    jobs: tuple[JobLine, ...]


@dataclass(frozen=True)
class JobDetail:
    """Everything about one job."""

    name: str
    at: datetime
    timezone: str
    """Of its schedule, or of the site."""
    schedule: str | None
    """In words."""
    job: Job
    filter: str | None
    """The node filter that chose the hosts: the job's own, or the one to be tried."""
    waves: tuple[tuple[str, ...], ...]
    last_runs: tuple[PastRun, ...]
    usual: Usual | None
    next_runs: tuple[NextSlot, ...]
    waiting: NextSlot | None
    """A slot that is due and waits for something."""
    active: tuple[ActiveRun, ...]
    paused: Paused | None
    alarms: tuple[OpenAlarm, ...]
    starts: tuple[str, ...]
    """The jobs that come after this one."""


def list_jobs(database: Database, now: datetime) -> JobList:
    """Every job in force, by name."""
    with database.read() as session:
        book = read_book(session)
        strips, due = desk_jobs.last_runs(session), desk_jobs.next_due(session, now)
        waiting = desk_jobs.waiting_slots(session, now)
        active, stopped = desk_jobs.active_runs(session), open_pauses(session, now)
        wrong = open_alarms(session, book, now)
    lines = [
        JobLine(
            name=name,
            title=job.title,
            owner=job.owner,
            service=job.service,
            schedule=schedule_in_words(book, name),
            last=next(iter(strips.get(name, ())), None),
            strip=tuple(strips.get(name, ())),
            next_due=due.get(name),
            waiting=waiting.get(name),
            active=tuple(run for run in active if run.job == name),
            paused=pause_of(stopped, name),
            alarms=tuple(alarm for alarm in wrong if alarm.job == name),
        )
        for name, job in sorted(book.jobs.items())
    ]
    return JobList(book.site, book.timezone, now, pause_of(stopped, None), tuple(lines))


def show_job(database: Database, name: str, on: str | None, now: datetime) -> JobDetail:
    """Everything about one job; `on` tries another node filter. Raises NotFound, Refused when no host matches."""
    with database.read() as session:
        book = read_book(session)
        job, on = known_job(book, name), checked_filter(book, on)
        schedule = book.schedule_of(name)
        return JobDetail(
            name=name,
            at=now,
            timezone=(schedule and schedule.schedule.timezone) or book.timezone,
            schedule=schedule_in_words(book, name),
            job=job,
            filter=on or job.on,
            waves=() if job.flow else waves_of(book, job, on),
            last_runs=tuple(desk_jobs.last_runs(session, job=name).get(name, ())),
            usual=usual_duration(alarm_facts.durations(session, name)),
            next_runs=tuple(desk_jobs.next_slots(session, name, now, NEXT)),
            waiting=desk_jobs.waiting_slots(session, now).get(name),
            active=tuple(desk_jobs.active_runs(session, name)),
            paused=pause_of(open_pauses(session, now), name),
            alarms=tuple(alarm for alarm in open_alarms(session, book, now) if alarm.job == name),
            starts=tuple(sorted(other for other, one in book.jobs.items() if name in {up.job for up in one.after})),
        )


def waves_of(book: Book, job: Job, on: str | None) -> tuple[tuple[str, ...], ...]:
    """The hosts of a job in the groups that run at once."""
    nodes = [book.node(host) for host in hosts_of(book, job, on)]
    return tuple(tuple(wave) for wave in waves(nodes, job.batch))


def schedule_in_words(book: Book, name: str) -> str | None:
    """When a job is due, in words; None for one that runs by hand only."""
    schedule, job = book.schedule_of(name), book.job(name)
    if schedule is not None:
        return explain(schedule.schedule)
    if job.after:
        joined = " and " if job.join is Join.ALL else " or "
        return f"after {joined.join(upstream.job for upstream in job.after)}"
    return None


def open_alarms(session: Session, book: Book, now: datetime) -> tuple[OpenAlarm, ...]:
    """What is wrong at this moment, oldest first, whether the planner has recorded it yet or not."""
    return tuple(
        OpenAlarm(alarm.job, alarm.kind.value, alarm.since, alarm.text, alarm.count)
        for alarm in alarms.standing(session, book, now)
    )


def list_alarms(database: Database, now: datetime) -> AlarmList:
    """What is wrong with jobs at this moment."""
    with database.read() as session:
        book = read_book(session)
        return AlarmList(book.timezone, open_alarms(session, book, now))


def paused(pause: Pause) -> Paused:
    """The row as a plain value."""
    return Paused(pause.job, pause.paused_by, pause.paused_at, pause.until, pause.reason)


def open_pauses(session: Session, now: datetime) -> tuple[Paused, ...]:
    """Every pause in force."""
    return tuple(paused(pause) for pause in pauses.all_open(session, now))


def pause_of(stopped: Sequence[Paused], job: str | None) -> Paused | None:
    """The pause of this very job (or of everything, for None) among those in force."""
    return next((pause for pause in stopped if pause.job == job), None)
