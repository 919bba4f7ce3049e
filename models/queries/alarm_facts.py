"""What the alarm rule needs to know, read for many jobs at once: a few selects, however many jobs there are."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import Session, aliased

from models.queries import pauses
from models.queries.book import Book
from models.records import Job, Run, Slot
from models.rules.alarms import EndedRun, JobFacts, usual_duration
from models.vocabulary import Outcome, RunState, SlotState

HISTORY = 30


def facts_of(session: Session, book: Book, jobs: Collection[str], now: datetime) -> dict[str, JobFacts]:
    """What the alarm rule needs to know of each of these jobs."""
    ends = {job: (registered, *found) for job, registered, *found in session.execute(_ends(jobs)).tuples()}
    late, running = _late_since(session, jobs, now), _running_since(session, jobs)
    missed = _missed(session, {job: success or registered for job, (registered, success, *_) in ends.items()})
    return {
        job: JobFacts(
            known_since=registered,
            waiting_due=late.get(job),
            late_after=book.job(job).late_after,
            running_since=running.get(job),
            last_ended=EndedRun(*last) if all(last) else None,
            last_success=success,
            missed=tuple(missed.get(job, ())),
            # Only this limit is measured against it, and it is the only fact that takes a select of its own.
            usual=usual_duration(durations(session, job)) if book.job(job).alarms.over_usual else None,
        )
        for job, (registered, success, *last) in ends.items()
    }


def durations(session: Session, job: str) -> list[timedelta]:
    """How long the last good runs of a job took, newest first."""
    query = (
        select(Run.started_at, Run.ended_at)
        .where(Run.job == job, Run.outcome == Outcome.OK, Run.started_at.is_not(None))
        .order_by(Run.ended_at.desc())
        .limit(HISTORY)
    )
    return [ended - started for started, ended in session.execute(query) if started and ended]


def _ends(jobs: Collection[str]) -> Select[Any]:
    """Of each job: since when it is known, its last success, and the start, end and outcome of its last run."""
    last = aliased(Run)
    query = select(Job.name, Job.registered_at, _newest_end(), last.started_at, last.ended_at, last.outcome)
    return query.outerjoin(last, last.id == _newest_run()).where(Job.name.in_(jobs))


def _newest_end() -> ScalarSelect[Any]:
    query = select(Run.ended_at).where(Run.job == Job.name, Run.outcome == Outcome.OK)
    return query.order_by(Run.ended_at.desc()).limit(1).correlate(Job).scalar_subquery()


def _newest_run() -> ScalarSelect[Any]:
    query = select(Run.id).where(Run.job == Job.name, Run.ended_at.is_not(None), Run.started_at.is_not(None))
    return query.order_by(Run.ended_at.desc()).limit(1).correlate(Job).scalar_subquery()


def _late_since(session: Session, jobs: Collection[str], now: datetime) -> dict[str, datetime]:
    """The oldest late slot of each job; one that waits for another job is not late, and a paused job has none."""
    query = select(Slot.job, func.min(Slot.due_at)).where(Slot.state == SlotState.LATE).group_by(Slot.job)
    late = session.execute(query).tuples().all()
    return {job: due for job, due in late if job in jobs and pauses.in_force(session, job, now, now) is None}


def _running_since(session: Session, jobs: Collection[str]) -> dict[str, datetime]:
    query = select(Run.job, func.min(Run.started_at)).where(Run.state == RunState.RUNNING).group_by(Run.job)
    return {job: since for job, since in session.execute(query).tuples() if job in jobs and since}


def _missed(session: Session, since: dict[str, datetime]) -> dict[str, list[datetime]]:
    """The missed slots of each job after an instant of its own, oldest first."""
    found: dict[str, list[datetime]] = {}
    if not since:
        return found
    query = select(Slot.job, Slot.due_at).where(Slot.state == SlotState.MISSED, Slot.due_at > min(since.values()))
    for job, due in session.execute(query.order_by(Slot.due_at)).tuples():
        if job in since and due > since[job]:
            found.setdefault(job, []).append(due)
    return found
