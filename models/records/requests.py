"""Requests: what somebody asked for."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name
from models.records.tickets import Ticket
from models.vocabulary import RequestState, TicketKind

_PLAIN = JSON(none_as_null=True)


class Request(Ticket):
    """An order of an item of the catalogue; one of another tool, which an import wrote, has no item."""

    __tablename__ = "request"
    __mapper_args__ = {"polymorphic_identity": TicketKind.REQUEST}  # noqa: RUF012 - SQLAlchemy reads it once
    __table_args__ = (
        CheckConstraint("(state IN ('closed', 'cancelled', 'denied')) = (closed_at IS NOT NULL)", "over_has_time"),
        CheckConstraint("state <> 'fulfilled' OR resolved_at IS NOT NULL", "fulfilled_has_time"),
        CheckConstraint(
            "state NOT IN ('received', 'in progress', 'waiting', 'waiting for approval', 'sent back', 'denied')"
            " OR resolved_at IS NULL",
            "open_is_not_fulfilled",
        ),
        CheckConstraint(
            "item IS NULL OR (item_sha256 IS NOT NULL AND requester IS NOT NULL AND beneficiary IS NOT NULL"
            " AND answers IS NOT NULL AND plan IS NOT NULL AND cost IS NOT NULL)",
            "order_is_whole",
        ),
        UniqueConstraint("requester", "key"),
        Index(None, "state", "team"),
        Index(None, "requester", "id"),
        Index(None, "beneficiary", "id"),
        Index(None, "parent_id"),
    )

    id: Mapped[int] = mapped_column(Integer, ForeignKey("ticket.id"), primary_key=True)
    state: Mapped[RequestState] = mapped_column(default=RequestState.RECEIVED)
    priority: Mapped[Name]
    team: Mapped[Name | None]
    owner: Mapped[Name | None]
    """Who works on it."""
    resolved_at: Mapped[datetime | None]
    """When it was fulfilled."""
    closed_at: Mapped[datetime | None]
    """The end of it: closed, cancelled or denied."""
    reopened: Mapped[int] = mapped_column(default=0)
    """How often it was fulfilled and was not."""
    item: Mapped[Name | None]
    item_sha256: Mapped[Digest | None]
    """The item as it was when it was ordered."""
    requester: Mapped[Name | None]
    beneficiary: Mapped[Name | None]
    """For whom it is."""
    answers: Mapped[dict[str, Any] | None] = mapped_column(_PLAIN)
    """By field; no secret is among them."""
    plan: Mapped[list[Any] | None] = mapped_column(_PLAIN)
    """What will be done, step by step, as models.site.catalogue writes and reads it."""
    cost: Mapped[Name | None]
    """In the item's currency."""
    scheme: Mapped[Name | None]
    """Who must approve; null: nobody has to."""
    promised_at: Mapped[datetime | None]
    key: Mapped[str | None] = mapped_column(String(64))
    """Chosen by who orders, so that an order that is sent twice is one."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"))
    """The bundle that brought it."""


class RequestFile(Base):
    """A file that was handed in with a request; its name, size and fingerprint stand in the answers, too."""

    __tablename__ = "request_file"
    __table_args__ = (UniqueConstraint("request_id", "field"),)

    id: Mapped[Key]
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    field: Mapped[Name]
    name: Mapped[Name]
    sha256: Mapped[Digest]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
