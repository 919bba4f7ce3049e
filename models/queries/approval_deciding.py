"""Decisions: by whom, for whom, about what they have seen. Whoever may not is refused, and their own matter is told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import approval_course, approval_news, approval_outcomes, approval_steps, journal
from models.queries.approval_book import read_approval_book
from models.queries.approval_matters import Matter, ballots, matter_of, seats_of_steps
from models.queries.states import Because, advance
from models.records import Approval, ApprovalDecision, ApprovalStep
from models.rules.approvals.asking import SHORT, names_it
from models.rules.approvals.deciding import Ruling, comes_to, ruling
from models.rules.incidents import fitting_text, text_problems
from models.rules.lifecycle import Role
from models.rules.moves import find_move
from models.rules.wall_clock import stamp
from models.vocabulary import ApprovalState, ApprovalStepState, ApprovalVerdict

OPEN = ApprovalStepState.OPEN
APPROVER = frozenset({Role.APPROVER})


@dataclass(frozen=True)
class Decision:
    """What somebody decides; `seen` begins as the hash of what they have seen does, with 8 signs at least."""

    person: str
    verdict: ApprovalVerdict
    seen: str
    comment: str | None = None


def ruling_on(session: Session, approval: Approval, person: str, now: datetime) -> Ruling:
    """Whether somebody may decide about it now, for whom, and why not."""
    return _ruling(Matter(session, approval, read_approval_book(session), now), person)


def _ruling(matter: Matter, person: str) -> Ruling:
    approval = matter.approval
    if approval.state is not ApprovalState.OPEN:
        return Ruling(False, f"{approval.number} is {approval.state.value}: nothing is to be decided")
    if not matter.staff.knows(person):
        return Ruling(False, f"{person} is not in people.yaml: say with --as who decides")
    rows = matter.steps(OPEN)
    known = ballots(matter.session, matter.staff, rows)
    found = [known[row.id] for row in rows]
    return ruling(matter.staff.identity(person), found, matter.involved, matter.acting)


def note_conflict(session: Session, approval: Approval, person: str, why: str, now: datetime) -> None:
    """Write down that somebody tried to decide about their own matter: an event for those who guard the site."""
    tag, subject = "security:approval:refuse", f"approval/{approval.id}"
    journal.append(session, journal.Fact(tag, subject, person, reason=why, at=now))


def decide(session: Session, approval: Approval, decision: Decision, now: datetime) -> ApprovalDecision:
    """Approve or deny. Raises Refused for who may not, for what was not seen, too late, and for a denial without words.

    Raises MoveRefused when nothing is to be decided.
    """
    matter = matter_of(session, approval, now)
    find_move("approval", approval.state, decision.verdict.value, APPROVER)
    found = _ruling(matter, decision.person)
    if not found.allowed:
        raise Refused(f"{approval.number}: {found.reason}")
    row = matter.steps(OPEN)[found.ballot]
    _check_seen(matter, row, decision.seen)
    _check_words("comment", decision.comment, is_owed=decision.verdict is ApprovalVerdict.DENY)
    made = _write(matter, row, found.chain, decision)
    because = Because(decision.person, _reason(made), roles=APPROVER, at=now)
    if decision.verdict is ApprovalVerdict.DENY:
        approval_steps.end_step(matter, row, "deny", approval_course.ENGINE)
        approval_course.end(matter, "deny", because, f"denied by {decision.person}")
        return made
    advance(session, approval, "approve", because)
    session.flush()
    carried = ballots(session, matter.staff, [row])[row.id].made
    if comes_to(matter.step_of(row).needed, carried) is ApprovalStepState.APPROVED:
        approval_steps.end_step(matter, row, "approve", approval_course.ENGINE)
        approval_course.go_on(matter)
    else:
        approval_course.care(matter)
    return made


def send_back(session: Session, approval: Approval, person: str, question: str, now: datetime) -> Approval:
    """Ask who asks for more, before deciding. Raises Refused for who may not decide, and without words."""
    matter = matter_of(session, approval, now)
    find_move("approval", approval.state, "send back", APPROVER)
    found = _ruling(matter, person)
    if not found.allowed:
        raise Refused(f"{approval.number}: {found.reason}")
    _check_words("question", question, is_owed=True)
    because = Because(person, fitting_text(question), roles=APPROVER, at=now)
    advance(session, approval, "send back", because, sent_back_at=now)
    session.flush()
    approval_news.sent_back(matter, because)
    approval_course.care(matter)
    approval_outcomes.tell(session, approval, because, now)
    return approval


def _check_seen(matter: Matter, row: ApprovalStep, seen: str) -> None:
    approval = matter.approval
    if not matter.is_by_current_policy:
        raise Refused(f"{approval.number}: the scheme {approval.scheme} has changed: it is asked anew in a moment")
    over_at = matter.over_at(row)
    if over_at is not None and over_at <= matter.now:
        raise Refused(f"{approval.number}: its time was over at {stamp(over_at)}")
    if not names_it(seen, approval.sha256):
        now_is = approval.sha256[:SHORT]
        raise Refused(
            f"{approval.number} is {now_is} now, and {seen or 'nothing'} was named: it has changed, or is another one; "
            f"look at it with `watchbill approval show {approval.number}`"
        )


def _write(matter: Matter, row: ApprovalStep, chain: tuple[str, ...], decision: Decision) -> ApprovalDecision:
    approval, session = matter.approval, matter.session
    seat = next(
        one
        for one in seats_of_steps(session, [row.id])
        if one.ended_at is None and matter.staff.identity(one.identity) == chain[0]
    )
    seat.ended_at = matter.now
    made = ApprovalDecision(
        approval_id=approval.id,
        step_id=row.id,
        person=decision.person,
        identity=chain[-1],
        seat=seat.identity,
        delegator=chain[-2] if len(chain) > 1 else None,
        chain=list(chain),
        verdict=decision.verdict,
        comment=fitting_text(decision.comment) if decision.comment else None,
        at=matter.now,
        requester=approval.requester,
        beneficiary=approval.beneficiary,
        sha256=approval.sha256,
    )
    session.add(made)
    session.flush()
    return made


def _reason(made: ApprovalDecision) -> str | None:
    whose = f"for {made.seat}" if made.seat != made.identity else ""
    return ": ".join(filter(None, (whose, made.comment))) or None


def _check_words(name: str, text: str | None, *, is_owed: bool) -> None:
    if text or is_owed:
        wrong = list(text_problems(name, text or ""))
        if wrong:
            raise Refused("; ".join(wrong))
