"""Requests: what somebody asked for."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Name
from models.records.tickets import Ticket
from models.vocabulary import RequestState, TicketKind


class Request(Ticket):
    __tablename__ = "request"
    __mapper_args__ = {"polymorphic_identity": TicketKind.REQUEST}  # noqa: RUF012 - SQLAlchemy reads it once
    __table_args__ = (
        CheckConstraint("(state IN ('closed', 'cancelled')) = (closed_at IS NOT NULL)", "over_has_time"),
        CheckConstraint("state <> 'fulfilled' OR resolved_at IS NOT NULL", "fulfilled_has_time"),
        CheckConstraint(
            "state NOT IN ('received', 'in progress', 'waiting') OR resolved_at IS NULL", "open_is_not_fulfilled"
        ),
        Index(None, "state", "team"),
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
    """The end of it: closed or cancelled."""
    reopened: Mapped[int] = mapped_column(default=0)
    """How often it was fulfilled and was not."""
