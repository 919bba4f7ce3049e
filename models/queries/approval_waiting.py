"""What waits for somebody's decision, and which approvals there are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries.approval_book import read_approval_book
from models.queries.approval_matters import Matter, ballots, delegations
from models.records import Approval, ApprovalSeat, ApprovalStep
from models.rules.approvals.deciding import holders
from models.rules.approvals.delegating import in_force
from models.rules.approvals.moves import UNDECIDED
from models.vocabulary import ApprovalState, ApprovalStepState

MOST = 100


@dataclass(frozen=True)
class Waiting:
    """One approval that somebody may decide now."""

    approval: Approval
    step: ApprovalStep
    whose: str | None
    """For whom they would decide, when it is not for themselves."""
    over_at: datetime | None


@dataclass(frozen=True)
class WaitingList:
    """What waits for somebody, the oldest first."""

    found: tuple[Waiting, ...]
    is_cut: bool
    """There may be more than are listed."""


def waiting_for(session: Session, person: str, now: datetime, most: int = MOST) -> WaitingList:
    """What a person may decide now, for themselves or for who delegated to them."""
    book = read_approval_book(session)
    me, acting = book.staff.identity(person), in_force(delegations(session, book.staff, now), now)
    query = (
        select(ApprovalSeat, ApprovalStep, Approval)
        .join(ApprovalStep, ApprovalStep.id == ApprovalSeat.step_id)
        .join(Approval, Approval.id == ApprovalStep.approval_id)
        .where(
            ApprovalSeat.identity.in_(_owners(me, acting)),
            ApprovalSeat.ended_at.is_(None),
            ApprovalStep.state == ApprovalStepState.OPEN,
            Approval.state == ApprovalState.OPEN,
        )
    )
    rows = session.execute(query.order_by(ApprovalSeat.id).limit(most + 1)).all()
    steps = {step.id: step for _, step, _ in rows}
    known = ballots(session, book.staff, steps.values())
    found: dict[int, Waiting] = {}
    for _, step, approval in rows[:most]:
        matter = Matter(session, approval, book, now)
        held = holders(known[step.id], matter.involved, acting).get(me)
        if held is not None:
            whose = held[0] if len(held) > 1 else None
            found.setdefault(step.id, Waiting(approval, step, whose, matter.over_at(step)))
    return WaitingList(tuple(found.values()), len(rows) > most)


def _owners(me: str, acting: dict[str, str]) -> list[str]:
    """Those whose seats somebody could hold: their own, and those from which a chain of delegations leads to them."""
    found = {me}
    for _ in acting:
        found |= {person for person, delegate in acting.items() if delegate in found}
    return sorted(found)


def chosen(
    session: Session, requester: str | None, states: Collection[ApprovalState], most: int = MOST
) -> list[Approval]:
    """The approvals in these states, else those that are undecided; of one who asked, if named; the newest first."""
    query = select(Approval).where(Approval.state.in_(states or UNDECIDED))
    if requester is not None:
        query = query.where(Approval.requester == requester)
    return list(session.scalars(query.order_by(Approval.id.desc()).limit(most)))
