"""Who a scheme means: identities of people of the site, never those who ask or benefit."""

from dataclasses import replace

import pytest

from models.rules.approvals.people import Colleague, Staff
from models.rules.approvals.resolving import Involved, seats_of
from models.rules.approvals.schemes import Approver
from models.vocabulary import ApproverKind
from tests.rules.approvals.crew import STAFF

FOR_HERSELF, FOR_DOT = Involved("ann", "ann"), Involved("ann", "dot")
FACTS = {"service": "shop", "room": "files", "owner": "dot", "owners": ["bob", "cid", 7], "nothing": None}
MEANT = [
    ("person", "bob", FOR_HERSELF, {"bob"}, "one person"),
    ("person", "gone", FOR_HERSELF, set(), "who has left decides nothing"),
    ("person", "ann", FOR_HERSELF, set(), "nobody decides about their own"),
    ("person", "ann-root", FOR_HERSELF, set(), "a second account is the same person"),
    ("team", "web", FOR_HERSELF, {"cid", "dot"}, "all of the team but who asks, by any account"),
    ("team", "web", FOR_DOT, {"cid"}, "nor who benefits"),
    ("team", "none", FOR_HERSELF, set(), "a team without people"),
    ("role", "approver", FOR_HERSELF, {"bob", "cid"}, "all who have the role"),
    ("manager_of", "requester", FOR_HERSELF, {"bob"}, "the manager"),
    ("manager_of", "beneficiary", FOR_DOT, set(), "one without a manager has none"),
    ("manager_of", "beneficiary", Involved("cid", "bob"), {"eve"}, "the beneficiary's own manager"),
    ("manager_of", "beneficiary", Involved("bob", "ann"), set(), "the manager who asks for their people"),
    ("owner_of", "service", FOR_HERSELF, {"cid"}, "who answers for the team that owns it"),
    ("owner_of", "room", FOR_HERSELF, set(), "a team without a manager and without people"),
    ("owner_of", "nothing", FOR_HERSELF, set(), "no service was said"),
    ("owner_of", "owners", FOR_HERSELF, set(), "a list is no service"),
    ("named_in", "owner", FOR_HERSELF, {"dot"}, "who is named in an answer"),
    ("named_in", "owner", FOR_DOT, set(), "nobody is named as the judge of their own"),
    ("named_in", "owners", FOR_HERSELF, {"bob", "cid"}, "several are named; what is no name is none"),
    ("named_in", "nothing", FOR_HERSELF, set(), "nobody was named"),
]


@pytest.mark.parametrize(("kind", "name", "involved", "expected", "why"), MEANT, ids=[case[-1] for case in MEANT])
def test_who_may_decide(kind: str, name: str, involved: Involved, expected: set[str], why: str) -> None:
    assert set(seats_of([Approver(ApproverKind(kind), name)], involved, FACTS, STAFF)) == expected, why


def test_of_a_team_without_a_manager_all_answer_for_its_service() -> None:
    staff = replace(STAFF, leads={})
    assert set(seats_of([Approver(ApproverKind.OWNER_OF, "service")], FOR_HERSELF, FACTS, staff)) == {"cid", "dot"}


def test_each_person_has_one_seat_by_the_first_rule_that_says_so() -> None:
    approvers = [Approver(ApproverKind.PERSON, "cid"), Approver(ApproverKind.TEAM, "web")]
    assert seats_of(approvers, FOR_HERSELF, {}, STAFF) == {"cid": "person cid", "dot": "team web"}
    two_accounts = Staff({**STAFF.people, "cid-root": Colleague(account_of="cid", roles=frozenset({"approver"}))})
    assert set(seats_of([Approver(ApproverKind.ROLE, "approver")], FOR_HERSELF, {}, two_accounts)) == {"bob", "cid"}


ACCOUNTS = [
    ({"a": "b", "b": "c"}, "a", "c", "an account of an account"),
    ({"a": "gone"}, "a", "gone", "of somebody who has left: still theirs"),
    ({"a": "b", "b": "a"}, "a", "a", "a circle makes nobody anybody else"),
    ({}, "stranger", "stranger", "who is not of the site"),
]


@pytest.mark.parametrize(("accounts", "person", "expected", "why"), ACCOUNTS, ids=[case[-1] for case in ACCOUNTS])
def test_a_person_is_one_identity_by_whatever_account(
    accounts: dict[str, str], person: str, expected: str, why: str
) -> None:
    assert Staff({name: Colleague(account_of=of) for name, of in accounts.items()}).identity(person) == expected, why


WORDS = {
    ApproverKind.MANAGER_OF: "manager of the requester",
    ApproverKind.OWNER_OF: "owner of the requester",
    ApproverKind.NAMED_IN: "named in requester",
    ApproverKind.TEAM: "team requester",
}


@pytest.mark.parametrize("kind", WORDS)
def test_a_seat_says_by_which_rule_it_is_one(kind: ApproverKind) -> None:
    assert str(Approver(kind, "requester")) == WORDS[kind]
