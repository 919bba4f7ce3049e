"""What the desk shows of one run: its journal, its steps, and what its hosts said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import register
from models.records import JournalRow, OutboxRow, Output, Run, Slot, Step, TaskLog


@dataclass(frozen=True)
class Moment:
    """One row of the timeline."""

    seq: int
    at: datetime
    tag: str
    subject: str
    source: str | None
    target: str | None
    actor: str
    reason: str | None


@dataclass(frozen=True)
class KeptStream:
    """One kept stream of one host's command."""

    stream: str
    head: bytes
    tail: bytes
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class HostOutput:
    """What one host's command said in one attempt."""

    host: str
    attempt: int
    streams: tuple[KeptStream, ...]


def timeline(session: Session, subjects: Sequence[str]) -> list[Moment]:
    """The journal of several things together, oldest first."""
    query = select(JournalRow).where(JournalRow.subject.in_(subjects)).order_by(JournalRow.seq)
    return [
        Moment(
            seq=row.seq,
            at=datetime.fromisoformat(row.at),
            tag=row.tag,
            subject=row.subject,
            source=row.source,
            target=row.target,
            actor=row.actor,
            reason=row.reason,
        )
        for row in session.scalars(query)
    ]


def steps(session: Session, run_id: int) -> list[Step]:
    """Every step of every attempt of a run, in the order they were begun."""
    return list(session.scalars(select(Step).where(Step.run_id == run_id).order_by(Step.attempt, Step.id)))


def slot_of(session: Session, run: Run) -> Slot | None:
    """The expected run that a run answers; None for one by hand."""
    return session.get(Slot, run.slot_id) if run.slot_id is not None else None


def outputs(session: Session, run_id: int) -> list[HostOutput]:
    """The kept output of each host that said anything, in its newest attempt."""
    rows = session.execute(
        select(TaskLog.host, TaskLog.attempt, TaskLog.id, Output)
        .join(Output, Output.task_log_id == TaskLog.id)
        .where(TaskLog.run_id == run_id, TaskLog.host.is_not(None))
        .order_by(TaskLog.id, Output.id)
    )
    newest: dict[str, int] = {}
    found: dict[int, tuple[str, int, list[KeptStream]]] = {}
    for host, attempt, log_id, output in rows:
        newest[host] = log_id
        _, _, streams = found.setdefault(log_id, (host, attempt, []))
        streams.append(KeptStream(output.stream, output.head, output.tail, output.size_bytes, output.sha256))
    return [HostOutput(found[key][0], found[key][1], tuple(found[key][2])) for key in newest.values()]


def delivery_troubles(session: Session, run_id: int) -> list[str]:
    """Why the relay could not hand a run over to Prefect so far, newest first."""
    query = (
        select(OutboxRow.result)
        .where(OutboxRow.run_id == run_id, OutboxRow.sent_at.is_(None), OutboxRow.tries > 0)
        .order_by(OutboxRow.id.desc())
    )
    return [text for text in session.scalars(query) if text]


def site_zone(session: Session) -> str:
    """The time zone that people of the site read times in; UTC before any site was applied."""
    sites = register.in_force(session, "site")
    return str(sites[0].spec["timezone"]) if sites else "UTC"
