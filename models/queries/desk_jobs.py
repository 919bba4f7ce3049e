"""What the desk shows of jobs: their last runs, what is due next, what is under way."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.queries.slots import WAITING
from models.records import Run, Slot
from models.records.work import run_number
from models.vocabulary import Outcome, RunState, SlotState, Trigger

STRIP = 14


@dataclass(frozen=True)
class PastRun:
    """One end of a job's strip: a run that ended, or a slot that was missed and has no run."""

    run: str | None
    """RUN000123; None for a missed slot without a run."""
    outcome: Outcome
    ended_at: datetime
    started_at: datetime | None = None
    attempt: int = 1
    trigger: Trigger | None = None
    summary: str | None = None

    @property
    def took(self) -> timedelta | None:
        """How long it ran; None when it never started."""
        return self.ended_at - self.started_at if self.started_at else None


@dataclass(frozen=True)
class ActiveRun:
    """A run that has not ended."""

    run: str
    job: str
    state: RunState
    since: datetime
    trigger: Trigger
    waits_for: str | None


@dataclass(frozen=True)
class NextSlot:
    """One expected run to come, or one that a calendar skips."""

    due_at: datetime
    state: SlotState
    reason: str | None


def last_runs(session: Session, count: int = STRIP, job: str | None = None) -> dict[str, list[PastRun]]:
    """The newest ended runs and missed slots of each job, newest first."""
    found: dict[str, list[PastRun]] = {}
    for name, past in (*_ended(session, count, job), *_missed(session, count, job)):
        found.setdefault(name, []).append(past)
    return {name: sorted(runs, key=lambda run: run.ended_at, reverse=True)[:count] for name, runs in found.items()}


def _ended(session: Session, count: int, job: str | None) -> Iterable[tuple[str, PastRun]]:
    place = func.row_number().over(partition_by=Run.job, order_by=Run.queued_at.desc())
    ranked = select(Run.id, place.label("place")).where(Run.state == RunState.ENDED)
    if job is not None:
        ranked = ranked.where(Run.job == job)
    newest = ranked.subquery()
    query = select(Run).join(newest, Run.id == newest.c.id).where(newest.c.place <= count)
    for run in session.scalars(query):
        if run.outcome is not None and run.ended_at is not None:
            facts = (run.started_at, run.attempt, run.trigger, run.summary)
            yield run.job, PastRun(run.number, run.outcome, run.ended_at, *facts)


def _missed(session: Session, count: int, job: str | None) -> Iterable[tuple[str, PastRun]]:
    place = func.row_number().over(partition_by=Slot.job, order_by=Slot.due_at.desc())
    ranked = (
        select(Slot.job, Slot.due_at, Slot.reason, place.label("place"))
        .outerjoin(Run, Run.slot_id == Slot.id)
        .where(Slot.state == SlotState.MISSED, Run.id.is_(None))
    )
    if job is not None:
        ranked = ranked.where(Slot.job == job)
    newest = ranked.subquery()
    query = select(newest.c.job, newest.c.due_at, newest.c.reason).where(newest.c.place <= count)
    for name, due_at, reason in session.execute(query):
        yield name, PastRun(None, Outcome.MISSED, due_at, summary=reason)


def next_due(session: Session, now: datetime) -> dict[str, datetime]:
    """When each job is expected next; a slot that is due and still waits counts."""
    query = select(Slot.job, func.min(Slot.due_at)).where(Slot.state.in_(WAITING)).group_by(Slot.job)
    return {job: due for job, due in session.execute(query).tuples() if due > now - timedelta(days=40)}


def next_slots(session: Session, job: str, now: datetime, count: int) -> list[NextSlot]:
    """The next slots of a job, skipped ones too."""
    query = select(Slot).where(Slot.job == job, Slot.due_at > now).order_by(Slot.due_at).limit(count)
    return [NextSlot(slot.due_at, slot.state, slot.reason) for slot in session.scalars(query)]


def waiting_slots(session: Session, now: datetime) -> dict[str, NextSlot]:
    """The oldest slot of each job that is due and has not started, and what it waits for."""
    query = select(Slot).where(Slot.state.in_(WAITING), Slot.due_at <= now).order_by(Slot.due_at.desc())
    return {slot.job: NextSlot(slot.due_at, slot.state, slot.reason) for slot in session.scalars(query)}


def active_runs(session: Session, job: str | None = None) -> list[ActiveRun]:
    """The runs that have not ended, oldest first."""
    query = select(Run).where(Run.state != RunState.ENDED).order_by(Run.id)
    if job is not None:
        query = query.where(Run.job == job)
    return [
        ActiveRun(
            run_number(run.id), run.job, run.state, run.started_at or run.queued_at, run.trigger, run.queue_reason
        )
        for run in session.scalars(query)
    ]
