"""Silences: set by a person, in force until their end, ended before it, reminded of."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import records
from models.errors import NotFound, Refused
from models.queries import journal
from models.rules.matchers import Matchers, parse_matchers, show_matchers
from models.rules.silences import Silence, silence_problems
from models.rules.wall_clock import stamp

_MOST_PARSED = 1_000


def add(session: Session, wanted: Silence, now: datetime) -> records.Silence:
    """Set a silence. Raises Refused with everything that is wrong with it."""
    problems = list(silence_problems(wanted, now))
    if problems:
        raise Refused("; ".join(problems))
    row = records.Silence(
        matchers=show_matchers(wanted.matchers),
        author=wanted.author,
        comment=wanted.comment.strip(),
        created_at=now,
        starts_at=wanted.starts,
        ends_at=wanted.ends,
        look_at=wanted.remind_at,
    )
    session.add(row)
    session.flush()
    reason = f"{row.comment} (until {stamp(row.ends_at)})"
    facts = {"matchers": row.matchers, "starts": row.starts_at.isoformat(), "ends": row.ends_at.isoformat()}
    journal.append(
        session, journal.Fact("events:silence:set", f"silence/{row.id}", row.author, reason=reason, facts=facts)
    )
    return row


def end(session: Session, silence_id: int, person: str, now: datetime) -> records.Silence:
    """End a silence before its time. Raises NotFound, and Refused for one that is over."""
    row = get(session, silence_id)
    if row.ended_at is not None or row.ends_at <= now:
        raise Refused(f"{row.number} is over already, since {stamp(row.ended_at or row.ends_at)}")
    row.ended_at, row.ended_by, row.look_at = now, person, None
    journal.append(session, journal.Fact("events:silence:end", f"silence/{row.id}", person))
    return row


def get(session: Session, silence_id: int) -> records.Silence:
    """One silence. Raises NotFound."""
    row = session.get(records.Silence, silence_id)
    if row is None:
        raise NotFound(f"there is no silence {records.silence_number(silence_id)}: see `watchbill silence list`")
    return row


def listed(session: Session, now: datetime, *, with_ended: bool) -> list[records.Silence]:
    """The silences that are in force or come to be, by their end; with those that are over, newest first, if wanted."""
    query = select(records.Silence).order_by(records.Silence.ends_at, records.Silence.id)
    if not with_ended:
        query = query.where(records.Silence.ended_at.is_(None), records.Silence.ends_at > now)
    return list(session.scalars(query))


def not_over(session: Session, now: datetime) -> list[Silence]:
    """The silences that are in force or come to be, as the rules see them."""
    return [as_rule(row) for row in listed(session, now, with_ended=False)]


def due(session: Session, now: datetime) -> list[records.Silence]:
    """Those whose author is to be reminded, and those whose time is over."""
    return list(session.scalars(select(records.Silence).where(records.Silence.look_at <= now)))


def as_rule(row: records.Silence) -> Silence:
    """A silence as the rules see it."""
    return Silence(_parsed(row.matchers), row.starts_at, row.ends_at, row.author, row.comment, row.number)


@lru_cache(maxsize=_MOST_PARSED)
def _parsed(text: str) -> Matchers:
    return parse_matchers(text)
