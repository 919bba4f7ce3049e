"""What was told to whom about what."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name, Words
from models.vocabulary import NoticeState

_ENDS = [
    f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in ("sent_at", "failed_at", "dropped_at", "digest_id")
]
_OPEN = text("sent_at IS NULL AND failed_at IS NULL AND dropped_at IS NULL AND digest_id IS NULL")


class Notice(Base):
    """One message to one address, written in the transaction of the change that it tells of."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint(f"{' + '.join(_ENDS)} <= 1", "ends_once"),
        Index(None, "look_at", sqlite_where=text("look_at IS NOT NULL"), postgresql_where=text("look_at IS NOT NULL")),
        Index("ix__notice__held", "receiver", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(None, "subject"),
        Index(None, "created_at"),
        Index(
            None,
            "digest_id",
            sqlite_where=text("digest_id IS NOT NULL"),
            postgresql_where=text("digest_id IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},  # the outbox knows a notice by its number after it was forgotten
    )

    id: Mapped[Key]
    key: Mapped[Digest] = mapped_column(unique=True)
    """The sha256 of what it tells of, which event of it, and the address: nothing is told twice."""
    tag: Mapped[Name]
    """Which notice: a folder of templates/notices."""
    subject: Mapped[Name]
    """What it is about, `kind/id`: `incident/12`."""
    receiver: Mapped[Name | None]
    """The receiver of the site; null for a person who is concerned, and for a job's own wish."""
    to: Mapped[Words]
    """A mail address, or a reference to an Apprise URL: `secret://ops-chat`."""
    title: Mapped[Words]
    """What it says, in one line."""
    priority: Mapped[Name | None]
    facts: Mapped[dict[str, Any]]
    """What the template says; no secrets."""
    created_at: Mapped[datetime]
    message_id: Mapped[Words]
    """Of the mail: the same however often it is sent."""
    thread: Mapped[Words | None]
    """The message id of the first notice to this address about this subject; null for the first itself."""
    held_by: Mapped[Words | None]
    """The quiet hours that held or dropped it, in words."""
    look_at: Mapped[datetime | None]
    """When it is to be sent again unless it was; null when there is nothing to wait for."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often the outbox was asked to send it."""
    error: Mapped[Words | None]
    """Why the last try failed."""
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"))
    """The notice that told it together with others."""

    @property
    def standing(self) -> NoticeState:
        """Where it stands: read off its times, which are written once each."""
        if self.sent_at is not None:
            return NoticeState.SENT
        if self.failed_at is not None:
            return NoticeState.FAILED
        if self.dropped_at is not None:
            return NoticeState.DROPPED
        if self.digest_id is not None:
            return NoticeState.DIGESTED
        return NoticeState.HELD if self.held_by is not None and not self.tries else NoticeState.WAITING
