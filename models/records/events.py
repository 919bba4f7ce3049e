"""What somebody or something said has happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from models.records.base import Base, Key, Name, Words


class Event(Base):
    """One event, as it was received. It is never changed."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("name", "key"),
        Index(None, "name", "received_at"),
        Index(None, "received_at"),
        {"sqlite_autoincrement": True},  # the number of a forgotten event is not given again: the journal names it
    )

    id: Mapped[Key]
    name: Mapped[Name]
    """What happened: `load-done`."""
    source: Mapped[Name | None]
    """Where it comes from, in the sender's words."""
    text: Mapped[Words | None]
    facts: Mapped[dict[str, Any]]
    """At most 16 KiB."""
    received_at: Mapped[datetime]
    sent_by: Mapped[Name]
    key: Mapped[Name | None]
    """Makes sending it again a no-op: the same name and key are the same event."""
