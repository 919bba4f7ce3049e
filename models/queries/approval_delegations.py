"""Delegations: made, ended, told to whom they are for."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import approval_news, approval_waiting, journal
from models.queries.approval_book import read_approval_book
from models.queries.approval_matters import delegations
from models.records import DelegationRow, SiteEntry
from models.rules.approvals.delegating import Delegation, delegation_problems
from models.rules.wall_clock import stamp


@dataclass(frozen=True)
class NewDelegation:
    """Somebody decides in another's place, from when to when; people by their accounts."""

    person: str
    delegate: str
    starts_at: datetime
    ends_at: datetime
    reason: str | None = None


def delegate(session: Session, new: NewDelegation, by: str, now: datetime) -> DelegationRow:
    """Delegate what waits for a person, and will. `by` is that person, or an administrator who says why.

    Raises NotFound for a stranger, Refused for a second one at a time, a circle, and one that is no time.
    """
    staff = read_approval_book(session).staff
    for name in (new.person, new.delegate):
        if not staff.knows(name):
            raise NotFound(f"there is no person {name!r} in people.yaml")
    # Two that are made at once could close a circle that neither sees: one after the other.
    session.execute(select(SiteEntry.id).with_for_update())
    wanted = Delegation(staff.identity(new.person), staff.identity(new.delegate), new.starts_at, new.ends_at)
    wrong = list(delegation_problems(wanted, delegations(session, staff, now), now))
    if wrong:
        raise Refused("; ".join(wrong))
    row = DelegationRow(
        person=wanted.person,
        delegate=wanted.delegate,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        reason=new.reason,
        made_by=by,
        made_at=now,
    )
    session.add(row)
    session.flush()
    journal.append(session, replace(_fact("delegate", row, by, now), reason=new.reason))
    waiting = len(approval_waiting.waiting_for(session, row.delegate, now).found)
    approval_news.delegated(session, row, waiting, now)
    return row


def end(session: Session, person: str, by: str, now: datetime) -> list[DelegationRow]:
    """End what a person has delegated and is not over, from now on. Raises Refused when there is nothing to end."""
    staff = read_approval_book(session).staff
    identity = staff.identity(person)
    rows = [row for row in not_over(session, now) if staff.identity(row.person) == identity]
    if not rows:
        raise Refused(f"{person} has delegated nothing")
    for row in rows:
        journal.append(session, _fact("end", row, by, now))
        if row.starts_at < now:
            row.ends_at = now
        else:
            session.delete(row)
    session.flush()
    return rows


def not_over(session: Session, now: datetime) -> list[DelegationRow]:
    """Those that hold now or will, the next first."""
    query = select(DelegationRow).where(DelegationRow.ends_at > now)
    return list(session.scalars(query.order_by(DelegationRow.starts_at, DelegationRow.id)))


def _fact(act: str, row: DelegationRow, by: str, now: datetime) -> journal.Fact:
    facts = {"person": row.person, "delegate": row.delegate, "from": stamp(row.starts_at), "to": stamp(row.ends_at)}
    return journal.Fact(f"approvals:delegation:{act}", f"delegation/{row.id}", by, facts=facts, at=now)
