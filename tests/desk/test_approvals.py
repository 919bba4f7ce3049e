"""approval: what people see of it, and what they do; called as commands."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.queries import approvals, journal
from models.queries.states import Because
from models.rules.approvals.asking import NewApproval
from tests.desk.conftest import Said
from tests.records.approvals_lab import apply as apply_lab

Watchbill = Callable[..., Said]
DIFFERENCE = "web1: + editor 3.1\nweb2: no change"
ASKED = NewApproval("request/12", "An editor", "ann", "dot", "plain", {"cost": 40, "host": "web1"}, DIFFERENCE)


@pytest.fixture
def desk(sqlite: Database, tmp_path: Path, surroundings: dict[str, str], watchbill: Watchbill) -> Watchbill:
    """Commands where the lab's site is in force, and Ann has asked for something for Dot."""
    apply_lab(sqlite, tmp_path / "lab", clock.now())
    with sqlite.write() as session:
        approvals.ask(session, ASKED, Because("ann"), clock.now())
    return watchbill


def seen_of(desk: Watchbill, number: str = "APR000001") -> str:
    """What names its content."""
    seen: str = desk("approval", "show", number, "--as", "eve", "--json").json["line"]["seen"]
    return seen


def test_the_approver_sees_what_would_change_approves_it_and_it_is_told(desk: Watchbill) -> None:
    listed = desk("approval", "list", "--as", "bob")
    assert "APR000001 REQ000012 open" in listed.words
    assert "ann for dot" in listed.words
    shown = desk("approval", "show", "APR000001", "--as", "bob")
    assert "web1: + editor 3.1\nweb2: no change" in shown.out
    assert "1. The manager open 1 bob (manager of the requester)" in shown.words
    seen = seen_of(desk)
    assert f"next: `watchbill approval approve APR000001 --seen {seen}`" in shown.words
    done = desk("approval", "approve", "APR000001", "--seen", seen, "--comment", "fine", "--as", "bob")
    assert (done.code, done.words) == (0, "APR000001 is approved")
    shown = desk("approval", "show", "apr1", "--as", "ann")
    assert "bob approved" in shown.words
    assert "approve (fine)" in shown.words
    assert desk("approval", "list", "--as", "bob").words == "nothing waits for your decision"


def test_who_names_nothing_is_told_how(desk: Watchbill) -> None:
    done = desk("approval", "approve", "1", "--as", "bob")
    assert done.code == 2
    assert "name what you have seen, as `watchbill approval show APR000001` says: --seen SIGNS" in done.words
    done = desk("approval", "approve", "1", "--seen", "00000000", "--as", "bob")
    assert done.code == 6
    assert "it has changed, or is another one" in done.words


OWN = [("ann", "ann asked for it"), ("ann-root", "ann asked for it"), ("dot", "dot benefits from it")]


@pytest.mark.parametrize(("person", "words"), OWN)
def test_a_try_to_decide_about_ones_own_is_refused_and_journaled(
    desk: Watchbill, sqlite: Database, person: str, words: str
) -> None:
    done = desk("approval", "approve", "APR000001", "--seen", seen_of(desk), "--as", person)
    assert done.code == 6
    assert f"{words}: nobody decides about their own matter; the try is written in the journal" in done.words
    with sqlite.read() as session:
        (row,) = [row for row in journal.rows_about(session, "approval/1") if row.tag == "security:approval:refuse"]
        assert (row.actor, row.reason) == (person, f"{words}: nobody decides about their own matter")
        assert approvals.get(session, 1).state == "open"


def test_to_whom_it_is_no_concern_it_does_not_exist(desk: Watchbill) -> None:
    for words in (("show", "APR000001"), ("approve", "APR000001", "--seen", "00000000"), ("comment", "1", "me too")):
        missing = desk("approval", *words, "--as", "cid")
        assert (missing.code, "there is no approval APR000001" in missing.words) == (5, True), words
    assert desk("approval", "list", "--all", "--as", "cid").code == 6
    assert desk("approval", "list", "--as", "zoe").code == 5
    assert desk("approval", "show", "INC000001", "--as", "cid").code == 2
    assert desk("approval", "list", "--all", "--mine", "--as", "eve").code == 2


def test_each_sees_their_own_list(desk: Watchbill) -> None:
    assert [line["approval"] for line in desk("approval", "list", "--mine", "--as", "ann", "--json").json["approvals"]]
    assert desk("approval", "list", "--mine", "--as", "bob").words == "no such approval"
    assert desk("approval", "list", "--all", "--as", "eve", "-q").out == "APR000001\n"
    assert desk("approval", "list", "--state", "denied", "--as", "eve", "-q").out == ""
    assert desk("approval", "list", "--as", "bob", "--json", "approval,waits_for").json == [
        {"approval": "APR000001", "waits_for": ["bob"]}
    ]


def test_it_is_sent_back_answered_commented_and_denied(desk: Watchbill) -> None:
    back = desk("approval", "send-back", "1", "For how long?", "--as", "bob")
    assert back.words == "APR000001 is sent back, and waits for ann"
    assert desk("approval", "answer", "1", "For ever", "--as", "bob").code == 6
    assert desk("approval", "answer", "1", "For ever", "--as", "ann").words == "APR000001 is open, and waits for bob"
    assert desk("approval", "comment", "1", "Dot needs it", "--as", "dot").code == 0
    denied = desk("approval", "deny", "1", "too long", "--seen", seen_of(desk), "--as", "bob", "--json")
    assert (denied.code, denied.json["state"], denied.json["outcome"]) == (0, "denied", "denied by bob")
    shown = desk("approval", "show", "1", "--as", "ann").words
    for said in ("send back (For how long?)", "answer (For ever)", "comment (Dot needs it)", "deny (too long)"):
        assert said in shown


def test_an_administrator_reassigns_and_who_asked_withdraws(desk: Watchbill) -> None:
    who = ("--to", "cid", "--instead-of", "bob", "--reason", "bob is ill")
    assert desk("approval", "reassign", "1", *who, "--as", "bob").code == 6
    assert desk("approval", "reassign", "1", *who, "--as", "eve").words == "APR000001 is open, and waits for cid"
    assert desk("approval", "list", "--as", "cid", "-q").out == "APR000001\n"
    assert desk("approval", "withdraw", "1", "--as", "cid").code == 6
    assert desk("approval", "withdraw", "1", "--as", "ann").words == "APR000001 is withdrawn"


def test_a_delegate_decides_in_anothers_place(desk: Watchbill) -> None:
    day = f"{clock.now() + timedelta(days=9):%Y-%m-%d}"
    done = desk("approval", "delegate", "--to", "cid", "--until", day, "--as", "bob")
    assert "cid decides for bob from" in done.words
    assert "bob cid" in desk("approval", "delegations", "--as", "eve").words
    assert "you, for bob" in desk("approval", "list", "--as", "cid").words
    refused = desk("approval", "approve", "1", "--seen", seen_of(desk), "--as", "bob")
    assert (refused.code, "bob has delegated to cid" in refused.words) == (6, True)
    assert desk("approval", "approve", "1", "--seen", seen_of(desk), "--as", "cid").code == 0
    assert "cid approved for bob" in desk("approval", "show", "1", "--as", "cid").words
    assert desk("approval", "end-delegation", "--as", "bob").words == "cid no longer decides for bob"
    assert desk("approval", "end-delegation", "--as", "bob").code == 6


FOR_OTHERS = [
    (("--for", "bob", "--to", "cid"), "eve", 2, "say why"),
    (("--for", "bob", "--to", "eve", "--reason", "ill"), "eve", 6, "eve may not take the decisions of bob"),
    (("--for", "bob", "--to", "cid", "--reason", "ill"), "eve", 0, "cid decides for bob"),
    (("--for", "bob", "--to", "cid", "--reason", "ill"), "dot", 6, "takes the role of administrator"),
    (("--to", "zoe"), "bob", 5, "there is no person 'zoe'"),
    (("--to", "bob"), "bob", 6, "bob cannot delegate to themselves"),
]


@pytest.mark.parametrize(("options", "person", "code", "words"), FOR_OTHERS, ids=[case[-1] for case in FOR_OTHERS])
def test_who_may_delegate_what(desk: Watchbill, options: tuple[str, ...], person: str, code: int, words: str) -> None:
    done = desk("approval", "delegate", *options, "--until", "9d", "--as", person)
    assert (done.code, words in done.words) == (code, True), done.words
