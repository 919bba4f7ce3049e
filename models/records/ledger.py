"""The memory (journal), the obligations to the outside (outbox), what is wrong now (alarm), and signs of life."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name, Words
from models.vocabulary import AlarmKind


class JournalRow(Base):
    """One fact. Triggers refuse UPDATE and DELETE; no gap in the numbers; each row carries the last one's hash."""

    __tablename__ = "journal"
    __table_args__ = (Index(None, "subject", "seq"),)  # the timeline of one thing

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(Text)
    """UTC, ISO 8601 with microseconds: text, so that both databases hash the same."""
    tag: Mapped[Name]
    """`practice:subject:action`, such as `operations:run:claim`."""
    subject: Mapped[Name]
    """`kind/id`, such as `run/12`."""
    source: Mapped[Name | None]
    target: Mapped[Name | None]
    actor: Mapped[Name]
    reason: Mapped[Words | None]
    facts: Mapped[str] = mapped_column(Text)
    """Canonical JSON."""
    key: Mapped[Name | None] = mapped_column(unique=True)
    """Makes a repeated act a no-op."""
    previous: Mapped[Digest]
    hash: Mapped[Digest]


class JournalHead(Base):
    """The one row that writers lock: the last number and hash."""

    __tablename__ = "journal_head"
    __table_args__ = (CheckConstraint("id = 1", "only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[Digest]


class OutboxRow(Base):
    """Something the outside must do, written in the transaction that decided it. The relay sends it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            None,
            "next_try_at",
            sqlite_where=text("sent_at IS NULL AND given_up_at IS NULL"),
            postgresql_where=text("sent_at IS NULL AND given_up_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    key: Mapped[Name] = mapped_column(unique=True)
    """Prefect's idempotency key: sending twice makes one flow run."""
    topic: Mapped[Name]
    """`run` (start a flow run of `deployment`) or `cancel` (end the flow run in `parameters`)."""
    deployment: Mapped[Name | None]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    """The run that this row asks Prefect to carry out; null for everything else."""
    parameters: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    result: Mapped[Words | None]
    """The flow run's id, or the last error."""


class Alarm(Base):
    """Something about a job is wrong; at most one of a kind is open per job."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "uq__alarm__one_open",
            "job",
            "kind",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    job: Mapped[Name]
    kind: Mapped[AlarmKind]
    raised_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(default=1)
    text: Mapped[Words]
    run_id: Mapped[int | None]
    cleared_at: Mapped[datetime | None]


class Heartbeat(Base):
    """When a part last did its work with success: silence is red."""

    __tablename__ = "heartbeat"

    part: Mapped[Name] = mapped_column(primary_key=True)
    """`planner`, `relay`, `worker` or `anchor`."""
    at: Mapped[datetime]
    worker: Mapped[Name]
    """host:pid."""
    note: Mapped[Words | None]
