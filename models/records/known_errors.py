"""Known errors: what is known of trouble that has no fix yet, how incidents are recognised, and each use of one."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Key, Name, Words
from models.rules.known_error_filing import LONGEST_KEY
from models.rules.known_errors import known_error_number
from models.vocabulary import KnownErrorState

_DUE = text("look_at IS NOT NULL")
_SETTLED = text("settled_at IS NOT NULL")


class KnownError(Base):
    """How often it was used, and has worked, is counted from its uses."""

    __tablename__ = "known_error"
    __table_args__ = (
        CheckConstraint("state <> 'published' OR workaround IS NOT NULL OR workaround_job IS NOT NULL", "helps"),
        CheckConstraint("state <> 'published' OR review_on IS NOT NULL", "is_reviewed_some_day"),
        CheckConstraint("NOT runs_itself OR workaround_job IS NOT NULL", "runs_a_job"),
        CheckConstraint("check_job IS NULL OR workaround_job IS NOT NULL", "checks_a_job"),
        Index(None, "look_at", sqlite_where=_DUE, postgresql_where=_DUE),
        Index(None, "problem_id"),
        {"sqlite_autoincrement": True},  # a number that somebody said on the phone is never given again
    )

    id: Mapped[Key]
    state: Mapped[KnownErrorState] = mapped_column(default=KnownErrorState.DRAFT)
    title: Mapped[Words]
    symptom: Mapped[Words]
    """As those say it whom it troubles."""
    recognise: Mapped[dict[str, Any]]
    """`Recognition` as JSON; without a key it recognises nothing."""
    root_cause: Mapped[Words | None]
    workaround: Mapped[Words | None]
    workaround_job: Mapped[Name | None]
    """A job of the site that carries the workaround out, on the incident's host."""
    check_job: Mapped[Name | None]
    """A job that ends well when the trouble is gone."""
    runs_itself: Mapped[bool] = mapped_column(default=False)
    """The job is started for a new incident at once, where the site's policy allows it."""
    risk: Mapped[Words | None]
    """Of the workaround."""
    permanent_fix: Mapped[Words | None]
    review_on: Mapped[date | None]
    """The day on which somebody looks whether it holds still."""
    owner: Mapped[Name | None]
    """Who answers for it."""
    problem_id: Mapped[int | None] = mapped_column(ForeignKey("problem.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    published_at: Mapped[datetime | None]
    """When it was last published."""
    retired_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    """When its owner is to be told that its review is due; null: they were, or it is not published."""

    @property
    def number(self) -> str:
        """What people say on the phone: KE000012."""
        return known_error_number(self.id)


class KnownErrorKey(Base):
    """What a published known error is filed under, so that an incident finds the few that may fit it."""

    __tablename__ = "known_error_key"

    key: Mapped[str] = mapped_column(String(LONGEST_KEY), primary_key=True)
    known_error_id: Mapped[int] = mapped_column(
        ForeignKey("known_error.id"), primary_key=True, autoincrement=False, index=True
    )
    service: Mapped[Name | None]
    """That it asks for; null: any."""
    category: Mapped[Name | None]
    score: Mapped[int]
    """How surely it fits at most."""
    pieces: Mapped[str] = mapped_column(String(LONGEST_KEY))
    """Texts without which it recognises nothing, a line each."""


class KnownErrorUse(Base):
    """One incident and a known error that was suggested for it, or used without."""

    __tablename__ = "known_error_use"
    __table_args__ = (
        UniqueConstraint("incident_id", "known_error_id"),
        CheckConstraint("(used_at IS NULL) = (used_by IS NULL)", "used_by_somebody"),
        CheckConstraint("(worked IS NULL) = (settled_at IS NULL)", "settled_has_verdict"),
        CheckConstraint("worked IS NULL OR used_at IS NOT NULL", "settled_was_used"),
        Index(None, "known_error_id"),
        Index("ix__known_error_use__settled", "known_error_id", sqlite_where=_SETTLED, postgresql_where=_SETTLED),
        Index(None, "look_at", sqlite_where=_DUE, postgresql_where=_DUE),
        Index(None, "service", "category", "id"),
    )

    id: Mapped[Key]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    known_error_id: Mapped[int] = mapped_column(ForeignKey("known_error.id"))
    service: Mapped[Name | None]
    """The incident's, when it was settled: what it teaches is for others of the same service and category."""
    category: Mapped[Name | None]
    suggested_at: Mapped[datetime | None]
    """When a note said so on the incident; null: a person found it."""
    why: Mapped[Words]
    score: Mapped[int]
    """How surely it fits: the more was asked for and held, the higher."""
    used_at: Mapped[datetime | None]
    used_by: Mapped[Name | None]
    worked: Mapped[bool | None]
    settled_at: Mapped[datetime | None]
    """When it was known whether it worked."""
    reason: Mapped[Words | None]
    """How that was known."""
    attempt: Mapped[int] = mapped_column(default=0)
    """How often its job was started by itself."""
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    """The newest run of its job."""
    check_run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    """The run that checks what that one did."""
    look_at: Mapped[datetime | None]
    """When its job is to be started, or looked after; null: nothing is done by itself."""
