"""The outbox: what the outside must do, decided in one transaction, sent by the relay, at least once, by key."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.records import OutboxRow, Run

LONGEST_WAIT = timedelta(seconds=30)


@dataclass(frozen=True)
class Wanted:
    """One obligation: its key, what is asked (`run` a deployment, or `cancel` a flow run), and with what."""

    key: str
    topic: str
    parameters: dict[str, Any]
    deployment: str | None = None
    run_id: int | None = None


def put(session: Session, wanted: Wanted, now: datetime) -> None:
    """Add one obligation; a key that is there already is a no-op."""
    if session.scalar(select(OutboxRow.id).where(OutboxRow.key == wanted.key)) is None:
        session.add(OutboxRow(**asdict(wanted), created_at=now, next_try_at=now))


def waiting(session: Session, now: datetime, limit: int = 50) -> list[OutboxRow]:
    """The obligations that are due to be sent, oldest first."""
    query = (
        select(OutboxRow)
        .where(OutboxRow.sent_at.is_(None), OutboxRow.given_up_at.is_(None), OutboxRow.next_try_at <= now)
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def mark_sent(session: Session, row: OutboxRow, now: datetime, result: str) -> None:
    """It was sent; `result` is the flow run's id, which its run remembers."""
    session.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(sent_at=now, result=result))
    if row.run_id is not None:
        session.execute(update(Run).where(Run.id == row.run_id).values(flow_run_id=result))


def mark_failed(session: Session, row: OutboxRow, now: datetime, error: str, *, permanent: bool) -> None:
    """It could not be sent: try again later, doubling the wait, or give up when trying again cannot help."""
    wait = min(timedelta(seconds=0.5 * 2 ** min(row.tries, 10)), LONGEST_WAIT)
    values: dict[str, Any] = {"tries": row.tries + 1, "result": error[:2000], "next_try_at": now + wait}
    if permanent:
        values["given_up_at"] = now
    session.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(values))
