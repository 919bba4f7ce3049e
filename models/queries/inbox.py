"""The inbox: what senders sent, put in before they are answered and worked off in order.

A request that cannot be worked off is tried again, later each time, and then set aside: the others do not wait for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import journal
from models.records import InboxKey, InboxRow, InboxSource, InboxSpool
from models.vocabulary import EventFormat

MOST_TRIES = 5
FIRST_WAIT = timedelta(seconds=1)
KEYS_KEPT = timedelta(hours=24)
"""How long the same key is the same request."""
BATCH_ROWS = 2_000
LONGEST_ERROR = 2_000
_Place = tuple[str, str] | int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request to put in."""

    source: str
    format: EventFormat
    count: int
    body: bytes
    """The events, as `to_bytes` writes them."""
    received_at: datetime
    key: str = ""
    """The SHA-256 of the key that it came under; empty: it came under none."""
    sent: str = ""
    """The SHA-256 of what was sent under that key."""


@dataclass(slots=True)
class Tally:
    """What came from one source since it was last written down."""

    requests: int = 0
    events: int = 0
    last_received_at: datetime | None = None
    refused: int = 0
    last_refused_at: datetime | None = None
    last_refusal: str | None = None


def add(session: Session, deliveries: Sequence[Delivery]) -> None:
    """Put in requests that came under no key."""
    session.connection().execute(_INSERT, _rows(deliveries))


def put(session: Session, deliveries: Sequence[Delivery]) -> list[int | None]:
    """Put requests in; the number of each. One under a known key is not put in again, and has the number of the first.

    None: something else was sent under this key before. Raises IntegrityError when, on PostgreSQL, somebody else uses
    the same key at this very moment: begin again, and it is known.
    """
    places = [_place(number, delivery) for number, delivery in enumerate(deliveries)]
    found = _known(session, [delivery for delivery in deliveries if delivery.key])
    new: dict[_Place, Delivery] = {}
    for place, delivery in zip(places, deliveries, strict=True):
        if place not in found:
            new.setdefault(place, delivery)
    for (place, delivery), number in zip(new.items(), _insert(session, list(new.values())), strict=True):
        found[place] = (delivery.sent, number)
    firsts = [found[place] for place in places]
    return [number if sent == one.sent else None for (sent, number), one in zip(firsts, deliveries, strict=True)]


def _place(number: int, delivery: Delivery) -> _Place:
    """The same for what comes under the same key; without a key each request is one of its own."""
    return (delivery.source, delivery.key) if delivery.key else number


def _known(session: Session, keyed: Sequence[Delivery]) -> dict[_Place, tuple[str, int]]:
    """What was sent under these keys before, and the number that it has."""
    if not keyed:
        return {}
    names = [(delivery.source, delivery.key) for delivery in keyed]
    is_named = tuple_(InboxKey.source, InboxKey.key).in_(names)
    # A key that is too old is a new one, even before the planner has forgotten it.
    session.execute(delete(InboxKey).where(is_named, InboxKey.received_at < keyed[0].received_at - KEYS_KEPT))
    rows = session.scalars(select(InboxKey).where(is_named))
    return {(row.source, row.key): (row.body, row.inbox_id) for row in rows}


def _insert(session: Session, new: Sequence[Delivery]) -> list[int]:
    if not new:
        return []
    numbers = list(session.connection().execute(_NUMBERING, _rows(new)).scalars())
    keys = [
        {
            "source": delivery.source,
            "key": delivery.key,
            "body": delivery.sent,
            "inbox_id": number,
            "received_at": delivery.received_at,
        }
        for delivery, number in zip(new, numbers, strict=True)
        if delivery.key
    ]
    if keys:
        session.execute(insert(InboxKey), keys)
    return numbers


def _rows(deliveries: Iterable[Delivery]) -> list[dict[str, Any]]:
    return [
        {
            "source": delivery.source,
            "format": delivery.format,
            "count": delivery.count,
            "body": delivery.body,
            "received_at": delivery.received_at,
            "next_try_at": delivery.received_at,
            "tries": 0,
        }
        for delivery in deliveries
    ]


def _counting(table: type[InboxSource], upsert: Any) -> Any:
    """The statement that adds counts to those of a source."""
    adding = upsert(table)
    counts = {name: getattr(table, name) + adding.excluded[name] for name in _COUNTS}
    last = {name: func.coalesce(adding.excluded[name], getattr(table, name)) for name in _LAST}
    return adding.on_conflict_do_update(index_elements=["source"], set_={**counts, **last})


_COUNTS = ("requests", "events", "refused")
_LAST = ("last_received_at", "last_refused_at", "last_refusal")
# Made once, and run without the ORM: a single event is written in a quarter of the time that way.
_INBOX: Any = InboxRow.__table__
_INSERT = insert(_INBOX)
_NUMBERING = _INSERT.returning(_INBOX.c.id, sort_by_parameter_order=True)
_COUNTING = {"sqlite": _counting(InboxSource, sqlite.insert), "postgresql": _counting(InboxSource, postgresql.insert)}


def tally(session: Session, found: Mapping[str, Tally]) -> None:
    """Add what came from each source."""
    # In order of name: two that write at once on PostgreSQL must not wait for each other.
    rows = [
        {"source": source, **{name: getattr(found[source], name) for name in (*_COUNTS, *_LAST)}}
        for source in sorted(found)
    ]
    if rows:
        connection = session.connection()
        connection.execute(_COUNTING[connection.dialect.name], rows)


def brought(session: Session, spool: str) -> int:
    """Up to which number the requests of a desk's file are in the inbox; 0: none is."""
    return session.scalar(select(InboxSpool.number).where(InboxSpool.spool == spool)) or 0


def bring(session: Session, spool: str, numbered: Sequence[tuple[int, Delivery]]) -> None:
    """Put in what comes next in a desk's file, which `brought` must have been asked about in this transaction."""
    add(session, [delivery for _, delivery in numbered])
    session.merge(InboxSpool(spool=spool, number=numbered[-1][0]))


def sources(session: Session) -> dict[str, InboxSource]:
    """What came from each source so far; `""` holds what was refused to those who proved to be none."""
    return {row.source: row for row in session.scalars(select(InboxSource).order_by(InboxSource.source))}


def take(session: Session, most: int, now: datetime) -> list[InboxRow]:
    """The requests whose turn it is, oldest first. They stay until `done` or `fail` says what became of them."""
    query = (
        select(InboxRow)
        .where(InboxRow.processed_at.is_(None), InboxRow.quarantined_at.is_(None), InboxRow.next_try_at <= now)
        .order_by(InboxRow.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def done(session: Session, rows: Iterable[InboxRow], now: datetime) -> None:
    """They were worked off."""
    numbers = [row.id for row in rows]
    session.execute(update(InboxRow).where(InboxRow.id.in_(numbers)).values(processed_at=now))


def fail(session: Session, row: InboxRow, error: str, now: datetime) -> None:
    """It could not be worked off: later again, doubling the wait; after five tries it is set aside."""
    tries = row.tries + 1
    row.tries, row.error = tries, error[:LONGEST_ERROR]
    if tries < MOST_TRIES:
        row.next_try_at = now + FIRST_WAIT * 2**row.tries
        return
    row.quarantined_at = now
    facts = {"source": row.source, "format": row.format.value, "events": row.count, "tries": tries}
    journal.append(
        session,
        journal.Fact("events:inbox:quarantine", f"inbox/{row.id}", "events", reason=row.error, facts=facts, at=now),
    )


def quarantined(session: Session) -> list[InboxRow]:
    """The requests that were set aside, oldest first."""
    query = select(InboxRow).where(InboxRow.quarantined_at.is_not(None), InboxRow.processed_at.is_(None))
    return list(session.scalars(query.order_by(InboxRow.id)))


def replay(session: Session, number: int, person: str, now: datetime) -> InboxRow:
    """Try again what was set aside, as if for the first time. Raises NotFound when no such request is."""
    row = _set_aside(session, number)
    row.tries, row.next_try_at, row.quarantined_at = 0, now, None
    journal.append(session, journal.Fact("events:inbox:replay", f"inbox/{number}", person, at=now))
    return row


def drop(session: Session, number: int, person: str, reason: str, now: datetime) -> InboxRow:
    """Give up what was set aside; it stays to be read as long as other requests. Raises NotFound."""
    row = _set_aside(session, number)
    row.processed_at = now
    journal.append(session, journal.Fact("events:inbox:drop", f"inbox/{number}", person, reason=reason, at=now))
    return row


def _set_aside(session: Session, number: int) -> InboxRow:
    row = session.get(InboxRow, number, with_for_update=True)
    if row is None or row.quarantined_at is None or row.processed_at is not None:
        raise NotFound(f"no request {number} is in quarantine: see `watchbill event quarantine list`")
    return row


def forget(session: Session, now: datetime, kept_for: timedelta) -> int:
    """Delete one batch of keys and of requests worked off that are too old. Returns how many rows went."""
    old_keys = select(InboxKey.id).where(InboxKey.received_at < now - KEYS_KEPT).order_by(InboxKey.received_at)
    keys = list(session.scalars(old_keys.limit(BATCH_ROWS)))
    session.execute(delete(InboxKey).where(InboxKey.id.in_(keys)))
    old = select(InboxRow.id).where(InboxRow.received_at < now - kept_for, InboxRow.processed_at.is_not(None))
    rows = list(session.scalars(old.order_by(InboxRow.received_at).limit(BATCH_ROWS)))
    session.execute(delete(InboxRow).where(InboxRow.id.in_(rows)))
    if rows:
        fact = journal.Fact("events:inbox:forget", "inbox/*", "planner", facts={"requests": len(rows)}, at=now)
        journal.append(session, fact)
    return len(keys) + len(rows)
