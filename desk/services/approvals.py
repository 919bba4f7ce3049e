"""Approvals as people see them: what waits for whom, what became of it, what was decided by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import known_person
from desk.services.errors import Misuse
from models.database import Database
from models.errors import NotFound, Refused
from models.queries import approval_waiting, desk_runs
from models.queries.approval_book import read_approval_book
from models.queries.approval_matters import (
    Matter,
    ballots,
    decisions_of,
    delegations,
    get,
    open_steps,
    seats_of_steps,
)
from models.queries.approval_steps import deciders
from models.records import Approval
from models.rules.approvals.asking import SHORT, approval_id_of
from models.rules.approvals.deciding import holders
from models.rules.approvals.delegating import in_force
from models.rules.incidents import subject_number
from models.site.people import PersonRole
from models.vocabulary import ApprovalState, ApprovalStepState

MOST_SHOWN = approval_waiting.MOST
SEES_ALL = {PersonRole.OPERATOR.value, PersonRole.MANAGER.value, PersonRole.ADMINISTRATOR.value}
"""The roles to which every approval is shown; to all others those that concern them."""


@dataclass(frozen=True)
class ApprovalLine:
    """One approval of the list."""

    approval: str
    """APR000012."""
    subject: str
    """What it is about: REQ000012, or `kind/name`."""
    title: str
    state: ApprovalState
    requester: str
    beneficiary: str
    asked_at: datetime
    step: str | None
    """The open step, or the first of several."""
    waits_for: tuple[str, ...]
    """Who may decide now."""
    whose: str | None
    """In the list of what waits for somebody: for whom they would decide, when it is not for themselves."""
    over_at: datetime | None
    """Until when it can be decided."""
    seen: str
    """What names its content in a decision."""
    outcome: str | None


@dataclass(frozen=True)
class ApprovalList:
    """Approvals: those that wait the oldest first, all others the newest first."""

    timezone: str
    at: datetime
    approvals: tuple[ApprovalLine, ...]
    is_cut: bool


@dataclass(frozen=True)
class Choice:
    """Which approvals are wanted: what waits for who asks, unless anything is said."""

    mine: bool = False
    """What they asked for."""
    every: bool = False
    """Of everybody."""
    states: tuple[ApprovalState, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """What waits for a decision of theirs."""
        return not (self.mine or self.every or self.states)


def key_of(number: str) -> int:
    """The key of APR000012. Raises Misuse for anything else."""
    try:
        return approval_id_of(number)
    except ValueError as error:
        raise Misuse(str(error)) from None


def list_approvals(database: Database, choice: Choice, person: str, now: datetime) -> ApprovalList:
    """The approvals that are wanted. Raises Refused for who may not see those of everybody, NotFound for a stranger."""
    with database.read() as session:
        known_person(session, person)
        zone = desk_runs.site_zone(session)
        if choice.is_waiting:
            found = approval_waiting.waiting_for(session, person, now)
            lines = tuple(lines_of(session, [(one.approval, one.whose) for one in found.found], now))
            return ApprovalList(zone, now, lines, found.is_cut)
        if not choice.mine and not sees_all(session, person):
            raise Refused(f"{person} may not list what others asked for: --mine lists your own")
        requester = read_approval_book(session).staff.identity(person) if choice.mine else None
        rows = approval_waiting.chosen(session, requester, choice.states, MOST_SHOWN + 1)
        lines = tuple(lines_of(session, [(row, None) for row in rows[:MOST_SHOWN]], now))
        return ApprovalList(zone, now, lines, len(rows) > MOST_SHOWN)


def line_of(session: Session, approval: Approval, now: datetime, whose: str | None = None) -> ApprovalLine:
    """An approval as one plain value."""
    return lines_of(session, [(approval, whose)], now)[0]


def lines_of(session: Session, found: Sequence[tuple[Approval, str | None]], now: datetime) -> list[ApprovalLine]:
    """Approvals as plain values, each with for whom the reader would decide."""
    book = read_approval_book(session)
    acting = in_force(delegations(session, book.staff, now), now)
    rows = open_steps(session, [approval for approval, _ in found if approval.state is ApprovalState.OPEN])
    known = ballots(session, book.staff, [row for several in rows.values() for row in several])
    lines = []
    for approval, whose in found:
        matter, mine = Matter(session, approval, book, now), rows.get(approval.id, [])
        able = dict.fromkeys(name for row in mine for name in holders(known[row.id], matter.involved, acting))
        ends = [at for at in map(matter.over_at, mine) if at is not None]
        lines.append(
            ApprovalLine(
                approval=approval.number,
                subject=subject_number(approval.subject),
                title=approval.title,
                state=approval.state,
                requester=approval.requester,
                beneficiary=approval.beneficiary,
                asked_at=approval.asked_at,
                step=(matter.step_of(mine[0]).title or f"step {mine[0].place}") if mine else None,
                waits_for=tuple(able),
                whose=whose,
                over_at=min(ends, default=None),
                seen=approval.sha256[:SHORT],
                outcome=approval.outcome,
            )
        )
    return lines


def sees_all(session: Session, person: str) -> bool:
    """Whether every approval is shown to this person."""
    return not SEES_ALL.isdisjoint(read_approval_book(session).staff.roles_of(person))


def sees(session: Session, approval: Approval, person: str, now: datetime) -> bool:
    """Whether it is shown to somebody: it concerns them, they may decide about it or have, or they see all."""
    matter = Matter(session, approval, read_approval_book(session), now)
    me = matter.staff.identity(person)
    if me in matter.involved.people or sees_all(session, person):
        return True
    rows = matter.steps()
    if me in deciders(matter, [row for row in rows if row.state is ApprovalStepState.OPEN]):
        return True
    keys = [row.id for row in rows]
    known = {seat.identity for seat in seats_of_steps(session, keys)}
    return me in known | {name for made in decisions_of(session, keys) for name in made.chain}


def seen_by(session: Session, number: str, person: str, now: datetime) -> Approval:
    """One approval, for who may see it. Raises NotFound for one that there is not, and for all others alike."""
    approval = get(session, key_of(number))
    if not sees(session, approval, person, now):
        raise NotFound(f"there is no approval {approval.number}: see `watchbill approval list`")
    return approval
