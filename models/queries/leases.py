"""The lease of a part of which only one may work: taken, kept while its holder lives, and lost when it does not."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.records import PartLease

LEASE = timedelta(seconds=15)


def hold(session: Session, part: str, holder: str, now: datetime, *, is_gone: bool = False) -> str | None:
    """Take or keep the lease; None when it is ours, else who has it. Ours lasts at least for this transaction.

    `is_gone` says that whoever was seen to have it is known to be dead.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(PartLease).values(part=part, holder=holder, until=now + LEASE)
    session.execute(new.on_conflict_do_nothing(index_elements=["part"]))
    # Locked to the end of the transaction: nobody takes it over in the middle of our work.
    row = session.scalars(select(PartLease).where(PartLease.part == part).with_for_update()).one()
    if row.holder != holder and row.until > now and not is_gone:
        return row.holder
    if row.holder != holder or row.until < now + LEASE / 2:
        row.holder, row.until = holder, now + LEASE
        session.flush()
    return None


def holder(session: Session, part: str) -> str | None:
    """Who has the lease; None: nobody ever had it."""
    return session.scalar(select(PartLease.holder).where(PartLease.part == part))


def give_up(session: Session, part: str, holder: str, now: datetime) -> None:
    """Let go of the lease, so that the next need not wait for its end."""
    row = session.get(PartLease, part)
    if row is not None and row.holder == holder:
        row.until = now
