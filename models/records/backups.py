"""Restore points, the drills that prove them, and the checks of the repositories that keep them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name, Words
from models.vocabulary import Outcome, PointState


class RestorePoint(Base):
    """One copy of a plan's data in one repository. A copy in a second repository is a row of its own."""

    __tablename__ = "restore_point"
    __table_args__ = (
        UniqueConstraint("repository", "key"),
        Index(None, "plan", "taken_at"),
        CheckConstraint("(state = 'expired') = (expired_at IS NOT NULL)", "expired_has_time"),
    )

    id: Mapped[Key]
    key: Mapped[Name]
    """What the engine calls it."""
    plan: Mapped[Name] = mapped_column(ForeignKey("backup_plan.name"))
    repository: Mapped[Name] = mapped_column(ForeignKey("repository.name"))
    host: Mapped[Name]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    copy_of: Mapped[int | None] = mapped_column(ForeignKey("restore_point.id"))
    state: Mapped[PointState] = mapped_column(default=PointState.TAKEN)
    taken_at: Mapped[datetime]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    added_bytes: Mapped[int] = mapped_column(BigInteger)
    """What the repository grew by."""
    files: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float]
    manifest: Mapped[Words]
    """Where the list of its files lies, under WATCHBILL_HOME."""
    manifest_sha256: Mapped[Digest]
    warnings: Mapped[list[str]]
    anomalies: Mapped[list[str]] = mapped_column(JSON, default=list)
    listed_at: Mapped[datetime | None]
    read_checked_at: Mapped[datetime | None]
    proven_at: Mapped[datetime | None]
    """When it was last restored and compared."""
    unwanted_since: Mapped[datetime | None]
    """When retention first did not want it any more."""
    expired_at: Mapped[datetime | None]
    reason: Mapped[Words | None]
    """Why it is bad, or why it was removed."""


class DrillRow(Base):
    """One restore test: what was restored, what was looked at, how long it took."""

    __tablename__ = "drill"
    __table_args__ = (Index(None, "plan", "started_at"),)

    id: Mapped[Key]
    restore_point_id: Mapped[int] = mapped_column(ForeignKey("restore_point.id"))
    plan: Mapped[Name] = mapped_column(ForeignKey("backup_plan.name"))
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    outcome: Mapped[Outcome]
    reason: Mapped[Words]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    files: Mapped[int] = mapped_column(BigInteger)
    findings: Mapped[list[str]]
    """The first hundred paths that differed, and how."""
    checks: Mapped[list[str]]
    """What was expected of the copy, each with its answer."""
    sandbox: Mapped[Words]
    """How it was kept apart."""


class RepositoryCheckRow(Base):
    """One check of a repository: its structure, and the part of its data whose turn it was."""

    __tablename__ = "repository_check"
    __table_args__ = (Index(None, "repository", "started_at"),)

    id: Mapped[Key]
    repository: Mapped[Name] = mapped_column(ForeignKey("repository.name"))
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    part: Mapped[int]
    parts: Mapped[int]
    outcome: Mapped[Outcome]
    faults: Mapped[list[str]]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
