"""What senders sent: requests that wait to be worked off, the keys that they came under, and counts by source."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name, Words
from models.rules.incoming import Incoming
from models.rules.incoming_bytes import from_bytes
from models.vocabulary import EventFormat

_WAITS = "processed_at IS NULL AND quarantined_at IS NULL"
_QUARANTINED = "processed_at IS NULL AND quarantined_at IS NOT NULL"


class InboxRow(Base):
    """One request with events. The sender heard "yes" when this row was committed, and not before."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index("ix__inbox__waiting", "id", sqlite_where=text(_WAITS), postgresql_where=text(_WAITS)),
        Index("ix__inbox__quarantined", "id", sqlite_where=text(_QUARANTINED), postgresql_where=text(_QUARANTINED)),
        Index(None, "received_at"),
        CheckConstraint("count > 0", "has_events"),
        {"sqlite_autoincrement": True},  # the number of a forgotten request is not given again: the journal names it
    )

    id: Mapped[Key]
    source: Mapped[Name]
    """The source of events.yaml that proved to be the sender."""
    format: Mapped[EventFormat]
    count: Mapped[int]
    """How many events it holds."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The events, as models.rules.incoming_bytes writes them."""
    received_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    """How often working it off failed."""
    error: Mapped[Words | None]
    """Why it failed last."""
    quarantined_at: Mapped[datetime | None]
    """Since when nobody tries any more."""
    processed_at: Mapped[datetime | None]
    """When it was worked off, or dropped from the quarantine."""

    def events(self) -> list[Incoming]:
        """The events in the order in which they were sent; each says a source, its own or the sender's."""
        return from_bytes(self.body, self.source)


class InboxKey(Base):
    """A key under which a source sent something: again the same is answered as before, and not taken again."""

    __tablename__ = "inbox_key"
    __table_args__ = (UniqueConstraint("source", "key"), Index(None, "received_at"))

    id: Mapped[Key]
    source: Mapped[Name]
    key: Mapped[Digest]
    """The SHA-256 of the key: keys may be long, and a signature is one."""
    body: Mapped[Digest]
    """The SHA-256 of what was sent."""
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id", ondelete="CASCADE"))
    received_at: Mapped[datetime]


class InboxSource(Base):
    """What came from a source so far. What was refused is counted here and kept nowhere."""

    __tablename__ = "inbox_source"

    source: Mapped[Name] = mapped_column(primary_key=True)
    """Of events.yaml; empty: it did not prove to be any."""
    requests: Mapped[int] = mapped_column(default=0)
    events: Mapped[int] = mapped_column(default=0)
    last_received_at: Mapped[datetime | None]
    refused: Mapped[int] = mapped_column(default=0)
    last_refused_at: Mapped[datetime | None]
    last_refusal: Mapped[Words | None]


class InboxSpool(Base):
    """Up to where a desk's file of waiting requests was brought into the inbox."""

    __tablename__ = "inbox_spool"

    spool: Mapped[Name] = mapped_column(primary_key=True)
    """The identity that stands in the file."""
    number: Mapped[int] = mapped_column(BigInteger)
    """The last request that was brought."""
