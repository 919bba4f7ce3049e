"""What people do with approvals: decide, ask back, answer, comment, reassign, withdraw, delegate."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import known_person
from desk.services.approvals import ApprovalLine, line_of, seen_by
from desk.services.errors import Misuse
from models.database import Database
from models.errors import Refused
from models.queries import approval_deciding, approval_delegations, approvals
from models.queries.approval_book import read_approval_book
from models.queries.approval_deciding import Decision
from models.queries.approval_delegations import NewDelegation
from models.queries.approvals import Answer, Reassignment
from models.queries.states import Because
from models.records import DelegationRow
from models.rules.lifecycle import Role
from models.site.people import PersonRole
from models.vocabulary import ApprovalVerdict


@dataclass(frozen=True)
class Act:
    """Who does something with which approval, and when."""

    approval: str
    person: str
    now: datetime


@dataclass(frozen=True)
class DelegationLine:
    """Somebody decides in another's place."""

    person: str
    delegate: str
    starts_at: datetime
    ends_at: datetime
    reason: str | None
    made_by: str


def decide(database: Database, act: Act, verdict: ApprovalVerdict, seen: str, comment: str | None) -> ApprovalLine:
    """Approve or deny what was seen. A try to decide about one's own matter is written down, and refused.

    Raises NotFound for what one may not see, Refused, MoveRefused when nothing is to be decided.
    """
    with database.write() as session:
        approval = seen_by(session, act.approval, act.person, act.now)
        ruling = approval_deciding.ruling_on(session, approval, act.person, act.now)
        number = approval.number
        if ruling.is_conflict:
            approval_deciding.note_conflict(session, approval, act.person, ruling.reason, act.now)
        else:
            approval_deciding.decide(session, approval, Decision(act.person, verdict, seen, comment), act.now)
            return line_of(session, approval, act.now)
    raise Refused(f"{number}: {ruling.reason}; the try is written in the journal")


def send_back(database: Database, act: Act, question: str) -> ApprovalLine:
    """Ask who asks for more. Raises as `decide`."""
    with database.write() as session:
        approval = seen_by(session, act.approval, act.person, act.now)
        approval_deciding.send_back(session, approval, act.person, question, act.now)
        return line_of(session, approval, act.now)


def answer(database: Database, act: Act, text: str) -> ApprovalLine:
    """Say what was asked for. Raises NotFound, Refused for anybody but who asked, MoveRefused when nothing was."""
    with database.write() as session:
        approval = seen_by(session, act.approval, act.person, act.now)
        approvals.answer(session, approval, Answer(text), _requester(act), act.now)
        return line_of(session, approval, act.now)


def withdraw(database: Database, act: Act, reason: str | None) -> ApprovalLine:
    """Want it no more. Raises as `answer`."""
    with database.write() as session:
        approval = seen_by(session, act.approval, act.person, act.now)
        approvals.withdraw(session, approval, _requester(act, reason), act.now)
        return line_of(session, approval, act.now)


def comment(database: Database, act: Act, text: str) -> ApprovalLine:
    """Say something for everybody who sees it. Raises NotFound, Refused without words."""
    with database.write() as session:
        approval = seen_by(session, act.approval, act.person, act.now)
        approvals.comment(session, approval, text, act.person, act.now)
        return line_of(session, approval, act.now)


def reassign(database: Database, act: Act, wanted: Reassignment, reason: str) -> ApprovalLine:
    """Let somebody else decide. Raises NotFound, Refused, MoveRefused for who is no administrator."""
    with database.write() as session:
        approval = seen_by(session, act.approval, act.person, act.now)
        by = Because(act.person, reason, roles=_administers(session, act.person))
        approvals.reassign(session, approval, wanted, by, act.now)
        return line_of(session, approval, act.now)


def delegate(database: Database, new: NewDelegation, by: str, now: datetime) -> DelegationLine:
    """Let somebody decide in a person's place for a time. Who does it for another is an administrator, and says why.

    Raises NotFound for a stranger, Refused by role, and for what no delegation may be.
    """
    with database.write() as session:
        _check_may_delegate(session, new.person, by)
        staff = read_approval_book(session).staff
        if new.person != by and staff.identity(new.delegate) == staff.identity(by):
            raise Refused(f"{by} may not take the decisions of {new.person}: let somebody else have them")
        if new.person != by and not new.reason:
            raise Misuse("say why it is delegated for somebody else: --reason TEXT")
        return _line(approval_delegations.delegate(session, new, by, now))


def end_delegation(database: Database, person: str, by: str, now: datetime) -> tuple[DelegationLine, ...]:
    """End what a person has delegated. Raises Refused when there is nothing, and by role."""
    with database.write() as session:
        _check_may_delegate(session, person, by)
        return tuple(_line(row) for row in approval_delegations.end(session, person, by, now))


def delegations(database: Database, now: datetime) -> tuple[DelegationLine, ...]:
    """Those that hold now or will."""
    with database.read() as session:
        return tuple(_line(row) for row in approval_delegations.not_over(session, now))


def _check_may_delegate(session: Session, person: str, by: str) -> None:
    known_person(session, by)
    known_person(session, person)
    if person != by and not _administers(session, by):
        raise Refused(f"{by} may not delegate for {person}: that takes the role of administrator")


def _administers(session: Session, person: str) -> frozenset[Role]:
    roles = read_approval_book(session).staff.roles_of(person)
    return frozenset({Role.ADMINISTRATOR} if PersonRole.ADMINISTRATOR.value in roles else ())


def _requester(act: Act, reason: str | None = None) -> Because:
    """Whether they are, the query says."""
    return Because(act.person, reason, roles=frozenset({Role.REQUESTER}))


def _line(row: DelegationRow) -> DelegationLine:
    return DelegationLine(row.person, row.delegate, row.starts_at, row.ends_at, row.reason, row.made_by)
