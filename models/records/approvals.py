"""Approvals: what somebody is asked to decide, who may, and what they decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name, Words
from models.vocabulary import ApprovalState, ApprovalStepState, ApprovalVerdict

_UNDECIDED = text("state IN ('open', 'sent back')")
_DUE = text("look_at IS NOT NULL")
_FREE = text("ended_at IS NULL")


class Approval(Base):
    """A question that people answer. People are named by their identity, whatever account they use."""

    __tablename__ = "approval"
    __table_args__ = (
        UniqueConstraint("id", "requester", "beneficiary"),
        CheckConstraint("(state IN ('open', 'sent back')) = (decided_at IS NULL)", "over_has_time"),
        CheckConstraint("(state = 'sent back') = (sent_back_at IS NOT NULL)", "sent_back_since_when"),
        CheckConstraint("earliest_at IS NULL OR latest_at IS NULL OR earliest_at < latest_at", "window_has_length"),
        Index(
            "uq__approval__one_undecided",
            "subject",
            unique=True,
            sqlite_where=_UNDECIDED,
            postgresql_where=_UNDECIDED,
        ),
        Index(None, "subject"),
        Index(None, "requester", "id"),
        Index("ix__approval__undecided", "scheme", sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED),
        Index(None, "look_at", sqlite_where=_DUE, postgresql_where=_DUE),
        {"sqlite_autoincrement": True},  # a number that somebody said on the phone is never given again
    )

    id: Mapped[Key]
    subject: Mapped[Name]
    """What it is about: `request/12`."""
    title: Mapped[Words]
    state: Mapped[ApprovalState] = mapped_column(default=ApprovalState.OPEN)
    requester: Mapped[Name]
    beneficiary: Mapped[Name]
    asked_by: Mapped[Name]
    """The account that asked."""
    facts: Mapped[dict[str, Any]]
    difference: Mapped[Words]
    """What would change, as the approver sees it."""
    earliest_at: Mapped[datetime | None]
    latest_at: Mapped[datetime | None]
    """When that which is approved may be carried out."""
    scheme: Mapped[Name]
    policy: Mapped[dict[str, Any]]
    """The scheme as it was when this was asked."""
    policy_sha256: Mapped[Digest]
    sha256: Mapped[Digest]
    """What a decision is about: everything above."""
    asked_at: Mapped[datetime]
    round: Mapped[int] = mapped_column(default=1)
    """How often it was asked from the first step."""
    sent_back_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    """The end of it, whatever that was."""
    outcome: Mapped[Words | None]
    """Why it ended so, in words."""
    look_at: Mapped[datetime | None]
    """When something of it falls due; null when nothing can."""

    @property
    def number(self) -> str:
        """What people say on the phone: APR000123."""
        return f"APR{self.id:06d}"


class ApprovalStep(Base):
    """One step of one round."""

    __tablename__ = "approval_step"
    __table_args__ = (
        UniqueConstraint("approval_id", "round", "place"),
        UniqueConstraint("id", "approval_id"),
        CheckConstraint("state = 'waiting' OR state = 'dropped' OR opened_at IS NOT NULL", "open_since_when"),
    )

    id: Mapped[Key]
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"))
    round: Mapped[int]
    place: Mapped[int]
    """Of the scheme's steps, from 1."""
    stage: Mapped[int]
    """Those of one stage are open together."""
    state: Mapped[ApprovalStepState] = mapped_column(default=ApprovalStepState.WAITING)
    opened_at: Mapped[datetime | None]
    """Its times count from here: when it opened, or when what was sent back was answered."""
    ended_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    escalated_at: Mapped[datetime | None]


class ApprovalSeat(Base):
    """Somebody who may decide in a step."""

    __tablename__ = "approval_seat"
    __table_args__ = (
        UniqueConstraint("step_id", "identity"),
        # The list of what waits for somebody reads only the seats that are free.
        Index("ix__approval_seat__free", "identity", "id", sqlite_where=_FREE, postgresql_where=_FREE),
    )

    id: Mapped[Key]
    step_id: Mapped[int] = mapped_column(ForeignKey("approval_step.id"))
    identity: Mapped[Name]
    rule: Mapped[Words]
    """Why they may: `team web`, `manager of the requester`, `reassigned by eve`."""
    is_fixed: Mapped[bool] = mapped_column(default=False)
    """An administrator gave it or took it away: no rule of the scheme changes that."""
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was decided, taken away, or its step was over."""


class ApprovalDecision(Base):
    """What one person decided. Nobody decides about what they asked for, benefit from or delegated."""

    __tablename__ = "approval_decision"
    __table_args__ = (
        UniqueConstraint("step_id", "identity"),
        UniqueConstraint("step_id", "seat"),
        # Who asks and who benefits are copied here, and must be the approval's own: a constraint sees one row only.
        ForeignKeyConstraint(
            ["approval_id", "requester", "beneficiary"], ["approval.id", "approval.requester", "approval.beneficiary"]
        ),
        ForeignKeyConstraint(["step_id", "approval_id"], ["approval_step.id", "approval_step.approval_id"]),
        ForeignKeyConstraint(["step_id", "seat"], ["approval_seat.step_id", "approval_seat.identity"]),
        CheckConstraint("identity <> requester AND identity <> beneficiary", "not_about_their_own"),
        CheckConstraint("seat <> requester AND seat <> beneficiary", "not_for_who_asks"),
        CheckConstraint("(identity = seat) = (delegator IS NULL)", "own_seat_or_delegated"),
        CheckConstraint(
            "delegator <> identity AND delegator <> requester AND delegator <> beneficiary", "not_what_was_delegated"
        ),
    )

    id: Mapped[Key]
    approval_id: Mapped[int] = mapped_column(index=True)
    step_id: Mapped[int]
    person: Mapped[Name]
    """The account that decided."""
    identity: Mapped[Name]
    seat: Mapped[Name]
    """The identity whose seat it was."""
    delegator: Mapped[Name | None]
    """Of a delegate: who passed it on to them, the last of the chain."""
    chain: Mapped[list[str]]
    """Everybody from the seat's owner to who decided."""
    verdict: Mapped[ApprovalVerdict]
    comment: Mapped[Words | None]
    at: Mapped[datetime]
    requester: Mapped[Name]
    beneficiary: Mapped[Name]
    sha256: Mapped[Digest]
    """What it was about."""


class DelegationRow(Base):
    """For some time somebody decides in another's place."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("person <> delegate", "to_somebody_else"),
        CheckConstraint("starts_at < ends_at", "has_length"),
        Index(None, "ends_at"),
    )

    id: Mapped[Key]
    person: Mapped[Name]
    delegate: Mapped[Name]
    """Both are identities."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """Moved nearer when it is ended before its time."""
    reason: Mapped[Words | None]
    made_by: Mapped[Name]
    made_at: Mapped[datetime]
