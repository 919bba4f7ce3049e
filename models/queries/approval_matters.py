"""An approval with everything that is needed to go on with it, and what of its steps is read again and again."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries.approval_book import ApprovalBook, read_approval_book, scheme_of
from models.records import Approval, ApprovalDecision, ApprovalSeat, ApprovalStep, DelegationRow
from models.rules.approvals.asking import Bound, Window
from models.rules.approvals.deciding import Ballot, Made
from models.rules.approvals.delegating import Delegation, in_force
from models.rules.approvals.people import Staff
from models.rules.approvals.resolving import Involved
from models.rules.approvals.schemes import Scheme, Step
from models.rules.approvals.timing import expires_at
from models.rules.calendars import Calendar
from models.vocabulary import ApprovalStepState

BELOW = (ApprovalStep, ApprovalSeat, DelegationRow)


@dataclass(frozen=True)
class Matter:
    """One approval at one moment."""

    session: Session
    approval: Approval
    book: ApprovalBook
    now: datetime

    @cached_property
    def scheme(self) -> Scheme:
        """The scheme as it was when this was asked."""
        return scheme_of(self.approval.policy)

    @property
    def staff(self) -> Staff:
        """The people as they are now."""
        return self.book.staff

    @property
    def calendar(self) -> Calendar:
        """In whose hours its times are counted."""
        return self.book.calendar(self.scheme)

    @property
    def involved(self) -> Involved:
        """Who asks and who benefits, as they are known now."""
        return Involved(self.staff.identity(self.approval.requester), self.staff.identity(self.approval.beneficiary))

    @cached_property
    def acting(self) -> dict[str, str]:
        """Who decides for whom now."""
        return in_force(delegations(self.session, self.staff, self.now), self.now)

    @property
    def is_by_current_policy(self) -> bool:
        """Whether its scheme is still what it was."""
        policy = self.book.policies.get(self.approval.scheme)
        return policy is not None and policy.sha256 == self.approval.policy_sha256

    def step_of(self, row: ApprovalStep) -> Step:
        """What the scheme says of a step."""
        return self.scheme.steps[row.place - 1]

    def over_at(self, row: ApprovalStep) -> datetime | None:
        """When a step that is open is over without a decision; None: never by itself."""
        since = self.approval.sent_back_at or row.opened_at
        return expires_at(self.step_of(row), self.calendar, since) if since is not None else None

    def steps(self, *states: ApprovalStepState) -> list[ApprovalStep]:
        """The steps of this round in order; only those in one of these states, if some are named."""
        query = select(ApprovalStep).where(
            ApprovalStep.approval_id == self.approval.id, ApprovalStep.round == self.approval.round
        )
        if states:
            query = query.where(ApprovalStep.state.in_(states))
        return list(self.session.scalars(query.order_by(ApprovalStep.place)))


def get(session: Session, approval_id: int) -> Approval:
    """One approval. Raises NotFound."""
    approval = session.get(Approval, approval_id)
    if approval is None:
        raise NotFound(f"there is no approval APR{approval_id:06d}: see `watchbill approval list`")
    return approval


def matter_of(session: Session, approval: Approval, now: datetime) -> Matter:
    """The same with what goes with it; nobody else moves it until this transaction ends."""
    session.flush()
    session.refresh(approval, with_for_update=True)
    # What was read of it before the lock may be otherwise by now.
    for known in [one for one in session.identity_map.values() if isinstance(one, BELOW)]:
        session.expire(known)
    return Matter(session, approval, read_approval_book(session), now)


def bound_of(approval: Approval, policy_sha256: str) -> Bound:
    """What a decision about it is about, under the scheme of this fingerprint."""
    return Bound(
        subject=approval.subject,
        title=approval.title,
        requester=approval.requester,
        beneficiary=approval.beneficiary,
        facts=approval.facts,
        difference=approval.difference,
        window=Window(approval.earliest_at, approval.latest_at),
        scheme=approval.scheme,
        policy=policy_sha256,
    )


def delegations(session: Session, staff: Staff, now: datetime) -> list[Delegation]:
    """Those that are not over, by identities as they are known now, the oldest first."""
    rows = session.scalars(select(DelegationRow).where(DelegationRow.ends_at > now).order_by(DelegationRow.id))
    return [
        Delegation(staff.identity(row.person), staff.identity(row.delegate), row.starts_at, row.ends_at) for row in rows
    ]


def open_steps(session: Session, approvals: Iterable[Approval]) -> dict[int, list[ApprovalStep]]:
    """The steps that are open now, by the keys of their approvals, in order."""
    query = select(ApprovalStep).where(
        ApprovalStep.approval_id.in_([approval.id for approval in approvals]),
        ApprovalStep.state == ApprovalStepState.OPEN,
    )
    found: dict[int, list[ApprovalStep]] = {}
    for row in session.scalars(query.order_by(ApprovalStep.place)):
        found.setdefault(row.approval_id, []).append(row)
    return found


def seats_of_steps(session: Session, steps: Collection[int]) -> list[ApprovalSeat]:
    """Every seat of these steps, in the order in which they were given."""
    query = select(ApprovalSeat).where(ApprovalSeat.step_id.in_(steps)).order_by(ApprovalSeat.id)
    return list(session.scalars(query))


def decisions_of(session: Session, steps: Collection[int]) -> list[ApprovalDecision]:
    """What was decided in these steps, in order."""
    query = select(ApprovalDecision).where(ApprovalDecision.step_id.in_(steps)).order_by(ApprovalDecision.id)
    return list(session.scalars(query))


def ballots(session: Session, staff: Staff, steps: Iterable[ApprovalStep]) -> dict[int, Ballot]:
    """For each step what decides about who may decide in it."""
    keys = [step.id for step in steps]
    seats: dict[int, set[str]] = {key: set() for key in keys}
    made: dict[int, list[Made]] = {key: [] for key in keys}
    for seat in seats_of_steps(session, keys):
        if seat.ended_at is None:
            seats[seat.step_id].add(staff.identity(seat.identity))
    for one in decisions_of(session, keys):
        made[one.step_id].append(Made(tuple(staff.identity(name) for name in one.chain), one.verdict))
    return {key: Ballot(frozenset(seats[key]), tuple(made[key])) for key in keys}
