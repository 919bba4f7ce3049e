"""Look at every job: raise what is wrong, clear what is over. One alarm of a kind is open per job at a time."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.queries import notices, pauses
from models.queries.book import Book
from models.records import Alarm, Job, Run, Slot
from models.rules import alarms as rule
from models.rules.alarms import EndedRun, JobFacts, usual_duration
from models.vocabulary import AlarmKind, Outcome, RunState, SlotState

HISTORY = 30
RENEW_EVERY = timedelta(minutes=1)
OF_A_RUN = (AlarmKind.FAILED, AlarmKind.MISSED)
"""Told when the run or slot ended; the alarm only remembers them."""


def look(session: Session, book: Book, now: datetime) -> list[str]:
    """One look at every job. Returns a line for people for each alarm that was raised or cleared."""
    lines: list[str] = []
    opened = {(alarm.job, alarm.kind): alarm for alarm in open_alarms(session)}
    for name, job in book.jobs.items():
        kinds = {kind for job_name, kind in opened if job_name == name}
        held = {alarm.kind: alarm for alarm in rule.alarms_for(job.alarms, facts_of(session, book, name, now), now)}
        for alarm in held.values():
            if alarm.kind in kinds:
                _renew(opened[name, alarm.kind], alarm, now)
            else:
                lines.append(_raise(session, name, alarm, now))
        lines += [_clear(session, opened[name, kind], now) for kind in kinds - held.keys()]
    lines += [_clear(session, alarm, now) for (name, _), alarm in opened.items() if name not in book.jobs]
    return lines


def open_alarms(session: Session) -> list[Alarm]:
    """What is wrong now, oldest first."""
    return list(session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at)))


def facts_of(session: Session, book: Book, name: str, now: datetime) -> JobFacts:
    """What the alarm rule needs to know of a job."""
    registered: datetime = session.scalars(select(Job.registered_at).where(Job.name == name)).one()
    success = session.scalar(select(func.max(Run.ended_at)).where(Run.job == name, Run.outcome == Outcome.OK))
    return JobFacts(
        known_since=registered,
        waiting_due=_late_since(session, name, now),
        late_after=book.job(name).late_after,
        running_since=session.scalar(
            select(func.min(Run.started_at)).where(Run.job == name, Run.state == RunState.RUNNING)
        ),
        last_ended=_last_ended(session, name),
        last_success=success,
        missed=_missed_since(session, name, success or registered),
        usual=usual_duration(durations(session, name)),
    )


def _late_since(session: Session, name: str, now: datetime) -> datetime | None:
    """The oldest slot that is late; one that waits for another job is not, nor is a paused job."""
    if pauses.in_force(session, name, now, now) is not None:
        return None
    return session.scalar(select(func.min(Slot.due_at)).where(Slot.job == name, Slot.state == SlotState.LATE))


def _last_ended(session: Session, name: str) -> EndedRun | None:
    query = select(Run).where(Run.job == name, Run.state == RunState.ENDED, Run.started_at.is_not(None))
    run = session.scalars(query.order_by(Run.ended_at.desc()).limit(1)).first()
    if run is None or run.started_at is None or run.ended_at is None or run.outcome is None:
        return None
    return EndedRun(run.started_at, run.ended_at, run.outcome)


def _missed_since(session: Session, name: str, since: datetime) -> tuple[datetime, ...]:
    query = select(Slot.due_at).where(Slot.job == name, Slot.state == SlotState.MISSED, Slot.due_at > since)
    return tuple(session.scalars(query.order_by(Slot.due_at)))


def durations(session: Session, name: str) -> list[timedelta]:
    """How long the last good runs of a job took, newest first."""
    query = (
        select(Run.started_at, Run.ended_at)
        .where(Run.job == name, Run.outcome == Outcome.OK, Run.started_at.is_not(None))
        .order_by(Run.ended_at.desc())
        .limit(HISTORY)
    )
    return [ended - started for started, ended in session.execute(query) if started and ended]


def _raise(session: Session, job: str, alarm: rule.Alarm, now: datetime) -> str:
    session.add(Alarm(job=job, kind=alarm.kind, raised_at=now, last_seen_at=now, text=alarm.text))
    if alarm.kind not in OF_A_RUN:
        event = "late" if alarm.kind is AlarmKind.LATE_START else alarm.kind.value
        notices.about_job(session, job, event, alarm.text, now)
    return f"{job}: {alarm.kind.value}: {alarm.text}"


def _renew(opened: Alarm, alarm: rule.Alarm, now: datetime) -> None:
    """Write only news, and at most once a minute: "runs for 3 m 5 s" is new at every look."""
    if opened.text != alarm.text and now - opened.last_seen_at >= RENEW_EVERY:
        opened.text, opened.last_seen_at, opened.count = alarm.text, now, opened.count + 1


def _clear(session: Session, opened: Alarm, now: datetime) -> str:
    opened.cleared_at = now
    text = f"{opened.kind.value} is over: {opened.text}"
    notices.about_job(session, opened.job, "cleared", text, now)
    return f"{opened.job}: {text}"
