"""Forget what was kept long enough: outputs, then the log of tasks; events; notices. Never what has not ended.

Slots, runs, steps and the journal stay: reports and audits are read from them.
"""

from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session, aliased

from models.queries import journal
from models.records import Event, Notice, Output, Run, Slot, TaskLog
from models.vocabulary import RunState

BATCH_ROWS = 500
"""At most so many rows in one transaction: other writers must not wait for a clean-up."""


def forget(session: Session, now: datetime, *, output_for: timedelta, log_for: timedelta) -> int:
    """Delete one batch of what is too old. Returns how many rows went; call it again until that is 0."""
    old_outputs = select(Output.id).join(TaskLog).where(TaskLog.id.in_(_ended_before(now - output_for)))
    outputs = list(session.scalars(old_outputs.limit(BATCH_ROWS)))
    session.execute(delete(Output).where(Output.id.in_(outputs)))
    logs = [] if outputs else list(session.scalars(_forgettable_logs(now - log_for)))
    session.execute(delete(TaskLog).where(TaskLog.id.in_(logs)))
    if outputs or logs:
        facts = {"outputs": len(outputs), "task_log": len(logs)}
        journal.append(session, journal.Fact("operations:log:forget", "task_log/*", "planner", facts=facts))
    return len(outputs) + len(logs)


def forget_events(session: Session, now: datetime, kept_for: timedelta) -> int:
    """Delete one batch of events that are too old, except those that released a slot. Returns how many went."""
    releasing = select(Slot.id).where(Slot.event_id == Event.id).exists()
    old = select(Event.id).where(Event.received_at < now - kept_for, ~releasing).order_by(Event.received_at)
    events = list(session.scalars(old.limit(BATCH_ROWS)))
    if events:
        session.execute(delete(Event).where(Event.id.in_(events)))
        fact = journal.Fact("events:event:forget", "event/*", "planner", facts={"events": len(events)})
        journal.append(session, fact)
    return len(events)


def forget_notices(session: Session, now: datetime, kept_for: timedelta) -> int:
    """Delete one batch of notices that are too old, except those that still wait. Returns how many went."""
    part = aliased(Notice)
    is_over = or_(
        *(end.is_not(None) for end in (Notice.sent_at, Notice.failed_at, Notice.dropped_at, Notice.digest_id))
    )
    old = select(Notice.id).where(Notice.created_at < now - kept_for, is_over)
    # A digest goes after what it told of.
    free = old.where(~select(part.id).where(part.digest_id == Notice.id).exists()).order_by(Notice.created_at)
    notices = list(session.scalars(free.limit(BATCH_ROWS)))
    if notices:
        session.execute(delete(Notice).where(Notice.id.in_(notices)))
        fact = journal.Fact("notices:notice:forget", "notice/*", "planner", facts={"notices": len(notices)})
        journal.append(session, fact)
    return len(notices)


def _ended_before(instant: datetime) -> Select[tuple[int]]:
    """Task runs that ended before an instant, of runs that have ended too."""
    open_runs = select(Run.id).where(Run.state != RunState.ENDED)
    of_ended = TaskLog.run_id.is_(None) | TaskLog.run_id.not_in(open_runs)
    return select(TaskLog.id).where(TaskLog.ended_at < instant, of_ended)


def _forgettable_logs(instant: datetime) -> Select[tuple[int]]:
    """Old rows without output; a task's row goes after those of its hosts."""
    parents = select(TaskLog.parent_id).where(TaskLog.parent_id.is_not(None))
    kept = select(Output.task_log_id)
    return (
        _ended_before(instant)
        .where(TaskLog.id.not_in(parents), TaskLog.id.not_in(kept))
        .order_by(func.coalesce(TaskLog.parent_id, 0).desc(), TaskLog.id)
        .limit(BATCH_ROWS)
    )
