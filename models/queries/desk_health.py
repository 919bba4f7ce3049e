"""What the doctor asks the shared database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.records import OutboxRow

PATIENCE = timedelta(minutes=1)


@dataclass(frozen=True)
class Undelivered:
    """What Prefect was not asked yet, though it should have been."""

    number: int
    last_error: str | None


def undelivered(session: Session, now: datetime) -> Undelivered:
    """Orders that wait for more than a minute, or that were given up."""
    stuck = (
        OutboxRow.sent_at.is_(None),
        or_(OutboxRow.given_up_at.is_not(None), OutboxRow.created_at < now - PATIENCE),
    )
    number = session.scalar(select(func.count()).select_from(OutboxRow).where(*stuck)) or 0
    error = session.scalar(select(OutboxRow.result).where(*stuck).order_by(OutboxRow.id.desc()).limit(1))
    return Undelivered(number, error)
