"""What was really done: one row per task run, and the output that was kept."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name, Words
from models.vocabulary import HostFault, Outcome


class TaskLog(Base):
    """One task run, or one host's share of it. Written before the task acts and completed after."""

    __tablename__ = "task_log"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", "ended_has_outcome"),
        Index(None, "run_id"),
        Index(None, "started_at"),
    )

    id: Mapped[Key]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("task_log.id"))
    """The task run that this host's share belongs to."""
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    task: Mapped[Name]
    host: Mapped[Name | None]
    attempt: Mapped[int] = mapped_column(default=1)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None]
    """Null while it runs; `unknown` when its process died before it could say."""
    fault: Mapped[HostFault | None]
    exit_code: Mapped[int | None]
    message: Mapped[Words | None]
    worker: Mapped[Name]
    """host:pid of the process that ran it."""
    flow_run_id: Mapped[str | None] = mapped_column(String(36))
    task_run_id: Mapped[str | None] = mapped_column(String(36))


class Output(Base):
    """One stream of one host's command: head and tail, and the size and hash of the whole."""

    __tablename__ = "output"
    __table_args__ = (Index(None, "task_log_id"),)

    id: Mapped[Key]
    task_log_id: Mapped[int] = mapped_column(ForeignKey("task_log.id"))
    stream: Mapped[str] = mapped_column(String(8))
    """`stdout` or `stderr`."""
    head: Mapped[bytes] = mapped_column(LargeBinary)
    """At most 64 KiB, secrets redacted."""
    tail: Mapped[bytes] = mapped_column(LargeBinary)
    """At most 256 KiB, secrets redacted; empty when the head holds everything."""
    size_bytes: Mapped[int]
    sha256: Mapped[Digest]
    """Of the whole stream as the host sent it."""
