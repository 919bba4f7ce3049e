"""The slot ledger: every expected run is a row before it happens, and every row is settled in words."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.queries import journal
from models.queries.book import Book
from models.records import Job, Run, Slot
from models.rules.slots import PlannedSlot, plan_slots
from models.vocabulary import Outcome, SlotState

HORIZON = timedelta(hours=48)
WAITING = (SlotState.EXPECTED, SlotState.LATE)


def plan_ahead(session: Session, book: Book, now: datetime, actor: str) -> int:
    """Write the slots up to 48 hours from now. Returns how many are new.

    Planning goes on from where it stopped, however long ago: slots of an outage are written too, so that each can be
    called missed or be caught up. A job that changed loses its future slots and is planned anew from the change.
    """
    rows = {row.name: row for row in session.scalars(select(Job).where(Job.retired_at.is_(None)))}
    added = sum(_plan_job(session, book, rows[name], now) for name in book.jobs if name in rows)
    removed = _drop_retired(session, set(book.jobs), now)
    if added or removed:
        fact = journal.Fact(
            "operations:slots:plan", f"site/{book.site}", actor, facts={"added": added, "removed": removed}
        )
        journal.append(session, fact)
    return added


def _plan_job(session: Session, book: Book, row: Job, now: datetime) -> int:
    schedule, until = book.schedule_of(row.name), now + HORIZON
    changed = min(book.applied_at, now)
    after = row.planned_until or changed
    if row.planned_sha256 != book.sha256[row.name]:
        _drop_future(session, row.name, changed)
        after = min(after, changed)
    if schedule is None:
        planned = dependent_slots(session, book, row.name, after, until)
    else:
        planned = plan_slots(schedule, book.calendars, after, until)
    row.planned_until, row.planned_sha256 = until, book.sha256[row.name]
    return _insert(session, row.name, planned, now)


def dependent_slots(session: Session, book: Book, name: str, after: datetime, until: datetime) -> list[PlannedSlot]:
    """A job without a schedule that comes after others is expected whenever the first of them is."""
    job = book.job(name)
    if not job.after:
        return []
    query = select(Slot.due_at).where(Slot.job == job.after[0].job, Slot.due_at > after, Slot.due_at <= until)
    return [PlannedSlot(due, SlotState.EXPECTED) for due in session.scalars(query.order_by(Slot.due_at))]


def _insert(session: Session, job: str, planned: Iterable[PlannedSlot], now: datetime) -> int:
    planned = list(planned)
    dues = [slot.due for slot in planned]
    between = Slot.due_at.between(min(dues), max(dues)) if dues else Slot.due_at.is_(None)
    known = set(session.scalars(select(Slot.due_at).where(Slot.job == job, between)))
    rows = [
        {
            "job": job,
            "due_at": slot.due,
            "state": slot.state,
            "planned_at": now,
            "settled_at": None if slot.state in WAITING else now,
            "moved_from": slot.moved_from,
            "reason": slot.reason or None,
        }
        for slot in planned
        if slot.due not in known
    ]
    if rows:
        session.execute(insert(Slot), rows)
    return len(rows)


def _drop_future(session: Session, job: str, now: datetime) -> int:
    """Forget slots that are not due yet: the plan they came from is gone."""
    gone = delete(Slot).where(Slot.job == job, Slot.due_at > now, Slot.state.in_((*WAITING, SlotState.SKIPPED)))
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult


def _drop_retired(session: Session, in_force: set[str], now: datetime) -> int:
    """A job that left the site has no future slots; `dispatching` settles the ones that are due."""
    query = select(Slot.job).where(Slot.state.in_(WAITING)).distinct()
    return sum(_drop_future(session, job, now) for job in session.scalars(query) if job not in in_force)


def due(session: Session, now: datetime) -> dict[str, list[Slot]]:
    """The slots whose time has come and that wait, by job, oldest first."""
    query = select(Slot).where(Slot.state.in_(WAITING), Slot.due_at <= now).order_by(Slot.due_at)
    by_job: dict[str, list[Slot]] = {}
    for slot in session.scalars(query):
        by_job.setdefault(slot.job, []).append(slot)
    return by_job


def next_due(session: Session, job: str, now: datetime, limit: int = 5) -> list[Slot]:
    """The next expected runs of a job."""
    query = select(Slot).where(Slot.job == job, Slot.due_at > now).order_by(Slot.due_at).limit(limit)
    return list(session.scalars(query))


def latest_within(session: Session, job: str, at: datetime, within: timedelta) -> Slot | None:
    """The latest slot of a job that was due at or before an instant, and not longer ago than `within`."""
    query = select(Slot).where(Slot.job == job, Slot.due_at <= at, Slot.due_at >= at - within)
    return session.scalars(query.order_by(Slot.due_at.desc()).limit(1)).first()


def end_of(session: Session, slot: Slot) -> tuple[Outcome | None, datetime | None]:
    """How and when a slot got its last word: its run ended, or it was skipped or missed. Nothing while it is open."""
    never = {SlotState.SKIPPED: Outcome.SKIPPED, SlotState.MISSED: Outcome.MISSED}
    if slot.state in never:
        return never[slot.state], slot.settled_at
    ended = session.execute(select(Run.outcome, Run.ended_at).where(Run.slot_id == slot.id)).one_or_none()
    return (ended.outcome, ended.ended_at) if ended else (None, None)
