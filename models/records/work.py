"""Expected runs, runs, and each host's share of a run."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Key, Name, Words
from models.vocabulary import HostFault, Outcome, RunState, SlotState, StepState, Trigger


class Slot(Base):
    """One expected run: the job and the instant it is due. Written before it happens."""

    __tablename__ = "slot"
    __table_args__ = (
        UniqueConstraint("job", "due_at"),
        Index(None, "state", "due_at"),
        Index(None, "event_id"),
        CheckConstraint("(state IN ('expected', 'late')) = (settled_at IS NULL)", "settled_when_not_waiting"),
    )

    id: Mapped[Key]
    job: Mapped[Name] = mapped_column(ForeignKey("job.name"))
    due_at: Mapped[datetime]
    state: Mapped[SlotState] = mapped_column(default=SlotState.EXPECTED)
    planned_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    """When it left expected / late: started, missed or skipped."""
    moved_from: Mapped[datetime | None]
    """The due time before a calendar moved it to the next working day."""
    reason: Mapped[Words | None]
    """Why it was skipped, missed or is late, in words for people."""
    caught_up: Mapped[bool] = mapped_column(default=False)
    """It ran after an outage, by its catch-up policy."""
    was_late: Mapped[bool] = mapped_column(default=False)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """The event that released it; null when its job waits for none."""


class Run(Base):
    """One run of a job: scheduled, caught up, by hand, or a retry of an earlier one."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("(state = 'ended') = (outcome IS NOT NULL)", "ended_has_outcome"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", "ended_has_time"),
        CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", "running_has_lease"),
        CheckConstraint("(state = 'waiting to retry') = (next_attempt_at IS NOT NULL)", "retry_has_time"),
        Index(None, "state", "queued_at"),
        Index(None, "job", "queued_at"),
        Index(None, "job", "ended_at"),
    )

    id: Mapped[Key]
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=lambda: secrets.token_hex(6))
    """Random: for addresses, and to tell this run's folder on a host from one of another database's."""
    job: Mapped[Name] = mapped_column(ForeignKey("job.name"))
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("slot.id"), unique=True)
    """Null for a run by hand."""
    trigger: Mapped[Trigger]
    state: Mapped[RunState] = mapped_column(default=RunState.QUEUED)
    outcome: Mapped[Outcome | None]
    summary: Mapped[Words | None]
    """How it ended, in one line: "2 of 8 hosts failed: web2 exit code 3"."""
    plan: Mapped[dict[str, Any]]
    """What is done where, in which waves: `RunPlan` as JSON. Secrets only as references."""
    job_sha256: Mapped[str | None]
    """Which version of the job's entry the plan was made from."""
    attempt: Mapped[int] = mapped_column(default=1)
    """1 for the first; retries work on the failed hosts only."""
    fence: Mapped[int] = mapped_column(default=0)
    """Grows with every claim; a write with an old fence changes nothing."""
    requested_by: Mapped[Name]
    queued_at: Mapped[datetime]
    queue_reason: Mapped[Words | None]
    """Why it still waits."""
    start_by: Mapped[datetime | None]
    """The last moment at which it may still start; null for a run by hand."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    worker: Mapped[Name | None]
    """host:pid of the process that holds the lease."""
    kill_requested_at: Mapped[datetime | None]
    kill_requested_by: Mapped[Name | None]
    retry_of: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    flow_run_id: Mapped[Name | None]
    progress: Mapped[dict[str, Any] | None]
    """How far a long act of a flow is: bytes, files, and of how many where that is known."""
    recoveries: Mapped[int] = mapped_column(default=0)
    """How often its lease expired and it was taken up again."""

    @property
    def number(self) -> str:
        """What people say on the phone: RUN000123."""
        return run_number(self.id)


def run_number(run_id: int) -> str:
    """The number of a run: RUN000123."""
    return f"RUN{run_id:06d}"


class Step(Base):
    """One host's share of one attempt of a run. Committed before anything is sent to the host."""

    __tablename__ = "step"
    __table_args__ = (
        CheckConstraint("(state = 'ended') = (outcome IS NOT NULL)", "ended_has_outcome"),
        Index(None, "run_id", "attempt"),
    )

    id: Mapped[Key]
    key: Mapped[Name] = mapped_column(unique=True)
    """Also the name of the run directory on the host: `20261121/RUN000012-4f1c09a2b7de-web1-1`."""
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    host: Mapped[Name]
    attempt: Mapped[int]
    state: Mapped[StepState] = mapped_column(default=StepState.INTENDED)
    outcome: Mapped[Outcome | None]
    fault: Mapped[HostFault | None]
    exit_code: Mapped[int | None]
    intended_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    message: Mapped[Words | None]
    first_error_line: Mapped[Words | None]
    attached: Mapped[bool] = mapped_column(default=False)
    """Its result was collected after the controller that started it was gone."""
