"""Problem candidates: patterns that recur, the trouble that they explain, and what a person decided about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Key, Name, Words
from models.rules.candidates import candidate_number
from models.vocabulary import CandidateState

_OPEN = text("state = 'open'")


class ProblemCandidate(Base):
    """At most one that is open has one pattern."""

    __tablename__ = "problem_candidate"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", "decided_has_time"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", "decided_has_person"),
        CheckConstraint("(state = 'accepted') = (problem_id IS NOT NULL)", "accepted_has_problem"),
        CheckConstraint("(state = 'dismissed') = (forget_after IS NOT NULL)", "dismissed_is_forgotten_some_day"),
        CheckConstraint("state <> 'dismissed' OR reason IS NOT NULL", "dismissed_has_reason"),
        Index("uq__problem_candidate__one_open", "key", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(None, "state", "id"),
        Index(None, "problem_id"),
        {"sqlite_autoincrement": True},  # a number that somebody said on the phone is never given again
    )

    id: Mapped[Key]
    state: Mapped[CandidateState] = mapped_column(default=CandidateState.OPEN)
    key: Mapped[str] = mapped_column(String(64))
    """The digest of its pattern."""
    pattern: Mapped[dict[str, Any]]
    """`Pattern` as JSON: what its trouble has in common."""
    title: Mapped[Words]
    service: Mapped[Name | None]
    times: Mapped[int]
    """How often it happened within the span, when it was last looked at."""
    evidence: Mapped[dict[str, Any]]
    """How unusual that is, what binds its texts, an example."""
    found_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    """When its newest trouble began."""
    problem_id: Mapped[int | None] = mapped_column(ForeignKey("problem.id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[Name | None]
    reason: Mapped[Words | None]
    """Why it was dismissed, or what was said when it was accepted."""
    forget_after: Mapped[datetime | None]
    """Until then a dismissed one keeps others like it away."""

    @property
    def number(self) -> str:
        """What people say on the phone: CAN000012."""
        return candidate_number(self.id)


class CandidateTrouble(Base):
    """Something that went wrong and that a candidate explains. Rows are added and never changed."""

    __tablename__ = "candidate_trouble"
    __table_args__ = (Index(None, "subject"),)

    candidate_id: Mapped[int] = mapped_column(ForeignKey("problem_candidate.id"), primary_key=True, autoincrement=False)
    subject: Mapped[Name] = mapped_column(primary_key=True)
    """`incident/12`, `alert/7/3`, `run/3`, `slot/9`."""
    at: Mapped[datetime]
    title: Mapped[Words]
