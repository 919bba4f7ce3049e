"""Pauses: a person stops one job, or everything, until a time or until it is resumed."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import journal
from models.records import Pause
from models.rules.wall_clock import in_zone, stamp


def start(session: Session, pause: Pause, zone: str) -> Pause:
    """Pause a job, or everything. Raises Refused, with times in the zone, when it is paused or the end is past."""
    if pause.until is not None and pause.until <= pause.paused_at:
        raise Refused(in_zone(f"a pause cannot end in the past ({stamp(pause.until)})", zone))
    existing = _open(session, pause.job, pause.paused_at)
    if existing is not None:
        raise Refused(in_zone(f"{in_words(existing)}; resume it first", zone))
    _end_expired(session, pause.paused_at)
    session.add(pause)
    reason = f"{pause.reason} ({_until(pause)})"
    fact = journal.Fact("operations:job:pause", f"job/{pause.job or '*'}", pause.paused_by, reason=reason)
    journal.append(session, fact)
    return pause


def end(session: Session, job: str | None, person: str, now: datetime) -> None:
    """Resume a job, or everything. Raises Refused when it is not paused."""
    pause = _open(session, job, now)
    if pause is None:
        raise Refused(f"{job or 'everything'} is not paused")
    pause.ended_at, pause.ended_by = now, person
    journal.append(session, journal.Fact("operations:job:resume", f"job/{job or '*'}", person))


def in_force(session: Session, job: str, due: datetime, now: datetime) -> Pause | None:
    """The pause that covers a slot: of this job or of everything, begun before it was due or still going on."""
    candidates = [pause for name in (job, None) if (pause := _open(session, name, now)) is not None]
    candidates += session.scalars(
        select(Pause).where(
            (Pause.job == job) | Pause.job.is_(None),
            Pause.paused_at <= due,
            func.coalesce(Pause.ended_at, Pause.until) > due,
        )
    )
    return candidates[0] if candidates else None


def of_everything(session: Session, now: datetime) -> Pause | None:
    """The pause of all jobs, if one is in force."""
    return _open(session, None, now)


def all_open(session: Session, now: datetime) -> list[Pause]:
    """Every pause in force."""
    query = select(Pause).where(Pause.ended_at.is_(None), Pause.until.is_(None) | (Pause.until > now))
    return list(session.scalars(query.order_by(Pause.paused_at)))


def in_words(pause: Pause) -> str:
    """Who paused what, until when, and why."""
    return f"{pause.job or 'everything'} is paused by {pause.paused_by} {_until(pause)}: {pause.reason}"


def _until(pause: Pause) -> str:
    return f"until {stamp(pause.until)}" if pause.until else "until it is resumed"


def _open(session: Session, job: str | None, now: datetime) -> Pause | None:
    which = Pause.job.is_(None) if job is None else Pause.job == job
    query = select(Pause).where(which, Pause.ended_at.is_(None), Pause.until.is_(None) | (Pause.until > now))
    return session.scalars(query).first()


def _end_expired(session: Session, now: datetime) -> None:
    session.execute(
        update(Pause).where(Pause.ended_at.is_(None), Pause.until <= now).values(ended_at=Pause.until, ended_by="clock")
    )
