"""How an approval goes on: asked from the first step, carried step by step, over; and what time does to it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from models.errors import Refused
from models.queries import approval_news, approval_outcomes, approval_steps
from models.queries.approval_matters import Matter, bound_of
from models.queries.approval_steps import ACTOR
from models.queries.states import Because, advance
from models.records import Approval, ApprovalStep
from models.rules.approvals.asking import Bound, Window, pre_approved_by
from models.rules.approvals.moves import UNDECIDED
from models.rules.approvals.schemes import Step
from models.rules.approvals.timing import Waited, due
from models.rules.moves import find_move
from models.rules.wall_clock import stamp
from models.vocabulary import ApprovalState, ApprovalStepState, OnTimeout

ENGINE = Because(ACTOR)


def begin(matter: Matter) -> None:
    """Begin a round: approve it by a rule that asks nobody, or open the first steps."""
    approval, staff = matter.approval, matter.staff
    number = pre_approved_by(matter.scheme.pre_approved, approval.facts, staff.roles_of(approval.asked_by))
    if number is not None:
        grant(matter, f"pre-approved by rule {number} of the scheme {approval.scheme}")
        return
    approval_steps.write_steps(matter)
    go_on(matter)


def go_on(matter: Matter) -> None:
    """Open what is next, or grant the approval when every step was carried."""
    known = {row.id for row in matter.steps(ApprovalStepState.OPEN)}
    opened = approval_steps.open_next(matter)
    if not opened:
        grant(matter, "every step was carried")
        return
    new = [row for row in opened if row.id not in known]
    if new:
        approval_news.asked(matter, approval_steps.deciders(matter, new), new)
    care(matter)


def grant(matter: Matter, why: str) -> None:
    """It is approved."""
    end(matter, "grant", Because(ACTOR, why, at=matter.now), why)


def end(matter: Matter, action: str, because: Because, outcome: str) -> None:
    """It is over, however: nobody decides any more, who asked hears of it, and so does what it is about."""
    values: dict[str, Any] = {"decided_at": matter.now, "outcome": outcome, "sent_back_at": None, "look_at": None}
    advance(matter.session, matter.approval, action, because, **values)
    approval_steps.end_all(matter, ENGINE)
    matter.session.flush()
    approval_news.decided(matter, because)
    approval_outcomes.tell(matter.session, matter.approval, because, matter.now)


def ask_again(matter: Matter, because: Because, changes: dict[str, Any]) -> Matter:
    """Begin a new round, with what has changed, under the scheme as it is now.

    Raises Refused when there is no such scheme, and for facts that are no plain values; MoveRefused when it is over.
    """
    approval = matter.approval
    find_move("approval", approval.state, "ask again")
    policy = matter.book.policies.get(approval.scheme)
    if policy is None:
        raise Refused(f"{approval.number}: the scheme {approval.scheme} has left approvals.yaml")
    sha256 = _sha256(replace(bound_of(approval, policy.sha256), **_bound(approval, changes)))
    approval_steps.end_all(matter, ENGINE)
    for name, value in {**changes, "policy": policy.spec}.items():
        setattr(approval, name, value)
    matter.session.flush()
    values: dict[str, Any] = {"round": approval.round + 1, "policy_sha256": policy.sha256, "sha256": sha256}
    ended = dict.fromkeys(("sent_back_at", "decided_at", "outcome"))
    advance(matter.session, approval, "ask again", because, **values, **ended)
    again = Matter(matter.session, approval, matter.book, matter.now)
    begin(again)
    if approval.state is ApprovalState.OPEN:
        approval_outcomes.tell(matter.session, approval, because, matter.now)
    return again


def _bound(approval: Approval, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes as the hash has them."""
    window = Window(changes.get("earliest_at", approval.earliest_at), changes.get("latest_at", approval.latest_at))
    return {name: changes[name] for name in ("title", "facts", "difference") if name in changes} | {"window": window}


def _sha256(bound: Bound) -> str:
    try:
        return bound.sha256
    except ValueError as error:
        raise Refused(str(error)) from None


def look_at(matter: Matter) -> None:
    """Follow the site's files, then the clock: another scheme asks anew, other people have other seats."""
    approval = matter.approval
    if approval.state not in UNDECIDED:
        approval.look_at = None
        return
    if approval.scheme not in matter.book.policies:
        why = f"the scheme {approval.scheme} has left approvals.yaml"
        end(matter, "void", Because(ACTOR, why, at=matter.now), why)
        return
    if approval.state is ApprovalState.OPEN:
        if not matter.is_by_current_policy:
            ask_again(matter, Because(ACTOR, f"the scheme {approval.scheme} has changed", at=matter.now), {})
            return
        for row in matter.steps(ApprovalStepState.OPEN):
            new = {one.identity for one in approval_steps.seat(matter, row)}
            told = approval_steps.deciders(matter, [row])
            approval_news.asked(matter, {who: whom for who, whom in told.items() if {who, whom} & new}, [row])
    care(matter)


def care(matter: Matter) -> None:
    """Do what time asks for, and say when it asks next."""
    approval = matter.approval
    if approval.state is ApprovalState.SENT_BACK:
        _care_sent_back(matter)
    coming: list[datetime] = []
    for row in matter.steps(ApprovalStepState.OPEN) if approval.state is ApprovalState.OPEN else ():
        next_at = _care_step(matter, row)
        if approval.state is not ApprovalState.OPEN or row.state is not ApprovalStepState.OPEN:
            return  # what became of it has looked after the rest
        coming += [next_at] if next_at is not None else []
    if approval.state is ApprovalState.OPEN:
        approval.look_at = min(coming, default=None)
    matter.session.flush()


def _care_sent_back(matter: Matter) -> None:
    """What nobody answers is over when its steps would be, counted from the question; silence approves nothing."""
    ends = [matter.over_at(row) for row in matter.steps(ApprovalStepState.OPEN)]
    first = min((at for at in ends if at is not None), default=None)
    matter.approval.look_at = first
    if first is not None and first <= matter.now:
        _expire(matter, f"nobody answered until {stamp(first)}")


def _care_step(matter: Matter, row: ApprovalStep) -> datetime | None:
    step, since = matter.step_of(row), row.opened_at
    if since is None:
        return None
    waited = Waited(since, row.reminders, row.escalated_at is not None)
    found = due(step, matter.calendar, waited, matter.now, nobody_may=approval_steps.nobody_may(matter, row))
    if found.expire:
        _run_out(matter, row, step)
        return None
    row.reminders = found.reminders
    if found.remind:
        _remind(matter, row)
    if found.escalate:
        _escalate(matter, row)
    return found.next_at


def _remind(matter: Matter, row: ApprovalStep) -> None:
    told = approval_steps.deciders(matter, [row])
    because = Because(ACTOR, f"step {row.place} waits, reminder {row.reminders}", at=matter.now)
    matter.session.flush()
    advance(matter.session, matter.approval, "remind", because)
    approval_news.reminded(matter, told, row)


def _escalate(matter: Matter, row: ApprovalStep) -> None:
    row.escalated_at = matter.now
    matter.session.flush()
    new = {seat.identity for seat in approval_steps.seat(matter, row)}
    told = {name: whom for name, whom in approval_steps.deciders(matter, [row]).items() if name in new or whom in new}
    who = ", ".join(sorted(new)) or "nobody else"
    because = Because(ACTOR, f"step {row.place} is escalated: {who} may decide, too", at=matter.now)
    advance(matter.session, matter.approval, "escalate", because)
    approval_news.escalated(matter, told, row)


def _run_out(matter: Matter, row: ApprovalStep, step: Step) -> None:
    if step.then is OnTimeout.DENY:
        approval_steps.end_step(matter, row, "expire", ENGINE)
        _expire(matter, f"nobody decided step {row.place} in time")
        return
    why = f"nobody decided step {row.place} in time: its scheme approves it then"
    approval_steps.end_step(matter, row, "approve", Because(ACTOR, why, at=matter.now))
    go_on(matter)


def _expire(matter: Matter, why: str) -> None:
    end(matter, "expire", Because(ACTOR, why, at=matter.now), why)
