"""Clocks as they stood when they were last read, and whose turn it is: nothing that could not be computed anew."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Name, Words, one_of, word_of
from models.rules.clock_promises import Agreement, Measure
from models.rules.service_clock import ClockState


class IncidentClock(Base):
    """One stopwatch of an incident: a cached reading, for lists and reports."""

    __tablename__ = "incident_clock"
    __table_args__ = (
        one_of("agreement", Agreement),
        one_of("state", ClockState),
        Index(None, "due_at", sqlite_where=text("stopped_at IS NULL"), postgresql_where=text("stopped_at IS NULL")),
    )

    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True, autoincrement=False)
    agreement: Mapped[Agreement] = mapped_column(word_of(Agreement, is_checked=False), primary_key=True)
    measure: Mapped[Measure] = mapped_column(primary_key=True)
    promise: Mapped[Name]
    """The entry of incidents.yaml."""
    state: Mapped[ClockState] = mapped_column(word_of(ClockState, is_checked=False))
    target: Mapped[Words | None]
    """As the file writes it: `4h`, `2 working days`."""
    is_held: Mapped[bool]
    due_at: Mapped[datetime | None]
    """Unknown while it is held."""
    warn_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    business_seconds: Mapped[float]
    """Counted time in the hours of its calendar."""
    actual_seconds: Mapped[float]
    """Counted time around the clock."""
    read_at: Mapped[datetime]
    """The instant that all this is true of."""


class AssignmentTurn(Base):
    """Who of a team got the last incident that was given in turn."""

    __tablename__ = "assignment_turn"

    team: Mapped[Name] = mapped_column(primary_key=True)
    person: Mapped[Name]
    at: Mapped[datetime]
