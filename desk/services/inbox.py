"""What senders sent: the requests that were set aside, and what came from each source."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.database import Database
from models.queries import desk_runs, inbox
from models.queries.event_sources import event_sources
from models.records import InboxRow, InboxSource

MOST_NAMES = 3
NOBODY = "(nobody)"
"""Whoever proved to be no source."""


@dataclass(frozen=True)
class SetAside:
    """A request in quarantine."""

    request: int
    source: str
    format: str
    events: int
    names: tuple[str, ...]
    """Of the first few."""
    received_at: datetime
    quarantined_at: datetime | None
    tries: int
    error: str


@dataclass(frozen=True)
class Quarantine:
    """All requests in quarantine, oldest first."""

    timezone: str
    requests: tuple[SetAside, ...]


@dataclass(frozen=True)
class SourceLine:
    """A source, and what came from it so far."""

    source: str
    is_in_force: bool
    """Whether events.yaml has it."""
    requests: int
    events: int
    last_received_at: datetime | None
    refused: int
    last_refused_at: datetime | None
    last_refusal: str | None


@dataclass(frozen=True)
class Sources:
    """All sources, by name."""

    timezone: str
    sources: tuple[SourceLine, ...]


def quarantine(database: Database) -> Quarantine:
    """What was set aside."""
    with database.read() as session:
        return Quarantine(desk_runs.site_zone(session), tuple(_set_aside(row) for row in inbox.quarantined(session)))


def replay(database: Database, requests: Iterable[int], person: str, now: datetime) -> tuple[SetAside, ...]:
    """Have requests tried again: all of them or none. Raises NotFound for one that is not in quarantine."""
    with database.write() as session:
        return tuple(_set_aside(inbox.replay(session, number, person, now)) for number in requests)


def drop(database: Database, requests: Iterable[int], person: str, reason: str, now: datetime) -> tuple[SetAside, ...]:
    """Give requests up: all of them or none. Raises NotFound for one that is not in quarantine."""
    with database.write() as session:
        return tuple(_set_aside(inbox.drop(session, number, person, reason, now)) for number in requests)


def sources(database: Database) -> Sources:
    """What came from each source: those of the site, those of before, and nobody."""
    with database.read() as session:
        found, known = inbox.sources(session), {source.name for source in event_sources(session)}
        names = sorted(known | set(found) - {""}) + ([""] if "" in found else [])
        lines = tuple(_line(name, found.get(name), is_in_force=name in known) for name in names)
        return Sources(desk_runs.site_zone(session), lines)


def _line(name: str, row: InboxSource | None, *, is_in_force: bool) -> SourceLine:
    if row is None:
        return SourceLine(name, is_in_force, 0, 0, None, 0, None, None)
    return SourceLine(
        source=name or NOBODY,
        is_in_force=is_in_force,
        requests=row.requests,
        events=row.events,
        last_received_at=row.last_received_at,
        refused=row.refused,
        last_refused_at=row.last_refused_at,
        last_refusal=row.last_refusal,
    )


def _set_aside(row: InboxRow) -> SetAside:
    return SetAside(
        request=row.id,
        source=row.source,
        format=row.format.value,
        events=row.count,
        names=_names(row),
        received_at=row.received_at,
        quarantined_at=row.quarantined_at,
        tries=row.tries,
        error=row.error or "",
    )


def _names(row: InboxRow) -> tuple[str, ...]:
    try:
        return tuple(event.name for event in row.events()[:MOST_NAMES])
    except ValueError:
        return ("(unreadable)",)
