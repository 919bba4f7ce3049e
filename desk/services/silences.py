"""Silences for people: set, listed with what they keep quiet, ended."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.services.errors import Misuse
from models import records
from models.database import Database
from models.queries import desk_runs, silences
from models.records import Alert
from models.rules.matchers import parse_all
from models.rules.silences import Silence
from models.vocabulary import Mute, Standing

_NUMBER = re.compile(r"(?:sil)?0*(\d{1,15})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class NewSilence:
    """What somebody wants to be quiet about, from when to when, and why."""

    matchers: tuple[str, ...]
    starts: datetime
    ends: datetime
    author: str
    comment: str


@dataclass(frozen=True)
class SilenceLine:
    """One silence."""

    number: str
    matchers: str
    state: str
    """`pending`, `active` or `ended`."""
    author: str
    comment: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    held: int
    """Alerts that it keeps quiet now."""


@dataclass(frozen=True)
class SilenceList:
    """The silences, by their end."""

    timezone: str
    silences: tuple[SilenceLine, ...]


def add(database: Database, new: NewSilence, now: datetime) -> SilenceLine:
    """Set a silence. Raises Misuse for matchers that cannot be read, Refused for a silence that cannot be."""
    try:
        matchers = parse_all(new.matchers)
    except ValueError as error:
        raise Misuse(str(error)) from None
    with database.write() as session:
        wanted = Silence(matchers, new.starts, new.ends, new.author, new.comment)
        row = silences.add(session, wanted, now)
        return _line(session, row, now)


def end(database: Database, number: str, person: str, now: datetime) -> SilenceLine:
    """End a silence now. Raises Misuse for what is no number, NotFound, and Refused for one that is over."""
    found = _NUMBER.fullmatch(number.strip())
    if found is None:
        raise Misuse(f"{number!r} is not the number of a silence: it looks like SIL000001")
    with database.write() as session:
        return _line(session, silences.end(session, int(found[1]), person, now), now)


def list_silences(database: Database, now: datetime, *, with_ended: bool) -> SilenceList:
    """The silences that are in force or come to be; with those that are over, if wanted."""
    with database.read() as session:
        rows = silences.listed(session, now, with_ended=with_ended)
        return SilenceList(desk_runs.site_zone(session), tuple(_line(session, row, now) for row in rows))


def _line(session: Session, row: records.Silence, now: datetime) -> SilenceLine:
    held = select(func.count()).where(
        Alert.standing == Standing.HELD,
        Alert.muted_by == Mute.SILENCE,
        Alert.muted_reason.startswith(f"{row.number} of "),
    )
    return SilenceLine(
        number=row.number,
        matchers=row.matchers,
        state=_state(row, now),
        author=row.author,
        comment=row.comment,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        held=session.scalar(held) or 0,
    )


def _state(row: records.Silence, now: datetime) -> str:
    if row.ended_at is not None or row.ends_at <= now:
        return "ended"
    return "pending" if row.starts_at > now else "active"
