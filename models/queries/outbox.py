"""The outbox: what the outside must do, decided in one transaction, sent by the relay, at least once, by key."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.records import OutboxRow

LONGEST_WAIT = timedelta(seconds=30)


def put(
    session: Session,
    key: str,
    now: datetime,
    *,
    topic: str,
    deployment: str | None,
    parameters: dict[str, Any],
) -> None:
    """Add one obligation; a key that is there already is a no-op."""
    if session.scalar(select(OutboxRow.id).where(OutboxRow.key == key)) is None:
        session.add(
            OutboxRow(
                key=key,
                topic=topic,
                deployment=deployment,
                parameters=parameters,
                created_at=now,
                next_try_at=now,
            )
        )


def waiting(session: Session, now: datetime, limit: int = 50) -> list[OutboxRow]:
    """The obligations that are due to be sent, oldest first."""
    query = (
        select(OutboxRow)
        .where(OutboxRow.sent_at.is_(None), OutboxRow.given_up_at.is_(None), OutboxRow.next_try_at <= now)
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def mark_sent(session: Session, row_id: int, now: datetime, result: str) -> None:
    """It was sent; `result` is the flow run's id."""
    session.execute(update(OutboxRow).where(OutboxRow.id == row_id).values(sent_at=now, result=result))


def mark_failed(session: Session, row: OutboxRow, now: datetime, error: str, *, permanent: bool) -> None:
    """It could not be sent: try again later, doubling the wait, or give up when trying again cannot help."""
    wait = min(timedelta(seconds=0.5 * 2 ** min(row.tries, 10)), LONGEST_WAIT)
    values: dict[str, Any] = {"tries": row.tries + 1, "result": error[:2000], "next_try_at": now + wait}
    if permanent:
        values["given_up_at"] = now
    session.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(values))
