"""Tickets that come from another tool: what they were called there, and the files they came in."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name
from models.vocabulary import FileShape, SourceVerdict


class ImportRun(Base):
    """A file that was taken in, or is being taken in."""

    __tablename__ = "import_run"
    __table_args__ = (Index(None, "source", "digest"),)

    id: Mapped[Key]
    source: Mapped[Name]
    file: Mapped[Name]
    """Its name, without folders."""
    digest: Mapped[Digest]
    """SHA-256 of the file and of the map that read it."""
    person: Mapped[Name]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """Null: it still goes on, or was cut off; the same file again goes on where it stopped."""
    tickets: Mapped[int]
    """How many the file has."""
    done: Mapped[int] = mapped_column(default=0)
    """How many of them were worked off."""
    added: Mapped[int] = mapped_column(default=0)
    continued: Mapped[int] = mapped_column(default=0)
    """How many were here already, and had gone on since."""
    refused: Mapped[int] = mapped_column(default=0)
    """Rows that were refused."""


class ImportedTicket(Base):
    """Where a ticket came from, and what its source says that we compute ourselves."""

    __tablename__ = "imported_ticket"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("last_at >= first_at", "time_goes_on"),
    )

    ticket_id: Mapped[int] = mapped_column(Integer, ForeignKey("ticket.id"), primary_key=True, autoincrement=False)
    source: Mapped[Name]
    external_id: Mapped[Name]
    """Its number there."""
    shape: Mapped[FileShape]
    rows: Mapped[int]
    """How many rows of the source told of it."""
    digest: Mapped[Digest]
    """SHA-256 of what these rows said: the same rows again change nothing."""
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    """When the source told of it last."""
    left: Mapped[dict[str, Any]] = mapped_column(JSON)
    """How the import left it; what differs now was changed here, and the source has no say any more."""
    last_state: Mapped[Name]
    """Its state in the source's own words."""
    states: Mapped[dict[str, Any]] = mapped_column(JSON)
    """How many rows said each state, in the source's own words."""
    made_sla: Mapped[SourceVerdict | None]
    """The source's own verdict on its promise."""
    reopened_there: Mapped[int | None]
    """How often it was reopened as the source counts."""
    reassigned_there: Mapped[int | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The columns that the map names no place for, as its last row has them."""
