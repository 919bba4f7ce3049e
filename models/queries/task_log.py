"""The log of tasks: open a row before the act, close it after, and account for the ones whose process died."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, select, update
from sqlalchemy.orm import Session

from models.records import Output, Run, TaskLog
from models.vocabulary import HostFault, Outcome, RunState

FORGOTTEN_AFTER = timedelta(minutes=5)
"""A task that belongs to a run outlives the run's end by its own last words only."""
LONGEST_WITHOUT_RUN = timedelta(hours=1)
LONGEST_RUN = timedelta(days=40)


ENDED = ("ended_at", "outcome", "fault", "exit_code", "message")
KEPT = ("head", "tail", "size_bytes", "sha256")


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


def open_rows(session: Session, started: Sequence[Started]) -> list[int]:
    """Write the rows of several hosts' shares at once. Returns their keys, in the same order."""
    if not started:
        return []
    statement = insert(TaskLog).returning(TaskLog.id, sort_by_parameter_order=True)
    return list(session.scalars(statement, [asdict(share) for share in started]))


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


def close_host_rows(session: Session, ended: Sequence[tuple[int, HostResult]]) -> None:
    """Complete the rows of several hosts, with the output that is kept of each."""
    new: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in ENDED}
    statement = update(TaskLog).where(TaskLog.id == bindparam("row_id")).values(new)
    rows = [{"row_id": key, **{f"new_{name}": getattr(result, name) for name in ENDED}} for key, result in ended]
    session.connection().execute(statement, rows)
    outputs = [
        {"task_log_id": key, "stream": stream.name, **{name: getattr(stream, name) for name in KEPT}}
        for key, result in ended
        for stream in result.streams
        if stream.size_bytes
    ]
    if outputs:
        session.connection().execute(insert(Output), outputs)


def close_orphans(session: Session, run_id: int, now: datetime) -> int:
    """Close the open rows of a run whose process is gone. Returns how many there were."""
    result = session.execute(
        update(TaskLog)
        .where(TaskLog.run_id == run_id, TaskLog.ended_at.is_(None))
        .values(ended_at=now, outcome=Outcome.UNKNOWN, message="its process ended before it could say how")
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def close_forgotten(session: Session, now: datetime) -> int:
    """Close the rows whose process died so late that nobody takes its run up: the run has ended, or there is none."""
    ended = select(Run.id).where(Run.state == RunState.ENDED, Run.ended_at < now - FORGOTTEN_AFTER)
    result = session.execute(
        update(TaskLog)
        .where(
            TaskLog.ended_at.is_(None),
            TaskLog.started_at > now - LONGEST_RUN,
            TaskLog.run_id.in_(ended) | (TaskLog.run_id.is_(None) & (TaskLog.started_at < now - LONGEST_WITHOUT_RUN)),
        )
        .values(ended_at=now, outcome=Outcome.UNKNOWN, message="its process ended before it could say how")
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def of_run(session: Session, run_id: int) -> list[TaskLog]:
    """Every task run of a run, oldest first."""
    return list(session.scalars(select(TaskLog).where(TaskLog.run_id == run_id).order_by(TaskLog.id)))


def outputs_of(session: Session, task_log_id: int) -> list[Output]:
    """The kept streams of one host's command."""
    return list(session.scalars(select(Output).where(Output.task_log_id == task_log_id).order_by(Output.id)))
