"""How things stand now, and what the next hours bring."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.queries import heartbeats
from models.queries.daily_operations.reading import Item, JobFacts, read_expected
from models.queries.daily_operations.standing import (
    Active,
    Ahead,
    Blackout,
    Due,
    Now,
    OpenAlarm,
    Paused,
    Period,
    Silent,
)
from models.records import Alarm, CalendarEntry, OutboxRow, Pause, Run, Step
from models.rules.calendars import Calendar, open_intervals, why
from models.vocabulary import Outcome, RunState, SlotState

AHEAD = timedelta(hours=24)
UNDELIVERED_AFTER = timedelta(minutes=5)
CALENDAR = TypeAdapter(Calendar)


def read_now(session: Session, now: datetime, own_run: int | None) -> Now:
    """Open alarms, runs but our own that have not ended, pauses in force, parts that are silent."""
    return Now(
        alarms=tuple(_alarms(session)),
        active=tuple(active for active in _active(session) if active.run != own_run),
        paused=tuple(_paused(session, now)),
        silent=tuple(_silent(session, now)),
        undelivered=_undelivered(session, now),
    )


def complete_to(period: Period, standing: Now, now: datetime) -> datetime | None:
    """Up to when the rows tell everything: a silent planner settles nothing more. None when none ever ran."""
    planner = next((part for part in standing.silent if part.part == "planner"), None)
    if planner is None:
        return min(period.until, now)
    if planner.since is None:
        return None
    return min(period.until, now, planner.since)


def _alarms(session: Session) -> Iterator[OpenAlarm]:
    query = select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at, Alarm.id)
    for row in session.scalars(query):
        yield OpenAlarm(row.job, row.kind.value, row.raised_at, row.count, row.text, row.run_id)


def _active(session: Session) -> Iterator[Active]:
    done = (
        select(func.count(func.distinct(Step.host)))
        .where(Step.run_id == Run.id, Step.outcome == Outcome.OK)
        .scalar_subquery()
    )
    query = select(Run, done).where(Run.state != RunState.ENDED).order_by(Run.queued_at, Run.id)
    for run, hosts_done in session.execute(query):
        hosts = {host for wave in run.plan.get("waves", ()) for host in wave}
        waits = run.queue_reason
        if run.kill_requested_at is not None:
            waits = f"is being killed, asked for by {run.kill_requested_by}"
        since = run.started_at or run.queued_at
        yield Active(run.id, run.job, run.state.value, since, hosts_done, len(hosts), waits)


def _paused(session: Session, now: datetime) -> Iterator[Paused]:
    query = select(Pause).where(Pause.ended_at.is_(None), or_(Pause.until.is_(None), Pause.until > now))
    for row in session.scalars(query.order_by(Pause.paused_at, Pause.id)):
        yield Paused(row.job, row.paused_at, row.until, row.paused_by, row.reason)


def _silent(session: Session, now: datetime) -> Iterator[Silent]:
    for part in sorted(heartbeats.judge(session, now), key=lambda part: part.name):
        if part.is_silent:
            heard = part.heard
            yield Silent(part.name, heard.at if heard else None, heard.note if heard else None)


def _undelivered(session: Session, now: datetime) -> int:
    query = select(func.count()).where(
        OutboxRow.sent_at.is_(None),
        or_(OutboxRow.given_up_at.is_not(None), OutboxRow.created_at < now - UNDELIVERED_AFTER),
    )
    return session.scalar(query) or 0


def read_ahead(session: Session, jobs: Mapping[str, JobFacts], now: datetime, *, but: Collection[str] = ()) -> Ahead:
    """The plan of the next 24 hours, from the slots that are written already; of all jobs but some."""
    period = Period(now, now + AHEAD)
    by_job: dict[str, list[Item]] = defaultdict(list)
    for item in read_expected(session, period.since, period.until, but=but):
        by_job[item.job].append(item)
    due = (_due(job, items, jobs) for job, items in by_job.items())
    return Ahead(
        period=period,
        due=tuple(sorted(due, key=lambda line: (line.first, line.job))),
        blackouts=tuple(_blackouts(session, jobs, period)),
    )


def _due(job: str, items: list[Item], jobs: Mapping[str, JobFacts]) -> Due:
    skipped = [item for item in items if item.state is SlotState.SKIPPED]
    wanted = [item for item in items if item.state is not SlotState.SKIPPED] or items
    return Due(
        job=job,
        title=jobs[job].title if job in jobs else job,
        number=len(items) - len(skipped),
        first=wanted[0].at,
        last=wanted[-1].at,
        skipped=len(skipped),
        note=next((item.reason for item in items if item.reason), None),
    )


def _blackouts(session: Session, jobs: Mapping[str, JobFacts], period: Period) -> Iterator[Blackout]:
    kept: dict[str, list[str]] = defaultdict(list)
    for job, facts in sorted(jobs.items()):
        for name in facts.never if facts.in_force else ():
            kept[name].append(job)
    query = select(CalendarEntry).where(CalendarEntry.name.in_(sorted(kept)), CalendarEntry.retired_at.is_(None))
    found = []
    for row in session.scalars(query.order_by(CalendarEntry.name)):
        calendar = CALENDAR.validate_python(row.spec)
        for since, until in open_intervals(calendar, period.since, period.until):
            reason = why(calendar, since)
            found.append(Blackout(row.name, row.title, reason, since, until, tuple(kept[row.name])))
    yield from sorted(found, key=lambda blackout: (blackout.since, blackout.calendar))
