"""Who decides, for whom, and what it comes to."""

import pytest

from models.rules.approvals.deciding import Ballot, Made, comes_to, holders, ruling
from models.rules.approvals.delegating import Delegation, delegation_problems, in_force
from models.rules.approvals.resolving import Involved
from models.vocabulary import ApprovalStepState, ApprovalVerdict
from tests.rules.approvals.crew import NOW, passed_on

YES, NO = ApprovalVerdict.APPROVE, ApprovalVerdict.DENY
ANN = Involved("ann", "ann")
ANN_FOR_DOT = Involved("ann", "dot")
BOB_OR_CID = frozenset({"bob", "cid"})


def made(*chain: str, verdict: ApprovalVerdict = YES) -> Made:
    return Made(chain, verdict)


RULINGS = [
    ("bob", (), {}, ANN, "", "who has a seat"),
    ("eve", (), {}, ANN, "eve is none of those who may decide now", "who has none"),
    ("ann", (), {}, ANN, "ann asked for it: nobody decides about their own matter", "who asks"),
    ("dot", (), {}, ANN_FOR_DOT, "dot benefits from it: nobody decides about their own matter", "who benefits"),
    ("eve", (), {"bob": "eve"}, ANN, "", "who was delegated to"),
    ("fay", (), {"bob": "eve", "eve": "fay"}, ANN, "", "at any remove"),
    ("eve", (), {"bob": "eve", "eve": "fay"}, ANN, "eve is none of those", "who passed it on holds it no more"),
    ("bob", (), {"bob": "eve"}, ANN, "bob has delegated to eve, who decides meanwhile", "who delegated"),
    ("bob", (), {"bob": "ann"}, ANN, "", "a delegate who asks takes nothing: it stays with bob"),
    ("eve", (), {"bob": "eve", "eve": "ann"}, ANN, "", "a chain stops before the one who asks"),
    ("eve", (), {"bob": "ann", "ann": "eve"}, ANN, "eve acts for ann, whose matter it is", "nor through them"),
    ("bob", (), {"ann": "bob"}, ANN, "bob acts for ann, whose matter it is", "a delegate of who asks, though seated"),
    ("bob", (), {"ann": "eve", "eve": "bob"}, ANN, "bob acts for ann", "at any remove"),
    ("cid", (), {"dot": "cid"}, ANN_FOR_DOT, "cid acts for ann or dot", "a delegate of who benefits"),
    ("bob", (made("bob"),), {}, ANN, "bob has decided already: each person counts once", "who has decided"),
    ("cid", (made("bob"),), {}, ANN, "", "the next one"),
    ("eve", (made("bob", "eve"),), {"cid": "eve"}, ANN, "eve has decided already", "for two seats, once"),
    ("bob", (made("bob", "eve"),), {}, ANN, "somebody has decided for bob already", "after the delegate did"),
    ("eve", (made("cid", "fay", "eve"),), {"bob": "eve"}, ANN, "eve has decided already", "by another chain"),
    ("fay", (made("cid", "fay", "eve"),), {"bob": "fay"}, ANN, "somebody has decided for fay", "who passed it on"),
    ("cid", (), {"bob": "cid"}, ANN, "", "one who has a seat and stands in for another"),
]


@pytest.mark.parametrize(
    ("person", "before", "acting", "involved", "refusal", "why"), RULINGS, ids=[f"{c[0]}: {c[-1]}" for c in RULINGS]
)
def test_who_may_decide(
    person: str, before: tuple[Made, ...], acting: dict[str, str], involved: Involved, refusal: str, why: str
) -> None:
    found = ruling(person, [Ballot(BOB_OR_CID, before)], involved, acting)
    assert found.allowed == (not refusal), why
    assert found.reason.startswith(refusal or "may decide")
    assert (found.chain[-1:] == (person,)) == found.allowed


CONFLICTS = [("ann", {}, True), ("bob", {"ann": "bob"}, True), ("bob", {"bob": "eve"}, True), ("eve", {}, False)]


@pytest.mark.parametrize(("person", "acting", "expected"), CONFLICTS)
def test_a_try_to_decide_about_ones_own_matter_is_told_from_a_mistake(
    person: str, acting: dict[str, str], expected: bool
) -> None:
    assert ruling(person, [Ballot(BOB_OR_CID)], ANN, acting).is_conflict is expected


def test_of_steps_that_are_open_together_the_first_that_one_may_decide_counts() -> None:
    ballots = [Ballot(frozenset({"bob"}), (made("bob"),)), Ballot(BOB_OR_CID)]
    assert ruling("bob", ballots, ANN, {}).chain == ("bob",)
    assert not ruling("bob", ballots[:1], ANN, {}).allowed


def test_ones_own_seat_comes_before_anothers() -> None:
    assert holders(Ballot(BOB_OR_CID), ANN, {"bob": "cid"}) == {"cid": ("cid",)}
    assert holders(Ballot(frozenset({"bob", "zoe"})), ANN, {"bob": "eve", "zoe": "eve"}) == {"eve": ("bob", "eve")}


COMES_TO = [
    (1, (), ApprovalStepState.OPEN, "nobody yet"),
    (1, (made("bob"),), ApprovalStepState.APPROVED, "one is enough"),
    (2, (made("bob"),), ApprovalStepState.OPEN, "one of two"),
    (2, (made("bob"), made("cid")), ApprovalStepState.APPROVED, "two of two"),
    (2, (made("bob"), made("cid", verdict=NO)), ApprovalStepState.DENIED, "the first who denies ends it"),
]


@pytest.mark.parametrize(("needed", "decided", "expected", "why"), COMES_TO, ids=[case[-1] for case in COMES_TO])
def test_what_a_step_comes_to(needed: int, decided: tuple[Made, ...], expected: ApprovalStepState, why: str) -> None:
    assert comes_to(needed, decided) is expected, why


DELEGATIONS = [
    (passed_on("bob", "eve"), [], "", "a plain one"),
    (passed_on("bob", "bob"), [], "bob cannot delegate to themselves", "to oneself"),
    (passed_on("bob", "eve", 2, 1), [], "it ends before it begins", "turned round"),
    (passed_on("bob", "eve", -3, -1), [], "it is over already", "past"),
    (passed_on("bob", "eve", 0, 400), [], "it lasts longer than a year", "for ever"),
    (passed_on("bob", "eve"), [passed_on("bob", "cid", 6, 9)], "bob has delegated to cid in that time", "twice"),
    (passed_on("bob", "eve"), [passed_on("bob", "cid", 7, 9)], "", "one after the other"),
    (passed_on("bob", "eve"), [passed_on("eve", "bob")], "it would go round in a circle: bob -> eve -> bob", "a pair"),
    (passed_on("bob", "eve"), [passed_on("eve", "bob", 7, 9)], "", "a pair, one after the other"),
    (
        passed_on("bob", "eve", 0, 9),
        [passed_on("eve", "cid", 1, 5), passed_on("cid", "bob", 4, 8)],
        "it would go round in a circle: bob -> eve -> cid -> bob",
        "a circle of three that closes later",
    ),
    (passed_on("bob", "eve"), [passed_on("eve", "cid"), passed_on("cid", "eve", 8, 9)], "", "a circle of others"),
]


@pytest.mark.parametrize(("new", "others", "expected", "why"), DELEGATIONS, ids=[case[-1] for case in DELEGATIONS])
def test_what_a_delegation_must_not_be(new: Delegation, others: list[Delegation], expected: str, why: str) -> None:
    found = "; ".join(delegation_problems(new, others, NOW))
    assert found.startswith(expected), why
    assert bool(found) == bool(expected)


def test_a_delegation_holds_from_its_beginning_to_before_its_end() -> None:
    one = passed_on("bob", "eve", 0, 1)
    held = [bool(in_force([one], at)) for at in (one.starts_at, one.ends_at)]
    assert held == [True, False]
