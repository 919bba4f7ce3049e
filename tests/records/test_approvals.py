"""Approvals in the database: asked, decided, sent back, answered, reassigned; by rows that cannot lie."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, NotFound, Refused
from models.queries import approval_deciding, approval_delegations, approval_outcomes, approvals
from models.queries.approval_deciding import Decision
from models.queries.approval_delegations import NewDelegation
from models.queries.approvals import Answer, Reassignment
from models.queries.states import Because
from models.records import Approval
from models.rules.approvals.asking import Window
from models.rules.lifecycle import Role
from models.vocabulary import ApprovalState
from tests.records.approvals_lab import (
    ANN,
    DAY,
    DESK,
    EVE,
    HOUR,
    NO,
    NOW,
    YES,
    ask,
    decide,
    facts_of,
    mails,
    reasons,
    seats,
    steps,
    told,
)


@pytest.fixture
def session(approving: Database) -> Iterator[Session]:
    """A transaction in which the site of the lab is in force."""
    with approving.write() as opened:
        yield opened


def test_the_manager_is_asked_approves_and_everybody_hears_of_it(session: Session) -> None:
    approval = ask(session)
    assert (approval.number, approval.state, steps(session, approval)) == ("APR000001", ApprovalState.OPEN, ["open"])
    assert seats(session, approval) == {"bob": "manager of the requester"}
    decide(session, approval, "bob", comment="fine")
    assert (approval.state, approval.decided_at, approval.look_at) == (ApprovalState.APPROVED, NOW, None)
    assert (steps(session, approval), seats(session, approval)) == (["approved"], {})
    assert mails(session) == [("asked", "bob"), ("decided", "ann")]
    assert told(session, approval) == ["ask", "approve", "grant"]
    assert reasons(session, approval, "approve") == ["fine"]


def test_what_the_approver_is_told_has_the_difference_and_the_hash(session: Session) -> None:
    approval = ask(session, beneficiary="dot")
    (facts,) = facts_of(session, "asked")
    assert (facts["difference"], facts["seen"]) == (["web1: + editor"], approval.sha256[:8])
    assert (facts["requester"], facts["beneficiary"], facts["step"]) == ("Ann Bell", "Dot Drew", "The manager")
    assert facts["over_at"] == (NOW + 3 * DAY).isoformat()


def test_what_is_cheap_needs_nobody(session: Session) -> None:
    approval = ask(session, facts={"cost": 9.5})
    assert (approval.state, approval.outcome) == (ApprovalState.APPROVED, "pre-approved by rule 1 of the scheme plain")
    assert steps(session, approval) == []
    assert told(session, approval) == ["ask", "grant"]


def test_the_first_who_denies_ends_it_with_words(session: Session) -> None:
    approval = ask(session, scheme="long")
    with pytest.raises(Refused, match="the comment is empty"):
        approval_deciding.decide(session, approval, Decision("bob", NO, approval.sha256), NOW)
    decide(session, approval, "bob", NO, "too dear")
    assert (approval.state, approval.outcome) == (ApprovalState.DENIED, "denied by bob")
    assert steps(session, approval) == ["denied", "dropped", "dropped"]
    assert facts_of(session, "decided")[0]["text"] == "too dear"


def test_steps_come_one_after_the_other_and_some_together(session: Session) -> None:
    approval = ask(session, scheme="long")
    assert steps(session, approval) == ["open", "waiting", "waiting"]
    with pytest.raises(Refused, match="dot is none of those who may decide now"):
        decide(session, approval, "dot")
    decide(session, approval, "bob")
    assert steps(session, approval) == ["approved", "open", "open"]
    assert seats(session, approval) == {"dot": "person dot", "bob": "person bob", "cid": "owner of the service"}
    decide(session, approval, "cid")
    assert steps(session, approval) == ["approved", "open", "approved"]
    decide(session, approval, "bob")  # who decided the first step may decide another
    assert approval.state is ApprovalState.APPROVED
    assert [name for tag, name in mails(session) if tag == "asked"] == ["bob", "bob", "dot", "cid"]


def test_two_of_a_team_are_two_people(session: Session) -> None:
    approval = ask(session, scheme="two")
    assert set(seats(session, approval)) == {"cid", "dot"}  # not ann's second account
    decide(session, approval, "cid")
    assert (approval.state, steps(session, approval)) == (ApprovalState.OPEN, ["open"])
    with pytest.raises(Refused, match="cid has decided already"):
        decide(session, approval, "cid")
    decide(session, approval, "dot")
    assert approval.state is ApprovalState.APPROVED


OWN = [
    ("ann", "ann", "plain", "ann asked for it", "who asks"),
    ("ann-root", "ann", "plain", "ann asked for it", "by a second account, as an administrator"),
    ("dot", "dot", "two", "dot benefits from it", "who benefits"),
]


@pytest.mark.parametrize(("person", "for_whom", "scheme", "words", "why"), OWN, ids=[case[-1] for case in OWN])
def test_nobody_decides_about_their_own(
    session: Session, person: str, for_whom: str, scheme: str, words: str, why: str
) -> None:
    approval = ask(session, scheme=scheme, beneficiary=for_whom)
    with pytest.raises(Refused, match=words):
        decide(session, approval, person)
    assert approval_deciding.ruling_on(session, approval, person, NOW).is_conflict, why


def test_a_stranger_decides_nothing_and_who_is_no_approver_is_no_conflict(session: Session) -> None:
    approval = ask(session)
    with pytest.raises(Refused, match=r"zoe is not in people\.yaml"):
        decide(session, approval, "zoe")
    assert not approval_deciding.ruling_on(session, approval, "dot", NOW).is_conflict


def test_a_decision_names_what_was_seen(session: Session) -> None:
    approval = ask(session)
    for seen in ("", "00000000", approval.sha256[:7]):
        with pytest.raises(Refused, match=f"is {approval.sha256[:8]} now"):
            approval_deciding.decide(session, approval, Decision("bob", YES, seen), NOW)


def test_a_thing_is_asked_once_at_a_time(session: Session) -> None:
    approval = ask(session)
    with pytest.raises(Refused, match="request/12: APR000001 is open already"):
        ask(session)
    decide(session, approval, "bob", NO)
    assert ask(session).number == "APR000002"
    with pytest.raises(NotFound, match=r"there is no scheme 'none' in approvals\.yaml; there are: late, long, office"):
        ask(session, subject="request/13", scheme="none")
    with pytest.raises(Refused, match="no plain values"):
        ask(session, subject="request/13", facts={"at": NOW})


def test_what_is_sent_back_waits_for_an_answer_and_goes_on_where_it_was(session: Session) -> None:
    approval = ask(session, scheme="two")
    decide(session, approval, "cid")
    with pytest.raises(Refused, match="bob is none of those"):
        approval_deciding.send_back(session, approval, "bob", "why?", NOW)
    approval_deciding.send_back(session, approval, "dot", "For which host?", NOW + HOUR)
    assert (approval.state, approval.sent_back_at) == (ApprovalState.SENT_BACK, NOW + HOUR)
    with pytest.raises(MoveRefused, match="sent back"):
        decide(session, approval, "dot")
    with pytest.raises(Refused, match="only they answer"):
        approvals.answer(session, approval, Answer("web1"), Because("bob", roles=frozenset({Role.REQUESTER})), NOW)
    approvals.answer(session, approval, Answer("web1"), ANN, NOW + 2 * HOUR)
    assert (approval.state, approval.round) == (ApprovalState.OPEN, 1)
    decide(session, approval, "dot", now=NOW + 3 * HOUR)
    assert approval.state is ApprovalState.APPROVED
    assert facts_of(session, "sent-back")[0]["text"] == "For which host?"
    assert [facts["text"] for facts in facts_of(session, "asked")][-1] == "web1"


def test_an_answer_that_changes_the_matter_asks_everybody_anew(session: Session) -> None:
    approval = ask(session, scheme="two")
    first = approval.sha256
    decide(session, approval, "cid")
    approval_deciding.send_back(session, approval, "dot", "Too dear?", NOW)
    approvals.answer(session, approval, Answer("A cheaper one", {"cost": 30}, "web1: + small editor"), ANN, NOW)
    assert (approval.round, approval.facts, steps(session, approval)) == (2, {"cost": 30}, ["open"])
    assert approval.sha256 != first
    with pytest.raises(Refused, match="it has changed, or is another one"):
        approval_deciding.decide(session, approval, Decision("dot", YES, first), NOW)
    decide(session, approval, "dot")
    decide(session, approval, "cid")
    assert approval.state is ApprovalState.APPROVED
    assert told(session, approval)[-4:] == ["ask-again", "approve", "approve", "grant"]


def test_a_reassignment_is_an_administrators_and_everybody_sees_it(session: Session) -> None:
    approval = ask(session)
    by = Because("eve", "bob is ill", roles=EVE)
    approvals.reassign(session, approval, Reassignment("dot", "bob"), by, NOW)
    assert seats(session, approval) == {"dot": "given by eve"}
    with pytest.raises(Refused, match="bob is none of those"):
        decide(session, approval, "bob")
    assert [name for tag, name in mails(session) if tag == "reassigned"] == ["dot", "ann", "bob"]
    assert reasons(session, approval, "reassign") == ["bob is ill"]
    decide(session, approval, "dot")
    assert approval.state is ApprovalState.APPROVED


REFUSED = [
    ("eve", "eve", "bob", "may not give themselves", Refused, "to oneself"),
    ("eve", "ann", "bob", "nobody decides about their own matter", Refused, "to who asks"),
    ("eve", "ann-root", "bob", "nobody decides about their own matter", Refused, "to another account of who asks"),
    ("ann-root", "dot", "bob", "it is their own matter", Refused, "one's own judge"),
    ("eve", "zoe", "bob", "there is no person 'zoe'", NotFound, "to a stranger"),
    ("eve", "dot", "cid", "cid has nothing to decide", Refused, "a seat that there is not"),
]


@pytest.mark.parametrize(("by", "to", "instead", "words", "error", "why"), REFUSED, ids=[case[-1] for case in REFUSED])
def test_what_a_reassignment_must_not_be(
    session: Session, by: str, to: str, instead: str, words: str, error: type[Exception], why: str
) -> None:
    approval = ask(session)
    with pytest.raises(error, match=words):
        approvals.reassign(session, approval, Reassignment(to, instead), Because(by, why, roles=EVE), NOW)


def test_nobody_gives_a_decision_to_themselves_through_a_delegate(session: Session) -> None:
    approval = ask(session)
    new = NewDelegation("dot", "eve", NOW, NOW + DAY)
    approval_delegations.delegate(session, new, "dot", NOW)
    with pytest.raises(Refused, match="dot has delegated to eve"):
        approvals.reassign(session, approval, Reassignment("dot"), Because("eve", "so", roles=EVE), NOW)


def test_a_new_round_is_about_the_same_people(session: Session) -> None:
    approval = ask(session)
    with pytest.raises(ValueError, match="requester cannot change"):
        approvals.ask_again(session, approval, {"requester": "dot"}, DESK, NOW)
    with pytest.raises(Refused, match="no plain values"):
        approvals.ask_again(session, approval, {"facts": {"at": NOW}}, DESK, NOW)


def test_a_reassignment_takes_the_role_words_and_something_open(session: Session) -> None:
    approval = ask(session)
    with pytest.raises(MoveRefused, match="takes the role of: administrator"):
        mine = Because("bob", "why not", roles=frozenset({Role.MANAGER}))
        approvals.reassign(session, approval, Reassignment("dot"), mine, NOW)
    with pytest.raises(Refused, match="the reason is empty"):
        approvals.reassign(session, approval, Reassignment("dot"), Because("eve", roles=EVE), NOW)
    approvals.reassign(session, approval, Reassignment("dot"), Because("eve", "two", roles=EVE), NOW)
    assert set(seats(session, approval)) == {"bob", "dot"}
    decide(session, approval, "bob")
    with pytest.raises(MoveRefused, match="approved"):
        approvals.reassign(session, approval, Reassignment("cid"), Because("eve", "late", roles=EVE), NOW)


def test_who_asked_withdraws_it_and_nobody_else(session: Session) -> None:
    approval = ask(session)
    with pytest.raises(Refused, match="only they withdraw it"):
        approvals.withdraw(session, approval, replace(ANN, actor="bob"), NOW)
    approvals.withdraw(session, approval, replace(ANN, actor="ann-root", reason="found one"), NOW)
    assert (approval.state, approval.outcome) == (ApprovalState.WITHDRAWN, "found one")
    assert mails(session) == [("asked", "bob")]  # who ends it knows


def test_what_was_about_something_that_is_no_more_is_void(session: Session) -> None:
    approval = ask(session)
    assert approvals.void(session, "request/99", DESK, NOW) is None
    assert approvals.void(session, "request/12", Because("desk", "the request is gone"), NOW) is approval
    assert (approval.state, approval.outcome) == (ApprovalState.VOID, "the request is gone")
    assert approvals.void(session, "request/12", DESK, NOW) is None


def test_a_comment_stands_in_the_journal(session: Session) -> None:
    approval = ask(session)
    approvals.comment(session, approval, "ask Dot, too", "bob", NOW)
    assert reasons(session, approval, "comment") == ["ask Dot, too"]
    with pytest.raises(Refused, match="the comment is empty"):
        approvals.comment(session, approval, " ", "bob", NOW)


def heard(session: Session, approval: Approval, because: Because, now: datetime) -> None:
    """What the subject of these tests does: it writes down what it hears."""
    session.info.setdefault("heard", []).append(approval.state.value)


def test_the_subject_hears_of_every_change(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(approval_outcomes.SUBJECTS, "request", f"{__name__}:heard")
    approval = ask(session)
    approval_deciding.send_back(session, approval, "bob", "why?", NOW)
    approvals.answer(session, approval, Answer("so"), ANN, NOW)
    decide(session, approval, "bob")
    approvals.ask_again(session, approval, {"facts": {"cost": 50}}, DESK, NOW)
    decide(session, approval, "bob", NO)
    ask(session, facts={"cost": 1})
    expected = ["sent back", "open", "approved", "open", "denied", "approved"]
    assert session.info["heard"] == expected


def test_every_subject_names_what_there_is() -> None:
    for path in approval_outcomes.SUBJECTS.values():
        assert callable(approval_outcomes.handler_of(path))


def test_a_window_is_part_of_what_is_approved(session: Session) -> None:
    first = ask(session)
    second = ask(session, subject="request/13", window=Window(NOW + DAY, NOW + 2 * DAY))
    assert (second.earliest_at, second.latest_at) == (NOW + DAY, NOW + 2 * DAY)
    assert first.sha256 != second.sha256
