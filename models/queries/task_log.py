"""The log of tasks: open a row before the act, close it after, and account for the ones whose process died."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.records import Output, TaskLog
from models.vocabulary import HostFault, Outcome


@dataclass(frozen=True)
class Started:
    """What is known of a task run before it acts."""

    task: str
    started_at: datetime
    worker: str
    run_id: int | None = None
    host: str | None = None
    parent_id: int | None = None
    attempt: int = 1
    flow_run_id: str | None = None
    task_run_id: str | None = None


@dataclass(frozen=True)
class Stream:
    """One kept stream of a command: `stdout` or `stderr`."""

    name: str
    head: bytes
    tail: bytes
    size_bytes: int
    sha256: str


def open_row(session: Session, started: Started) -> int:
    """Write the row of a task that is about to act. Returns its key."""
    row = TaskLog(**asdict(started))
    session.add(row)
    session.flush()
    return row.id


def close_row(session: Session, row_id: int, now: datetime, outcome: Outcome, message: str | None) -> None:
    """Say how a task ended; a row that was closed before keeps what it says."""
    session.execute(
        update(TaskLog)
        .where(TaskLog.id == row_id, TaskLog.ended_at.is_(None))
        .values(ended_at=now, outcome=outcome, message=message)
    )


@dataclass(frozen=True)
class HostResult:
    """How one host's share of a task ended."""

    ended_at: datetime
    outcome: Outcome
    fault: HostFault | None
    exit_code: int | None
    message: str
    streams: tuple[Stream, ...]


def close_host_row(session: Session, row_id: int, result: HostResult) -> None:
    """Complete one host's row, with the output that is kept of it."""
    session.execute(
        update(TaskLog)
        .where(TaskLog.id == row_id)
        .values(
            ended_at=result.ended_at,
            outcome=result.outcome,
            fault=result.fault,
            exit_code=result.exit_code,
            message=result.message,
        )
    )
    for stream in result.streams:
        if stream.size_bytes:
            kept = {"head": stream.head, "tail": stream.tail, "size_bytes": stream.size_bytes, "sha256": stream.sha256}
            session.add(Output(task_log_id=row_id, stream=stream.name, **kept))


def close_orphans(session: Session, run_id: int, now: datetime) -> int:
    """Close the open rows of a run whose process is gone. Returns how many there were."""
    result = session.execute(
        update(TaskLog)
        .where(TaskLog.run_id == run_id, TaskLog.ended_at.is_(None))
        .values(ended_at=now, outcome=Outcome.UNKNOWN, message="its process ended before it could say how")
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def of_run(session: Session, run_id: int) -> list[TaskLog]:
    """Every task run of a run, oldest first."""
    return list(session.scalars(select(TaskLog).where(TaskLog.run_id == run_id).order_by(TaskLog.id)))


def outputs_of(session: Session, task_log_id: int) -> list[Output]:
    """The kept streams of one host's command."""
    return list(session.scalars(select(Output).where(Output.task_log_id == task_log_id).order_by(Output.id)))
