"""Whatever is done to approvals, in whatever order: what is approved was approved by others, about what it says."""

import json
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, NotFound, Refused
from models.queries import (
    approval_deciding,
    approval_delegations,
    approval_holding,
    approval_waiting,
    approvals,
    journal,
)
from models.queries.approval_deciding import Decision
from models.queries.approval_delegations import NewDelegation
from models.queries.approval_matters import get
from models.queries.approvals import Answer, Reassignment
from models.queries.journal import QUEUE
from models.queries.states import Because
from models.records import Approval, ApprovalDecision, ApprovalSeat, ApprovalStep, JournalRow
from models.rules.lifecycle import Role
from models.rules.moves import TABLES
from models.vocabulary import ApprovalState, ApprovalStepState, ApprovalVerdict
from tests.records.approvals_lab import DAY, HOUR, NO, NOW, YES, ask

ACCOUNTS = {"ann": "ann", "ann-root": "ann", "bob": "bob", "cid": "cid", "dot": "dot", "eve": "eve", "eli": "eli"}
MOST = 3
SCHEMES = ("plain", "two", "long", "late")
ACTS = ("ask", "decide", "deny", "send back", "answer", "change", "reassign", "delegate", "end", "look", "withdraw")
ROLES = frozenset({Role.REQUESTER, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Deed:
    """One thing that is tried, by whom, with whom."""

    act: str
    which: int
    person: str
    other: str
    after: timedelta


people = st.sampled_from(sorted(ACCOUNTS))
DEEDS = st.builds(
    Deed,
    st.sampled_from([*ACTS, *("decide" for _ in ACTS)]),
    st.integers(0, MOST - 1),
    people,
    people,
    st.sampled_from([timedelta(0), HOUR, DAY]),
)


class Desk:
    """Approvals to which deeds are done, one by one; a refused one leaves no trace."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, NOW
        self.approvals: list[Approval] = [ask(session, scheme="two")]

    def do(self, deed: Deed) -> None:
        self.now += deed.after
        written = len(self.session.info.get(QUEUE, []))
        try:
            with self.session.begin_nested():
                self.act(deed, self.approvals[deed.which % len(self.approvals)])
        except (Refused, MoveRefused, NotFound):
            del self.session.info.get(QUEUE, [])[written:]
            self.session.expire_all()

    def act(self, deed: Deed, one: Approval) -> None:
        session, now = self.session, self.now
        who = one.requester if deed.act in ("answer", "withdraw") and deed.which else deed.person
        by = Because(who, "so", roles=ROLES)
        match deed.act:
            case "ask":
                if len(self.approvals) < MOST:
                    scheme, subject = SCHEMES[deed.which], f"request/{90 + len(self.approvals)}"
                    more = {"requester": deed.person, "beneficiary": deed.other}
                    self.approvals.append(ask(session, now, scheme=scheme, subject=subject, **more))
            case "decide" | "deny":
                verdict = YES if deed.act == "decide" else NO
                waits = [each.approval for each in approval_waiting.waiting_for(session, deed.person, now).found]
                chosen = waits[0] if waits else one
                approval_deciding.decide(session, chosen, Decision(deed.person, verdict, chosen.sha256, "so"), now)
            case "send back":
                waits = [each.approval for each in approval_waiting.waiting_for(session, deed.person, now).found]
                approval_deciding.send_back(session, (waits or [one])[-1], deed.person, "why?", now)
            case "answer":
                approvals.answer(session, one, Answer("so", {"cost": 30} if deed.which else None), by, now)
            case "change":
                approvals.ask_again(session, one, {"facts": {"cost": 20 + deed.which}}, Because("requests"), now)
            case "reassign":
                approvals.reassign(session, one, Reassignment(deed.other), by, now)
            case "delegate":
                new = NewDelegation(deed.person, deed.other, now, now + (1 + deed.which) * DAY)
                approval_delegations.delegate(session, new, deed.person, now)
            case "end":
                approval_delegations.end(session, deed.person, deed.person, now)
            case "look":
                approvals.look(session, now)
            case _:
                approvals.withdraw(session, one, by, now)


def check_rows(session: Session, one: Approval) -> None:
    """The journal tells each state after another, up to the record's own."""
    legal = {(move.source.value, move.target.value) for move in TABLES["approval"]}
    rows: list[JournalRow] = journal.rows_about(session, f"approval/{one.id}")
    state: str | None = None
    for row in rows:
        if row.target is not None:
            assert row.source == state
            assert state is None or (state, row.target) in legal, row.tag
            state = row.target
    assert state == one.state.value
    again = [json.loads(row.facts)["round"] for row in rows if row.tag.endswith(":ask-again")]
    assert one.round == max(again, default=1)


def check(session: Session, one: Approval) -> None:
    """What is decided was decided by others, each once, about what it says; what is over waits for nobody."""
    steps = session.scalars(select(ApprovalStep).where(ApprovalStep.approval_id == one.id)).all()
    own = {ACCOUNTS[one.requester], ACCOUNTS[one.beneficiary]}
    for step in steps:
        made = session.scalars(select(ApprovalDecision).where(ApprovalDecision.step_id == step.id)).all()
        chains = [name for each in made for name in each.chain]
        assert len(chains) == len(set(chains)), "somebody counts twice"
        assert not own & {*chains, *(ACCOUNTS[each.person] for each in made)}
        by_time = one.scheme == "late" and not made
        if step.state is ApprovalStepState.APPROVED:
            assert by_time or len(made) >= one.policy["steps"][step.place - 1]["needed"]
        if step.state is not ApprovalStepState.OPEN:
            free = select(ApprovalSeat).where(ApprovalSeat.step_id == step.id, ApprovalSeat.ended_at.is_(None))
            assert session.scalars(free).all() == []
        if step.round == one.round:
            assert {each.sha256 for each in made} <= {one.sha256}
    if one.state is ApprovalState.APPROVED:
        mine = [step for step in steps if step.round == one.round]
        assert {step.state for step in mine} == {ApprovalStepState.APPROVED}
        assert approval_holding.still_holds(session, one, one.facts, NOW + 400 * DAY).allowed
    denied = select(ApprovalDecision).where(
        ApprovalDecision.approval_id == one.id, ApprovalDecision.verdict == ApprovalVerdict.DENY
    )
    assert bool(session.scalars(denied).all()) == (one.state is ApprovalState.DENIED)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEEDS, min_size=5, max_size=30))
def test_every_history_is_decided_by_others(approving: Database, deeds: list[Deed]) -> None:
    with approving.write() as session:
        clear(session)
        desk = Desk(session)
        for deed in deeds:
            desk.do(deed)
        known = [one.id for one in desk.approvals]
    with approving.read() as session:
        for key in known:
            one = get(session, key)
            check_rows(session, one)
            check(session, one)


def clear(session: Session) -> None:
    """End what an earlier history has left open: subjects and delegations are the same again."""
    for row in approval_delegations.not_over(session, NOW):
        session.delete(row)
    undecided = (ApprovalState.OPEN, ApprovalState.SENT_BACK)
    for one in session.scalars(select(Approval).where(Approval.state.in_(undecided))).all():
        approvals.void(session, one.subject, Because("test", "over"), NOW)
