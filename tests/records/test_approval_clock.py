"""What time does to an approval: reminders, escalation, expiry, in the hours of its calendar."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import approval_course, approval_deciding, approval_holding, approvals
from models.queries.approval_matters import Matter, bound_of
from models.queries.approvals import Answer, Reassignment
from models.queries.states import Because
from models.records import Approval
from models.rules.approvals.asking import Window
from models.vocabulary import ApprovalState
from tests.records.approvals_lab import (
    ANN,
    DAY,
    DESK,
    EVE,
    FILES,
    HOUR,
    NO,
    NOW,
    SCHEMES,
    apply,
    ask,
    decide,
    facts_of,
    mails,
    reasons,
    seats,
    steps,
)


@pytest.fixture
def session(approving: Database) -> Iterator[Session]:
    """A transaction in which the site of the lab is in force."""
    with approving.write() as opened:
        yield opened


def test_who_does_not_decide_is_reminded_then_others_may_and_then_it_is_over(session: Session) -> None:
    approval = ask(session)
    assert {approval.look_at} == {NOW + 4 * HOUR}
    assert [approvals.look(session, NOW + hours * HOUR) for hours in (3, 4, 4, 9)] == [0, 1, 0, 1]
    assert mails(session)[1:] == [("reminded", "bob"), ("reminded", "bob")]
    assert approvals.look(session, NOW + DAY) == 1
    assert set(seats(session, approval)) == {"bob", "eve", "eli"}  # not ann's second account, which administers
    assert mails(session)[3:] == [("escalated", "eli"), ("escalated", "eve")]
    assert reasons(session, approval, "escalate") == ["step 1 is escalated: eli, eve may decide, too"]
    assert approvals.look(session, NOW + 3 * DAY) == 1
    assert (approval.state, approval.outcome) == (ApprovalState.EXPIRED, "nobody decided step 1 in time")
    assert (steps(session, approval), seats(session, approval)) == (["expired"], {})
    assert approval.look_at is None
    assert mails(session)[-1] == ("decided", "ann")
    assert approvals.look(session, NOW + 30 * DAY) == 0


def test_who_was_asked_first_may_still_decide_after_the_escalation(session: Session) -> None:
    approval = ask(session)
    approvals.look(session, NOW + DAY)
    decide(session, approval, "bob", now=NOW + DAY)
    assert approval.state is ApprovalState.APPROVED


def test_after_a_long_silence_of_ours_only_the_last_of_it_is_done(session: Session) -> None:
    approval = ask(session)
    approvals.look(session, NOW + 23 * HOUR)
    assert [tag for tag, _ in mails(session)] == ["asked", "reminded"]
    assert facts_of(session, "reminded")[0]["text"] == "nobody has decided yet; reminder 5"
    approvals.look(session, NOW + 9 * DAY)
    assert approval.state is ApprovalState.EXPIRED
    assert [tag for tag, _ in mails(session)] == ["asked", "reminded", "decided"]


def test_a_scheme_can_approve_what_nobody_decides(session: Session) -> None:
    approval = ask(session, scheme="late")
    approvals.look(session, NOW + 2 * DAY)
    assert approval.state is ApprovalState.APPROVED
    assert reasons(session, approval, "grant") == ["every step was carried"]
    assert approval_holding.still_holds(session, approval, approval.facts, NOW + 2 * DAY).allowed


def test_nobody_decides_after_the_time_even_when_nobody_has_looked_yet(session: Session) -> None:
    approval = ask(session)
    with pytest.raises(Refused, match="its time was over at 2026-11-26T09:00Z"):
        decide(session, approval, "bob", now=NOW + 3 * DAY)


def test_times_are_counted_in_the_hours_of_the_calendar(session: Session) -> None:
    approval = ask(session, scheme="office", now=NOW + 7 * HOUR)  # 17:00 in Berlin: one hour is left of the day
    assert approval.look_at == NOW + DAY + 1 * HOUR
    assert approvals.look(session, NOW + DAY) == 0
    assert approvals.look(session, NOW + DAY + HOUR) == 1


def test_what_is_sent_back_stands_still_and_is_over_when_nobody_answers(session: Session) -> None:
    first, second = ask(session, scheme="late"), ask(session, subject="request/13")
    for approval in (first, second):
        approval_deciding.send_back(session, approval, "bob", "why?", NOW + DAY)
    assert approvals.look(session, NOW + 2 * DAY) == 0
    approvals.answer(session, second, Answer("so"), ANN, NOW + 2 * DAY)
    assert second.look_at == NOW + 2 * DAY + 4 * HOUR
    assert approvals.look(session, NOW + 2 * DAY + 4 * HOUR) == 1
    assert approvals.look(session, NOW + 3 * DAY) == 2
    assert (first.state, first.outcome) == (ApprovalState.EXPIRED, "nobody answered until 2026-11-26T09:00Z")
    assert second.state is ApprovalState.OPEN


def test_where_nobody_may_decide_others_are_asked_at_once(session: Session) -> None:
    approval = ask(session, requester="eli", beneficiary="eli")  # who has no manager
    assert set(seats(session, approval)) == {"eve", "ann"}
    assert sorted(mails(session)) == [("escalated", "ann"), ("escalated", "eve")]


def test_where_nobody_at_all_may_decide_it_waits_for_an_administrator_or_its_end(session: Session) -> None:
    approval = ask(session, scheme="late", requester="bob", beneficiary="bob")
    assert (seats(session, approval), mails(session)) == ({}, [])
    approvals.reassign(session, approval, Reassignment("dot"), Because("eve", "bob asks", roles=EVE), NOW)
    decide(session, approval, "dot")
    assert approval.state is ApprovalState.APPROVED


def test_one_that_cannot_be_looked_after_stops_no_other(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ask(session), ask(session, subject="request/13")
    care = approval_course.care

    def careless(matter: Matter) -> None:
        if matter.approval is first:
            raise ValueError("no such hours")
        care(matter)

    monkeypatch.setattr(approval_course, "care", careless)
    assert approvals.look(session, NOW + 4 * HOUR) == 2
    assert (first.look_at, second.look_at) == (NOW + 4 * HOUR + approvals.TRY_AGAIN, NOW + 8 * HOUR)


def test_what_was_approved_holds_as_long_as_nothing_has_changed(session: Session) -> None:
    approval = ask(session, window=Window(NOW + DAY, NOW + 2 * DAY))
    facts = dict(approval.facts)
    assert approval_holding.still_holds(session, approval, facts, NOW).reason == "APR000001: it is open"
    decide(session, approval, "bob")
    cases = [
        (facts, NOW, "its window opens at 2026-11-24T09:00Z", NOW + DAY),
        (facts, NOW + DAY, "APR000001 holds", NOW + 2 * DAY),
        (facts, NOW + 2 * DAY, "its window was over at 2026-11-25T09:00Z", None),
        ({**facts, "cost": 41}, NOW + DAY, "what was approved was something else", None),
    ]
    for given, now, words, until in cases:
        found = approval_holding.still_holds(session, approval, given, now)
        assert (words in found.reason, found.until) == (True, until), found.reason
    approval.difference = "web1: + editor, + games"
    session.flush()
    assert "its row was changed" in approval_holding.still_holds(session, approval, facts, NOW + DAY).reason


LEFT = "  bob: {name: Bob Brown, mail: bob@example.org, roles: [manager, approver], manager: eve}\n"
CHANGED = [
    ({}, True, "nothing"),
    ({"people.yaml": FILES["people.yaml"].replace(LEFT, "").replace("manager: bob", "manager: eve")}, False, "left"),
    ({"people.yaml": FILES["people.yaml"].replace("manager: bob", "manager: cid")}, False, "is her manager no more"),
    ({"people.yaml": FILES["people.yaml"].replace("bob: {", "bob: {account_of: ann, ")}, False, "was Ann all along"),
    ({"approvals.yaml": SCHEMES.replace("The manager\n", "A manager\n", 1)}, False, "the scheme"),
    ({"approvals.yaml": SCHEMES.replace("title: Two of", "title: Three of")}, True, "another scheme"),
]


@pytest.mark.parametrize(("files", "holds", "why"), CHANGED, ids=[case[-1] for case in CHANGED])
def test_what_changed_between_the_approval_and_the_run(
    sqlite: Database, tmp_path: Path, files: dict[str, str], holds: bool, why: str
) -> None:
    if "left" in why:
        files = {**files, "approvals.yaml": SCHEMES.replace("{person: bob}", "{person: cid}")}
        files["approvals.yaml"] = files["approvals.yaml"].replace("{person: dot}, {person: cid}", "{person: dot}")
    apply(sqlite, tmp_path)
    with sqlite.write() as session:
        approval = ask(session)
        decide(session, approval, "bob")
    apply(sqlite, tmp_path, NOW, files)
    with sqlite.write() as session:
        approval = approvals.get(session, approval.id)
        found = approval_holding.still_holds(session, approval, approval.facts, NOW + HOUR)
        assert found.allowed is holds, found.reason
        if not holds:
            approvals.ask_again(session, approval, {}, Because("requests", found.reason), NOW + HOUR)
            assert (approval.state, approval.round, approval.decided_at) == (ApprovalState.OPEN, 2, None)


def test_a_seat_that_an_administrator_gave_holds_while_its_person_is_here(sqlite: Database, tmp_path: Path) -> None:
    apply(sqlite, tmp_path)
    with sqlite.write() as session:
        approval = ask(session)
        approvals.reassign(session, approval, Reassignment("dot", "bob"), Because("eve", "ill", roles=EVE), NOW)
        decide(session, approval, "dot")
        assert approval_holding.still_holds(session, approval, approval.facts, NOW).allowed
    people = FILES["people.yaml"].replace("  dot: {name: Dot Drew, mail: dot@example.org, teams: [web]}\n", "")
    apply(sqlite, tmp_path, NOW, {"people.yaml": people, "approvals.yaml": SCHEMES.replace("{person: dot}, ", "")})
    with sqlite.write() as session:
        approval = approvals.get(session, approval.id)
        found = approval_holding.still_holds(session, approval, approval.facts, NOW)
        assert found.reason == "APR000001: dot, who approved it, has left"


def test_a_state_that_nobody_decided_holds_nothing(session: Session) -> None:
    approval, cheap = ask(session), ask(session, subject="request/13", facts={"cost": 5})
    forged = {"state": ApprovalState.APPROVED, "decided_at": NOW}
    session.execute(update(Approval).where(Approval.id == approval.id).values(**forged))
    found = approval_holding.still_holds(session, approval, approval.facts, NOW)
    assert found.reason == "APR000001: step 1 was not carried"
    assert approval_holding.still_holds(session, cheap, {"cost": 5}, NOW).allowed
    cheap.facts = {"cost": 5_000}
    cheap.sha256 = bound_of(cheap, cheap.policy_sha256).sha256
    session.flush()
    found = approval_holding.still_holds(session, cheap, {"cost": 5_000}, NOW)
    assert found.reason == "APR000002: no rule of the scheme plain approves it without asking any more"


def test_what_was_denied_is_not_asked_again(session: Session) -> None:
    approval = ask(session)
    decide(session, approval, "bob", NO)
    with pytest.raises(MoveRefused, match="denied"):
        approvals.ask_again(session, approval, {}, DESK, NOW)
