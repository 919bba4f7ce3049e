"""Tickets: work for people. An incident is the first kind; its notes, links and survey are those of any ticket."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Key, Name, Words
from models.rules.incidents import ticket_number
from models.vocabulary import HoldReason, IncidentState, LinkVerb, ResolutionCode, TicketKind

OPEN = text("state NOT IN ('closed', 'cancelled')")


class Ticket(Base):
    """What is known of a ticket from its first moment. What moves is in the table of its kind, under the same id."""

    __tablename__ = "ticket"
    __mapper_args__ = {"polymorphic_on": "kind"}  # noqa: RUF012 - SQLAlchemy reads it once
    __table_args__: tuple[Any, ...] = (
        Index(None, "service", "opened_at"),
        Index(None, "opened_at"),
        {"sqlite_autoincrement": True},  # a number that somebody said on the phone is never given again
    )

    id: Mapped[Key]
    kind: Mapped[TicketKind]
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=lambda: secrets.token_hex(6))
    """Random: for addresses."""
    title: Mapped[Words]
    description: Mapped[Words]
    service: Mapped[Name | None]
    host: Mapped[Name | None]
    category: Mapped[Name | None]
    caller: Mapped[Name | None]
    """The person whom it troubles; null when a machine noticed it."""
    opened_by: Mapped[Name]
    opened_at: Mapped[datetime]
    source: Mapped[Name]
    """How it came: `command line`, `event`, `mail` ..."""
    is_drill: Mapped[bool]
    """A drill or a test: kept out of measures and surveys."""

    @property
    def number(self) -> str:
        """What people say on the phone: INC000123."""
        return ticket_number(self.kind, self.id)


class Incident(Ticket):
    __tablename__ = "incident"
    __mapper_args__ = {"polymorphic_identity": TicketKind.INCIDENT}  # noqa: RUF012 - as above
    __table_args__ = (
        CheckConstraint("(state = 'on hold') = (hold_reason IS NOT NULL)", "held_has_reason"),
        CheckConstraint("(state IN ('closed', 'cancelled')) = (closed_at IS NOT NULL)", "over_has_time"),
        CheckConstraint("(state = 'resolved') = (close_at IS NOT NULL)", "resolved_is_closed_some_day"),
        CheckConstraint(
            "state NOT IN ('new', 'in progress', 'on hold') OR (resolved_at IS NULL AND resolution_code IS NULL)",
            "open_has_no_solution",
        ),
        CheckConstraint(
            "state <> 'resolved' OR (resolved_at IS NOT NULL AND resolution_code IS NOT NULL)", "resolved_has_solution"
        ),
        CheckConstraint("state <> 'closed' OR resolution_code IS NOT NULL", "closed_has_code"),
        CheckConstraint("(resolution_code IS NULL) = (resolution IS NULL)", "code_has_words"),
        Index("uq__incident__one_open", "correlation_key", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index(None, "state", "team"),
        Index(None, "look_at", sqlite_where=text("look_at IS NOT NULL"), postgresql_where=text("look_at IS NOT NULL")),
        Index(
            None, "close_at", sqlite_where=text("close_at IS NOT NULL"), postgresql_where=text("close_at IS NOT NULL")
        ),
        Index(None, "correlation_key", "closed_at"),
    )

    id: Mapped[int] = mapped_column(Integer, ForeignKey("ticket.id"), primary_key=True)
    state: Mapped[IncidentState] = mapped_column(default=IncidentState.NEW)
    impact: Mapped[Name]
    urgency: Mapped[Name]
    priority: Mapped[Name]
    """By the matrix of impact and urgency; `major` while a major incident is accepted."""
    team: Mapped[Name | None]
    owner: Mapped[Name | None]
    """Who works on it."""
    hold_reason: Mapped[HoldReason | None]
    moved_with_parent: Mapped[bool] = mapped_column(default=False)
    """Its last hold, solution or end was its parent's, and the parent's next move takes it along."""
    resolution_code: Mapped[ResolutionCode | None]
    resolution: Mapped[Words | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[Name | None]
    close_at: Mapped[datetime | None]
    """When a solution that nobody refuses is accepted."""
    closed_at: Mapped[datetime | None]
    """The end of it: closed, merged or cancelled."""
    reopened: Mapped[int] = mapped_column(default=0)
    """How often its solution was none."""
    escalation: Mapped[int] = mapped_column(default=0)
    """How often it was escalated, by a chain or by a person."""
    correlation_key: Mapped[str | None] = mapped_column(String(64))
    """What alerts it answers for; at most one that is not over has one key."""
    look_at: Mapped[datetime | None]
    """When its clocks are to be looked at next; null when nothing of it can fall due."""


class WorkNote(Base):
    """What somebody wrote on a ticket; it is never changed."""

    __tablename__ = "work_note"
    __table_args__ = (Index(None, "ticket_id", "id"),)

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    at: Mapped[datetime]
    person: Mapped[Name]
    text: Mapped[Words]
    is_public: Mapped[bool]
    """The caller reads it; otherwise only those who work on tickets."""
    audience: Mapped[Name | None]
    """For whom it was written, when it is an update of a major incident."""


class TicketLink(Base):
    """One ticket and another thing."""

    __tablename__ = "ticket_link"
    __table_args__ = (
        UniqueConstraint("ticket_id", "verb", "target"),
        Index(None, "target"),
        Index(
            "uq__ticket_link__one_parent",
            "target",
            unique=True,
            sqlite_where=text("verb = 'parent of'"),
            postgresql_where=text("verb = 'parent of'"),
        ),
        Index(
            "uq__ticket_link__one_original",
            "ticket_id",
            unique=True,
            sqlite_where=text("verb = 'duplicate of'"),
            postgresql_where=text("verb = 'duplicate of'"),
        ),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    verb: Mapped[LinkVerb]
    target: Mapped[Name]
    """`kind/id` or `kind/name`: `incident/12`, `run/7`, `job/night-backup`, `host/web1`."""
    linked_at: Mapped[datetime]
    linked_by: Mapped[Name]


class Survey(Base):
    """The question how content the caller is, asked once when an incident is closed."""

    __tablename__ = "survey"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", "score_of_five"),
        CheckConstraint("(score IS NULL) = (answered_at IS NULL)", "answer_has_time"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), unique=True)
    token: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: secrets.token_hex(16))
    """Who has it may answer: random, for the code in the notice; never read as an option by a command line."""
    person: Mapped[Name]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    score: Mapped[int | None]
    """1 to 5, the best."""
    words: Mapped[Words | None]
