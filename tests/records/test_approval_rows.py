"""Approvals as rows: what the database itself refuses, two at once, and what follows when the site changes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import approval_deciding, approvals
from models.queries.approval_deciding import Decision
from models.queries.approvals import Reassignment
from models.queries.states import Because
from models.records import Approval, ApprovalDecision, ApprovalSeat, ApprovalStep
from models.vocabulary import ApprovalState
from tests.records.approvals_lab import (
    EVE,
    FILES,
    HOUR,
    NO,
    NOW,
    SCHEMES,
    YES,
    apply,
    ask,
    decide,
    mails,
    seats,
)


@pytest.fixture
def session(database: Database, tmp_path: Path) -> Iterator[Session]:
    """A transaction in which the site of the lab is in force."""
    apply(database, tmp_path)
    with database.write() as opened:
        yield opened


LIES = [
    ({"identity": "ann", "seat": "ann", "person": "ann"}, "who asks"),
    ({"identity": "dot", "seat": "dot", "person": "dot"}, "who benefits"),
    ({"identity": "cid", "seat": "cid", "person": "cid"}, "without a seat"),
    ({"delegator": "eve"}, "a delegator of one's own seat"),
    ({"identity": "cid"}, "for another without a delegator"),
    ({"identity": "cid", "delegator": "cid"}, "by the delegator"),
    ({"identity": "cid", "delegator": "ann"}, "delegated by who asks"),
    ({"identity": "cid", "delegator": "dot"}, "delegated by who benefits"),
    ({"requester": "eve", "identity": "ann", "delegator": "bob"}, "with another one who asks"),
    ({"beneficiary": "eve"}, "with another one who benefits"),
]


@pytest.mark.parametrize(("lie", "why"), LIES, ids=[case[-1] for case in LIES])
def test_the_database_refuses_what_the_rules_would(session: Session, lie: dict[str, object], why: str) -> None:
    approval = ask(session, beneficiary="dot")
    step = session.scalars(select(ApprovalStep)).one()
    truth: dict[str, object] = {
        "approval_id": approval.id, "step_id": step.id, "person": "bob", "identity": "bob", "seat": "bob",
        "delegator": None, "chain": ["bob"], "verdict": YES, "comment": None, "at": NOW, "requester": "ann",
        "beneficiary": "dot", "sha256": approval.sha256,
    }  # fmt: skip
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(ApprovalDecision).values({**truth, **lie}))
    session.execute(insert(ApprovalDecision).values(truth))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(ApprovalDecision).values(truth))


def test_two_undecided_approvals_of_one_thing_cannot_be_written(session: Session) -> None:
    first, second = ask(session), ask(session, subject="request/13")
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(Approval).where(Approval.id == second.id).values(subject=first.subject))


def test_when_the_people_change_the_seats_follow(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path)
    with database.write() as session:
        approval = ask(session, scheme="two", subject="request/1")
        decide(session, approval, "cid")
        approvals.reassign(session, approval, Reassignment("eli"), Because("eve", "more", roles=EVE), NOW)
    people = FILES["people.yaml"].replace("dot: {name: Dot Drew, mail: dot@example.org, teams: [web]}", "")
    people = people.replace("roles: [manager, approver]", "roles: [manager, approver], teams: [web]")
    apply(database, tmp_path, NOW, {"people.yaml": people, "approvals.yaml": SCHEMES.replace("{person: dot}, ", "")})
    with database.write() as session:
        assert approvals.look(session, NOW + HOUR) == 1
        approval = approvals.get(session, approval.id)
        assert set(seats(session, approval)) == {"eli", "bob"}
        assert [seat.identity for seat in session.scalars(select(ApprovalSeat).order_by(ApprovalSeat.id))] == [
            "cid", "dot", "eli", "bob",
        ]  # fmt: skip
        assert mails(session)[-1] == ("asked", "bob")
        decide(session, approval, "eli", now=NOW + HOUR)
        assert approval.state is ApprovalState.APPROVED


def test_a_seat_goes_to_the_person_whose_account_it_was_given_to(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path)
    with database.write() as session:
        key = ask(session).id
        by = Because("eve", "ill", roles=EVE)
        approvals.reassign(session, approvals.get(session, key), Reassignment("eli", "bob"), by, NOW)
    people = FILES["people.yaml"].replace("eli: {", "eli: {account_of: cid, ")
    apply(database, tmp_path, NOW, {"people.yaml": people})
    with database.write() as session:
        assert approvals.look(session, NOW) == 1
        approval = approvals.get(session, key)
        assert set(seats(session, approval)) == {"cid"}
        decide(session, approval, "eli")
        assert approval.state is ApprovalState.APPROVED


def test_another_policy_asks_anew_and_one_that_is_gone_makes_it_void(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path)
    with database.write() as session:
        first, second = ask(session, scheme="two"), ask(session, subject="request/13", scheme="late")
        decide(session, first, "cid")
        seen = first.sha256
    schemes = SCHEMES.replace("title: Two of the web team", "title: Two of the best").replace("  late:", "  later:")
    apply(database, tmp_path, NOW, {"approvals.yaml": schemes})
    with database.write() as session:
        first, second = approvals.get(session, first.id), approvals.get(session, second.id)
        with pytest.raises(Refused, match="the scheme two has changed: it is asked anew in a moment"):
            approval_deciding.decide(session, first, Decision("dot", YES, seen), NOW)
        assert approvals.look(session, NOW) == 2
        assert (first.round, first.state, set(seats(session, first))) == (2, ApprovalState.OPEN, {"cid", "dot"})
        assert (second.state, second.outcome) == (ApprovalState.VOID, "the scheme late has left approvals.yaml")
        assert approvals.look(session, NOW + HOUR) == 0


def test_of_two_who_decide_at_once_one_is_first(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path)
    with database.write() as session:
        key = ask(session, scheme="two").id
    begin = Barrier(2)

    def act(person: str) -> str:
        begin.wait()
        try:
            with database.write() as session:
                decide(session, approvals.get(session, key), person, NO)
        except MoveRefused:
            return "refused"
        return "decided"

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(act, ("cid", "dot")))
    assert found == ["decided", "refused"]
    with database.read() as session:
        assert len(session.scalars(select(ApprovalDecision)).all()) == 1


def test_a_seat_that_was_taken_while_its_owner_looked_is_none(session: Session) -> None:
    approval = ask(session)
    known = session.scalars(select(ApprovalSeat)).all()
    session.connection().execute(Approval.metadata.tables["approval_seat"].update().values(ended_at=NOW))
    assert [seat.ended_at for seat in known] == [None]
    with pytest.raises(Refused, match="bob is none of those"):
        decide(session, approval, "bob")
