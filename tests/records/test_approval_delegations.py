"""Delegations in the database, and the list of what waits for somebody."""

from collections.abc import Iterator
from datetime import datetime
from time import perf_counter

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import NotFound, Refused
from models.queries import approval_delegations, approval_holding, approval_waiting, journal
from models.queries.approval_delegations import NewDelegation
from models.records import Approval, ApprovalDecision, DelegationRow
from models.vocabulary import ApprovalState, ApprovalStepState
from tests.records.approvals_lab import DAY, HOUR, NOW, ask, decide, facts_of, mails, reasons

TABLES = Approval.metadata.tables


@pytest.fixture
def session(approving: Database) -> Iterator[Session]:
    """A transaction in which the site of the lab is in force."""
    with approving.write() as opened:
        yield opened


def pass_on(session: Session, person: str, to: str, begins: float = 0, ends: float = 7) -> DelegationRow:
    """A delegation in days from now, made by the person."""
    new = NewDelegation(person, to, NOW + begins * DAY, NOW + ends * DAY, "on leave")
    return approval_delegations.delegate(session, new, person, NOW)


def waiting(session: Session, person: str, now: datetime = NOW) -> list[tuple[str, str | None]]:
    """What waits for somebody, and for whom they would decide."""
    found = approval_waiting.waiting_for(session, person, now)
    assert not found.is_cut
    return [(one.approval.number, one.whose) for one in found.found]


def test_the_delegate_is_told_decides_and_the_decision_says_for_whom(session: Session) -> None:
    approval = ask(session)
    pass_on(session, "bob", "dot")
    (facts,) = facts_of(session, "delegated")
    assert (facts["title"], facts["waiting"], facts["text"]) == ("You decide for Bob Brown", 1, "on leave")
    assert (waiting(session, "bob"), waiting(session, "dot")) == ([], [("APR000001", "bob")])
    with pytest.raises(Refused, match="bob has delegated to dot, who decides meanwhile"):
        decide(session, approval, "bob")
    decide(session, approval, "dot", comment="fine")
    (made,) = session.scalars(select(ApprovalDecision))
    assert (made.person, made.identity, made.seat, made.delegator) == ("dot", "dot", "bob", "bob")
    assert reasons(session, approval, "approve") == ["for bob: fine"]
    assert approval_holding.still_holds(session, approval, approval.facts, NOW + 30 * DAY).allowed
    journal.write_queued(session)
    assert [row.tag for row in journal.rows_about(session, "delegation/1")] == ["approvals:delegation:delegate"]


def test_who_is_asked_while_they_are_away_is_asked_through_the_delegate(session: Session) -> None:
    pass_on(session, "bob", "dot")
    pass_on(session, "dot", "cid", begins=1)
    ask(session)
    ask(session, subject="request/13", now=NOW + DAY)
    assert [mail for mail in mails(session) if mail[0] == "asked"] == [("asked", "dot"), ("asked", "cid")]
    assert facts_of(session, "asked")[0]["whose"] == "Bob Brown"
    assert waiting(session, "dot", NOW + DAY) == []
    assert waiting(session, "cid", NOW + DAY) == [("APR000001", "bob"), ("APR000002", "bob")]
    assert waiting(session, "bob", NOW + 8 * DAY) == [("APR000001", None), ("APR000002", None)]


def test_what_is_passed_on_to_who_asks_stays(session: Session) -> None:
    approval = ask(session)
    pass_on(session, "bob", "ann")
    pass_on(session, "ann", "dot")
    assert (waiting(session, "bob"), waiting(session, "ann-root"), waiting(session, "dot")) == (
        [("APR000001", None)], [], [],
    )  # fmt: skip
    for person in ("ann", "ann-root", "dot"):
        with pytest.raises(Refused, match=r"own matter|acts for ann"):
            decide(session, approval, person)
    decide(session, approval, "bob")
    assert approval.state is ApprovalState.APPROVED


def test_a_delegation_ends_before_its_time_and_one_that_had_not_begun_is_gone(session: Session) -> None:
    ask(session)
    pass_on(session, "bob", "dot")
    pass_on(session, "bob", "cid", begins=7, ends=9)
    with pytest.raises(Refused, match="has delegated to dot in that time"):
        pass_on(session, "bob", "cid", begins=3, ends=4)
    ended = approval_delegations.end(session, "bob", "bob", NOW + HOUR)
    assert [row.delegate for row in ended] == ["dot", "cid"]
    assert approval_delegations.not_over(session, NOW + HOUR) == []
    assert waiting(session, "bob", NOW + HOUR) == [("APR000001", None)]
    with pytest.raises(Refused, match="bob has delegated nothing"):
        approval_delegations.end(session, "bob", "bob", NOW + HOUR)


WRONG = [
    ("bob", "zoe", 1, NotFound, "there is no person 'zoe'"),
    ("zoe", "bob", 1, NotFound, "there is no person 'zoe'"),
    ("ann-root", "ann", 1, Refused, "ann cannot delegate to themselves"),
    ("bob", "dot", -1, Refused, "it ends before it begins"),
    ("dot", "cid", 3, Refused, "it would go round in a circle: dot -> cid -> dot"),
]


@pytest.mark.parametrize(("person", "to", "ends", "error", "words"), WRONG, ids=[case[-1] for case in WRONG])
def test_what_a_delegation_must_not_be(
    session: Session, person: str, to: str, ends: float, error: type[Exception], words: str
) -> None:
    pass_on(session, "cid", "dot")
    with pytest.raises(error, match=words):
        pass_on(session, person, to, ends=ends)


@pytest.mark.parametrize("lie", [{"delegate": "bob"}, {"ends_at": NOW - DAY}], ids=["to oneself", "turned round"])
def test_the_database_refuses_what_is_no_delegation(session: Session, lie: dict[str, object]) -> None:
    row = pass_on(session, "bob", "dot")
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(DelegationRow).where(DelegationRow.id == row.id).values(**lie))


def test_of_many_the_oldest_are_listed_and_the_list_says_that_it_is_cut(session: Session) -> None:
    for number in range(4):
        ask(session, subject=f"request/{number}")
    found = approval_waiting.waiting_for(session, "bob", NOW, most=3)
    assert [one.approval.subject for one in found.found] == ["request/0", "request/1", "request/2"]
    assert found.is_cut


def many(session: Session, count: int) -> None:
    """So many approvals that Bob has decided, and as many that wait for somebody else."""
    first = ask(session, scheme="late", requester="cid", beneficiary="cid")
    columns = TABLES["approval"].c.keys()
    whole = {name: getattr(first, name) for name in columns if name != "id"}
    keys = range(first.id + 1, first.id + 1 + 2 * count)
    session.execute(
        insert(TABLES["approval"]),
        [
            {**whole, "id": key, "subject": f"request/{key + 1000}"}
            | ({"state": ApprovalState.APPROVED, "decided_at": NOW} if key % 2 else {})
            for key in keys
        ],
    )
    step = {"round": 1, "place": 1, "stage": 1, "opened_at": NOW, "reminders": 0}
    session.execute(
        insert(TABLES["approval_step"]),
        [
            {**step, "id": key, "approval_id": key}
            | ({"state": ApprovalStepState.APPROVED} if key % 2 else {"state": ApprovalStepState.OPEN})
            for key in keys
        ],
    )
    seat = {"rule": "person", "is_fixed": False, "added_at": NOW}
    session.execute(
        insert(TABLES["approval_seat"]),
        [
            {**seat, "id": key, "step_id": key, "identity": "bob" if key % 2 else "eve"}
            | {"ended_at": NOW if key % 2 else None}
            for key in keys
        ],
    )


def test_what_waits_is_found_by_an_index_however_much_was_decided(session: Session) -> None:
    many(session, 2_000)
    assert waiting(session, "bob") == [("APR000001", None)]
    begun = perf_counter()
    for _ in range(3):
        approval_waiting.waiting_for(session, "bob", NOW)
    assert perf_counter() - begun < 3 * 0.05
