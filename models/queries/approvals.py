"""Approvals: asked for, sent back and answered, commented, reassigned, withdrawn, void; and whether one still holds.

Deciding is in `approval_deciding`, the list of what waits for somebody in `approval_waiting`, delegation in
`approval_delegations`. What becomes of that which an approval is about, `approval_outcomes` says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import approval_course, approval_news, approval_outcomes, approval_steps, journal
from models.queries.apart import attempt
from models.queries.approval_book import Policy, read_approval_book
from models.queries.approval_matters import Matter, ballots, bound_of, get, matter_of, seats_of_steps
from models.queries.states import Because, advance
from models.records import Approval, ApprovalSeat, ApprovalStep
from models.rules.approvals.asking import NewApproval
from models.rules.approvals.delegating import chain
from models.rules.approvals.moves import UNDECIDED
from models.rules.approvals.people import Staff
from models.rules.incidents import fitting_text, fitting_title, text_problems
from models.rules.moves import find_move
from models.vocabulary import ApprovalState, ApprovalStepState

__all__ = [
    "Answer", "Reassignment", "answer", "ask", "ask_again", "comment", "get", "look", "of_subject", "reassign",
    "void", "withdraw",
]  # fmt: skip
CHANGEABLE = frozenset({"title", "facts", "difference", "earliest_at", "latest_at"})
"""What of an approval may be another one when it is asked again."""
MOST = 50
"""Approvals that one look takes, so that its transaction stays short."""
TRY_AGAIN = timedelta(minutes=10)
"""When an approval that could not be looked after is looked at again."""


@dataclass(frozen=True)
class Answer:
    """What who asks says to what was sent back; what changes the matter begins it anew. None leaves it as it is."""

    text: str
    facts: Mapping[str, Any] | None = None
    difference: str | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What of the matter is another one now."""
        given = {"facts": dict(self.facts) if self.facts is not None else None, "difference": self.difference}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Reassignment:
    """A seat that goes from one person to another; without `instead_of` it is one more."""

    to: str
    instead_of: str | None = None


def ask(session: Session, new: NewApproval, because: Because, now: datetime) -> Approval:
    """Ask for a decision. The approval may be approved when this returns: by a rule that asks nobody.

    Raises NotFound for a scheme that there is not, Refused when something undecided is asked about the subject
    already, or the facts are no plain values. What the subject's handler hears of it, it hears before this returns.
    """
    book = read_approval_book(session)
    policy = book.policies.get(new.scheme)
    if policy is None:
        known = ", ".join(sorted(book.policies)) or "none"
        raise NotFound(f"there is no scheme {new.scheme!r} in approvals.yaml; there are: {known}")
    open_one = of_subject(session, new.subject)
    if open_one is not None and open_one.state in UNDECIDED:
        raise Refused(f"{new.subject}: {open_one.number} is {open_one.state.value} already: it is asked once at a time")
    approval = _row(new, book.staff, policy, now)
    session.add(approval)
    session.flush()
    told = ("subject", "requester", "beneficiary", "scheme", "policy_sha256", "sha256")
    fact = journal.Fact(
        tag="approvals:approval:ask",
        subject=f"approval/{approval.id}",
        actor=because.actor,
        target=ApprovalState.OPEN.value,
        reason=because.reason,
        facts={name: getattr(approval, name) for name in told},
        key=because.key,
        at=now,
    )
    journal.append(session, fact)
    try:
        approval_course.begin(Matter(session, approval, book, now))
    except ValueError as error:  # a calendar that never opens
        raise Refused(f"the scheme {new.scheme}: {error}") from None
    return approval


def _row(new: NewApproval, staff: Staff, policy: Policy, now: datetime) -> Approval:
    approval = Approval(
        subject=new.subject,
        title=fitting_title(new.title),
        state=ApprovalState.OPEN,
        requester=staff.identity(new.requester),
        beneficiary=staff.identity(new.beneficiary),
        asked_by=new.requester,
        facts=dict(new.facts),
        difference=fitting_text(new.difference),
        earliest_at=new.window.earliest,
        latest_at=new.window.latest,
        scheme=new.scheme,
        policy=policy.spec,
        policy_sha256=policy.sha256,
        asked_at=now,
        round=1,
    )
    try:
        approval.sha256 = bound_of(approval, policy.sha256).sha256
    except ValueError as error:
        raise Refused(str(error)) from None
    return approval


def of_subject(session: Session, subject: str) -> Approval | None:
    """The newest approval about a thing; None: none was ever asked for."""
    query = select(Approval).where(Approval.subject == subject).order_by(Approval.id.desc()).limit(1)
    return session.scalar(query)


def answer(session: Session, approval: Approval, said: Answer, because: Because, now: datetime) -> Approval:
    """Say what was asked for; only who asks may. With other facts or another difference everybody is asked anew.

    Raises MoveRefused when it was not sent back, Refused without words and for anybody else.
    """
    matter = matter_of(session, approval, now)
    _check_text("answer", said.text)
    if because.roles is not None and matter.staff.identity(because.actor) != matter.involved.requester:
        raise Refused(f"{approval.number} was asked by {approval.requester}: only they answer")
    spoken = Because(because.actor, said.text, because.key, roles=because.roles, at=now)
    advance(session, approval, "answer", spoken, sent_back_at=None)
    for row in matter.steps(ApprovalStepState.OPEN):
        row.opened_at, row.reminders = now, 0
    session.flush()
    is_other = any(getattr(approval, name) != value for name, value in said.changes.items())
    if is_other or not matter.is_by_current_policy:
        why = "the answer changed it" if is_other else "its scheme has changed"
        return ask_again(session, approval, said.changes, Because(approval_steps.ACTOR, why, at=now), now)
    rows = matter.steps(ApprovalStepState.OPEN)
    approval_news.answered(matter, approval_steps.deciders(matter, rows), rows, spoken)
    approval_course.care(matter)
    approval_outcomes.tell(session, approval, spoken, now)
    return approval


def ask_again(
    session: Session, approval: Approval, changes: Mapping[str, Any], because: Because, now: datetime
) -> Approval:
    """Ask anew from the first step: with what of CHANGEABLE is another one, by today's policy.

    Also of one that was approved and does not hold any more. Raises MoveRefused when it is over otherwise, Refused
    when its scheme has left the site, ValueError for a change of anything else.
    """
    others = set(changes) - CHANGEABLE
    if others:
        raise ValueError(f"{approval.number}: {', '.join(sorted(others))} cannot change: it would be another approval")
    fitting: dict[str, Callable[[Any], Any]] = {"title": fitting_title, "difference": fitting_text, "facts": dict}
    fitted = {name: fitting[name](value) if name in fitting else value for name, value in changes.items()}
    approval_course.ask_again(matter_of(session, approval, now), because, fitted)
    return approval


def comment(session: Session, approval: Approval, text: str, person: str, now: datetime) -> None:
    """Say something about it, for everybody who sees it. Raises Refused without words."""
    _check_text("comment", text)
    tag, subject = "approvals:approval:comment", f"approval/{approval.id}"
    journal.append(session, journal.Fact(tag, subject, person, reason=fitting_text(text), at=now))


def reassign(session: Session, approval: Approval, wanted: Reassignment, because: Because, now: datetime) -> Approval:
    """Give a seat of what is open to somebody, instead of somebody or besides; an administrator's act, seen by all.

    Raises Refused for one's own matter, for a seat to oneself, to who asks or benefits, and where there is no such
    seat; NotFound for a stranger; MoveRefused when it is not open, or by role.
    """
    matter = matter_of(session, approval, now)
    find_move("approval", approval.state, "reassign", because.roles)
    to = matter.staff.identity(wanted.to)
    _check_reassignment(matter, wanted.to, because)
    row, taken = _seat_to_take(matter, wanted)
    if to in ballots(session, matter.staff, [row])[row.id].spent:
        raise Refused(f"{wanted.to} is done with {approval.number} already: each person counts once")
    told: dict[str, str | None] = {to: None, approval.requester: None}
    if taken is not None:
        taken.ended_at, taken.is_fixed = now, True
        told[taken.identity] = None
    given = next((one for one in seats_of_steps(session, [row.id]) if one.identity == to), None)
    if given is None:
        given = ApprovalSeat(step_id=row.id, identity=to, added_at=now)
        session.add(given)
    given.rule, given.is_fixed, given.ended_at = f"given by {because.actor}", True, None
    advance(session, approval, "reassign", because)
    approval_news.reassigned(matter, told, row, because)
    approval_course.care(matter)
    return approval


def _check_reassignment(matter: Matter, to: str, because: Because) -> None:
    approval, by, identity = matter.approval, matter.staff.identity(because.actor), matter.staff.identity(to)
    _check_text("reason", because.reason or "")
    if not matter.staff.knows(to):
        raise NotFound(f"there is no person {to!r} in people.yaml")
    if by in matter.involved.people:
        raise Refused(f"{because.actor} may not choose who decides {approval.number}: it is their own matter")
    if identity == by:
        raise Refused(f"{because.actor} may not give themselves the decision of {approval.number}")
    if identity in matter.involved.people:
        raise Refused(f"{to} may not decide {approval.number}: nobody decides about their own matter")
    if by in chain(identity, matter.acting, ()):
        raise Refused(f"{to} has delegated to {because.actor}: {approval.number} would be theirs again")


def _seat_to_take(matter: Matter, wanted: Reassignment) -> tuple[ApprovalStep, ApprovalSeat | None]:
    """The step, and the seat in it that somebody loses; the first open step when nobody does."""
    rows = matter.steps(ApprovalStepState.OPEN)
    if wanted.instead_of is None:
        return rows[0], None
    identity = matter.staff.identity(wanted.instead_of)
    for row in rows:
        for one in seats_of_steps(matter.session, [row.id]):
            if one.ended_at is None and matter.staff.identity(one.identity) == identity:
                return row, one
    raise Refused(f"{wanted.instead_of} has nothing to decide in {matter.approval.number}")


def withdraw(session: Session, approval: Approval, because: Because, now: datetime) -> Approval:
    """Who asked wants it no more. Raises MoveRefused when it is over, Refused for anybody else."""
    matter = matter_of(session, approval, now)
    if because.roles is not None and matter.staff.identity(because.actor) != matter.involved.requester:
        raise Refused(f"{approval.number} was asked by {approval.requester}: only they withdraw it")
    approval_course.end(matter, "withdraw", because, because.reason or "withdrawn")
    return approval


def void(session: Session, subject: str, because: Because, now: datetime) -> Approval | None:
    """What it was about is no more. Gives the approval that is void now; None when nothing was asked or it is over."""
    approval = of_subject(session, subject)
    if approval is None or approval.state not in (*UNDECIDED, ApprovalState.APPROVED):
        return None
    approval_course.end(matter_of(session, approval, now), "void", because, because.reason or "void")
    return approval


def look(session: Session, now: datetime, most: int = MOST) -> int:
    """Do what is due: remind, escalate, expire, and follow the site's files. How many approvals were looked at."""
    query = select(Approval).where(Approval.look_at <= now).order_by(Approval.look_at, Approval.id).limit(most)
    due = session.scalars(query.with_for_update(skip_locked=True)).all()
    for approval in due:
        matter = Matter(session, approval, read_approval_book(session), now)
        if attempt(session, approval.number, partial(approval_course.look_at, matter)) is not None:
            approval.look_at = now + TRY_AGAIN
    return len(due)


def _check_text(name: str, text: str) -> None:
    wrong = list(text_problems(name, text))
    if wrong:
        raise Refused("; ".join(wrong))
