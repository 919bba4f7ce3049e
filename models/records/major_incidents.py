"""What is decided about major incidents, who leads them, and who is kept up to date."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Key, Name, Words
from models.vocabulary import MajorState


class MajorIncident(Base):
    """An incident that somebody, or a rule, thought to be a major one."""

    __tablename__ = "major_incident"
    __table_args__ = (
        CheckConstraint("(state = 'candidate') = (decided_at IS NULL)", "decided_when_no_candidate"),
        CheckConstraint("(state = 'reviewed') = (review IS NOT NULL)", "reviewed_has_words"),
    )

    id: Mapped[int] = mapped_column(Integer, ForeignKey("incident.id"), primary_key=True)
    state: Mapped[MajorState] = mapped_column(default=MajorState.CANDIDATE)
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[Name]
    proposed_for: Mapped[Words]
    """Why it may be one."""
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[Name | None]
    decision: Mapped[Words | None]
    """Why it was accepted, declined or demoted."""
    commander: Mapped[Name | None]
    """Who leads."""
    scribe: Mapped[Name | None]
    """Who writes down."""
    liaison: Mapped[Name | None]
    """Who talks to those outside."""
    review_due_at: Mapped[datetime | None]
    """When it has to be written down what it taught; known once it is resolved."""
    review: Mapped[Words | None]


class MajorUpdate(Base):
    """An audience that is kept up to date while a major incident lasts."""

    __tablename__ = "major_update"
    __table_args__ = (
        UniqueConstraint("incident_id", "audience"),
        Index(None, "due_at", sqlite_where=text("due_at IS NOT NULL"), postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[Key]
    incident_id: Mapped[int] = mapped_column(Integer, ForeignKey("major_incident.id"))
    audience: Mapped[Name]
    """`technical`, `business` ..."""
    every_seconds: Mapped[int]
    last_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    """When the next update is due; null when none is: it is over."""
    reminded_at: Mapped[datetime | None]
    """When somebody was last told that one is due."""

    @property
    def every(self) -> timedelta:
        """How often it is told."""
        return timedelta(seconds=self.every_seconds)
