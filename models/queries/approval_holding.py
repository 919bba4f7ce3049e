"""Whether an approval still holds at the moment when something is done by it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.queries.approval_book import read_approval_book
from models.queries.approval_matters import Matter, bound_of, decisions_of, seats_of_steps
from models.records import Approval, ApprovalDecision
from models.rules.approvals.asking import pre_approved_by
from models.rules.approvals.resolving import seats_of
from models.rules.verdicts import Verdict
from models.rules.wall_clock import stamp
from models.vocabulary import ApprovalState, ApprovalStepState, ApprovalVerdict, OnTimeout


def still_holds(session: Session, approval: Approval, facts: Mapping[str, Any], now: datetime) -> Verdict:
    """Whether what is to be done, by these facts, is what was approved, by people who still would be asked.

    Of one that is approved and only waits for its window, `until` says when that opens. Where it does not hold
    otherwise, `approvals.ask_again` asks anew.
    """
    matter = Matter(session, approval, read_approval_book(session), now)
    for wrong in (*_content(matter, facts), *_people(matter)):
        return Verdict(False, f"{approval.number}: {wrong}")
    earliest, latest = approval.earliest_at, approval.latest_at
    if latest is not None and latest <= now:
        return Verdict(False, f"{approval.number}: its window was over at {stamp(latest)}")
    if earliest is not None and now < earliest:
        return Verdict(False, f"{approval.number}: its window opens at {stamp(earliest)}", until=earliest)
    return Verdict(True, f"{approval.number} holds", until=latest)


def _content(matter: Matter, facts: Mapping[str, Any]) -> Iterator[str]:
    approval = matter.approval
    if approval.state is not ApprovalState.APPROVED:
        yield f"it is {approval.state.value}"
        return
    if not matter.is_by_current_policy:
        yield f"the scheme {approval.scheme} has changed since"
    bound = bound_of(approval, approval.policy_sha256)
    if bound.sha256 != approval.sha256:
        yield "its row was changed after it was decided"
    if replace(bound, facts=facts).sha256 != approval.sha256:
        yield "what was approved was something else"
    yield from _course(matter)


def _course(matter: Matter) -> Iterator[str]:
    """Whether its steps were carried, or a rule that asks nobody still says so."""
    rows, approval = matter.steps(), matter.approval
    made = Counter(one.step_id for one in decisions_of(matter.session, [row.id for row in rows]))
    for row in rows:
        step = matter.step_of(row)
        by_time = step.then is OnTimeout.APPROVE
        if row.state is not ApprovalStepState.APPROVED or (made[row.id] < step.needed and not by_time):
            yield f"step {row.place} was not carried"
    roles = matter.staff.roles_of(approval.asked_by)
    if not rows and pre_approved_by(matter.scheme.pre_approved, approval.facts, roles) is None:
        yield f"no rule of the scheme {approval.scheme} approves it without asking any more"


def _people(matter: Matter) -> Iterator[str]:
    """Who of those that approved would not be asked any more."""
    rows = matter.steps()
    for made in decisions_of(matter.session, [row.id for row in rows]):
        if made.verdict is ApprovalVerdict.APPROVE:
            row = next(row for row in rows if row.id == made.step_id)
            step = matter.step_of(row)
            approvers = (*step.approvers, *(step.escalate_to if row.escalated_at is not None else ()))
            seats = seats_of(approvers, matter.involved, matter.approval.facts, matter.staff)
            yield from _person(matter, made, frozenset(seats))


def _person(matter: Matter, made: ApprovalDecision, seats: frozenset[str]) -> Iterator[str]:
    staff, owner = matter.staff, matter.staff.identity(made.seat)
    if not staff.knows(made.person):
        yield f"{made.person}, who approved it, has left"
    elif staff.identity(made.person) in matter.involved.people:
        yield f"{made.person}, who approved it, is one of those whose matter it is"
    elif owner not in seats and not _was_given(matter, made):
        yield f"{made.seat}, whose decision it was, would not be asked any more"
    elif made.sha256 != matter.approval.sha256:
        yield f"{made.person} approved something else"


def _was_given(matter: Matter, made: ApprovalDecision) -> bool:
    """Whether an administrator gave the seat to somebody who is still here."""
    given = (one for one in seats_of_steps(matter.session, [made.step_id]) if one.identity == made.seat)
    return any(one.is_fixed for one in given) and matter.staff.knows(made.seat)
