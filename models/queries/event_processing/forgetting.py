"""Alerts that are over are forgotten when they are old; their incidents stay as long as incidents do."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models.queries import journal
from models.records import Alert, AlertChange, AlertGroup, AlertGuest, AlertPolicyRow, CorrectiveRun
from models.vocabulary import Standing

BATCH_ROWS = 500


def forget(session: Session, now: datetime, kept_for: timedelta) -> int:
    """Delete one batch of what is over and of which nothing was heard for so long. Returns how many alerts went."""
    before = now - kept_for
    # The last number stays, so that it is not given again.
    last = select(func.max(Alert.id)).scalar_subquery()
    old = select(Alert.id).where(Alert.standing == Standing.OVER, Alert.seen_at < before, Alert.id < last)
    numbers = list(session.scalars(old.order_by(Alert.id).limit(BATCH_ROWS)))
    for table in (AlertChange, AlertGuest, CorrectiveRun):
        session.execute(delete(table).where(table.alert_id.in_(numbers)))
    session.execute(delete(Alert).where(Alert.id.in_(numbers)))
    _forget_groups(session, before)
    if numbers:
        fact = journal.Fact("events:alert:forget", "alert/*", "events", facts={"alerts": len(numbers)}, at=now)
        journal.append(session, fact)
    return len(numbers)


def _forget_groups(session: Session, before: datetime) -> None:
    """Groups that no alert belongs to any more, and the policies that no alert and no group follows."""
    mine = select(Alert.id).where(Alert.group_id == AlertGroup.id)
    guests = select(AlertGuest.alert_id).where(AlertGuest.group_id == AlertGroup.id)
    unused = (AlertGroup.joined_at < before, AlertGroup.look_at.is_(None), ~mine.exists(), ~guests.exists())
    empty = select(AlertGroup.id).where(*unused)
    session.execute(delete(AlertGroup).where(AlertGroup.id.in_(list(session.scalars(empty.limit(BATCH_ROWS))))))
    followed = select(Alert.policy_id).union(select(AlertGroup.policy_id).where(AlertGroup.policy_id.is_not(None)))
    session.execute(delete(AlertPolicyRow).where(AlertPolicyRow.id.not_in(followed)))
