"""Requests from the command line: what an order comes to, the order, where it stands, its end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.queries import register
from models.site.loading import load_site
from tests.desk.conftest import Said
from tests.desk.small_site import write_site
from tests.records.test_catalogue import CALENDARS, PEOPLE
from tests.records.test_requests import APPROVALS, ASKED

Call = Callable[..., Said]
GIT = ("--set", "hosts=web1", "--set", "hosts=web2", "--set", "program=git")


@pytest.fixture
def offered(harbour: Database, watchbill: Call, tmp_path: Path) -> Call:
    """The small site, with a catalogue and an approval in force."""
    write_site(tmp_path / "site", people=PEOPLE, calendars=CALENDARS, catalogue=ASKED, approvals=APPROVALS)
    with harbour.write() as session:
        register.apply(session, load_site(tmp_path / "site").entries(), "test", clock.now())
    return watchbill


def test_the_catalogue_says_before_the_order_who_decides(offered: Call) -> None:
    said = offered("catalogue", "show", "program").words
    assert "approved by The manager (above 10.00) decides manager of the requester or person eve, within 14d" in said
    assert "or nobody, where its rules allow that" in said
    (asks,) = offered("catalogue", "show", "program", "--json").json["line"]["approvals"]
    assert asks == {
        "scheme": "manager",
        "title": "The manager",
        "steps": ["manager of the requester or person eve, within 14d"],
        "pre_approved": True,
        "above": "10",
    }


def test_a_dry_run_shows_what_an_order_comes_to_and_orders_nothing(offered: Call) -> None:
    said = offered("request", "new", "program", *GIT, "--dry-run")
    assert said.code == 0
    for words in (
        "A program for ada approved by manager cost 25.00 promised until",
        "hosts web1, web2 program git",
        "What would be done Install git: on web1: install git Install git: on web2: install git",
        "Tell them: by team deck: Tell ada of web1, web2",
        "nothing was ordered",
    ):
        assert words in said.words
    assert offered("request", "new", "program", *GIT, "--dry-run", "--json").json["cost"] == "25.00"
    assert offered("request", "list", "-q").out == ""


def test_a_dry_run_of_a_bundle_shows_its_parts(offered: Call) -> None:
    said = offered("request", "new", "secret-plan", "--dry-run", "--as", "max")
    assert "What would be done orders program program for max approved by manager cost 12.50" in said.words
    assert "Install git: on web1: install git" in said.words


def test_an_order_is_followed_from_the_list_to_its_end(offered: Call) -> None:
    said = offered("request", "new", "program", *GIT, "--key", "a1")
    assert (said.code, "REQ000001 A program state waiting for approval with eve or max item" in said.words) == (0, True)
    assert "ordered" in said.err
    again = offered("request", "new", "program", *GIT, "--key", "a1")
    assert "was ordered before, with this key" in again.err
    assert offered("request", "list", "-q").out == "REQ000001\n"
    assert "REQ000001 waiting for approval ada its approvers" in offered("request", "list").words
    assert offered("request", "list", "-q", "--as", "max").out == ""
    assert offered("request", "list", "-q", "--as", "max", "--everybody").out == "REQ000001\n"
    assert "approval APR000001, open hosts web1, web2 program git" in offered("request", "show", "1").words
    ended = offered("request", "cancel", "1", "--reason", "found one", "--json").json
    assert (ended["line"]["state"], ended["line"]["exact_state"], ended["approval_state"]) == (
        "done", "cancelled", "void",
    )  # fmt: skip
    assert offered("request", "list").words.startswith("no such request")
    assert "REQ000001 done (cancelled)" in offered("request", "list", "--all").words


def test_an_order_for_somebody_is_seen_by_both(offered: Call) -> None:
    offered("request", "new", "program", *GIT, "--for", "ada", "--as", "max")
    for person in ("ada", "max"):
        assert offered("request", "list", "-q", "--as", person).out == "REQ000001\n"


def test_a_file_is_handed_in_and_written_where_it_is_read(offered: Call, tmp_path: Path, harbour: Database) -> None:
    needs = ASKED.replace(
        "secret: true}", "secret: true}\n      - {name: offer, title: O?, type: file, accepts: [pdf]}"
    )
    write_site(tmp_path / "site", people=PEOPLE, calendars=CALENDARS, catalogue=needs, approvals=APPROVALS)
    with harbour.write() as session:
        register.apply(session, load_site(tmp_path / "site").entries(), "test", clock.now())
    (tmp_path / "offer.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "offer.txt").write_bytes(b"text")
    wrong = offered("request", "new", "program", *GIT, "--file", f"offer={tmp_path}/offer.txt")
    assert (wrong.code, 'offer: a file named "offer.txt" is not accepted' in wrong.words) == (6, True)
    absent = offered("request", "new", "program", *GIT, "--file", "offer=/nowhere.pdf")
    assert (absent.code, "--file offer: /nowhere.pdf: No such file" in absent.words) == (2, True)
    assert offered("request", "new", "program", *GIT, "--file", f"offer={tmp_path}/offer.pdf").code == 0
    assert "offer offer.pdf (8 bytes, sha256" in offered("request", "show", "1").words
    target = tmp_path / "read.pdf"
    assert offered("request", "file", "1", "offer", "--to", str(target)).code == 0
    assert target.read_bytes() == b"%PDF-1.7"
    again = offered("request", "file", "1", "offer", "--to", str(target))
    assert (again.code, "File exists" in again.words) == (2, True), "nothing is written over"
    assert offered("request", "file", "1", "licence", "--to", "x").code == 5
    assert offered("request", "file", "1", "offer", "--to", "x", "--as", "zoe").code == 5


SLIPS = [
    (("new", "program", "--set", "hosts"), 2, "--set: write FIELD=ANSWER", "no answer"),
    (("new", "program", *GIT, "--key", "x" * 65), 2, "a key has 1 to 64 printable characters", "a long key"),
    (("new", "programm", *GIT), 5, 'did you mean "program"?', "an unknown item"),
    (("new", "program", *GIT, "--for", "zoe"), 6, "zoe does not report to ada", "for somebody else"),
    (("new", "program", *GIT, "--as", "zoe"), 6, "it is offered to others", "not for them"),
    (("new", "program", "--set", "progam=git"), 6, 'progam: there is no such field; did you mean "program"?', "a slip"),
    (("new", "program", *GIT, "--set", "licence=x"), 6, "licence: a secret cannot be handed in", "a secret"),
    (("show", "INC000001"), 2, "it looks like REQ000123", "no request"),
    (("show", "9"), 5, "there is no request REQ000009: see `watchbill request list`", "not there"),
]


@pytest.mark.parametrize(("words", "code", "shown", "reason"), SLIPS, ids=[case[-1] for case in SLIPS])
def test_a_slip_is_answered_with_the_way_on(
    offered: Call, words: tuple[str, ...], code: int, shown: str, reason: str
) -> None:
    said = offered("request", *words)
    assert (said.code, shown in said.words) == (code, True), reason


def test_to_who_has_nothing_to_do_with_it_it_does_not_exist(offered: Call) -> None:
    offered("request", "new", "program", *GIT)
    for words in (("show", "1"), ("cancel", "1"), ("show", "7")):
        said = offered("request", *words, "--as", "zoe")
        assert (said.code, "there is no request REQ00000" in said.words) == (5, True)
    assert offered("request", "list", "--everybody", "--as", "zoe").code == 6
    assert offered("request", "list", "-q").out == "REQ000001\n"


def test_who_decides_about_it_sees_it_and_it_goes_on(offered: Call) -> None:
    offered("request", "new", "program", *GIT)
    shown = offered("request", "show", "1", "--as", "eve", "--json").json
    assert shown["approval_state"] == "open"
    seen = offered("approval", "show", shown["approval"], "--as", "eve", "--json").json
    assert "Install git: on web1: install git" in str(seen)
    assert offered("request", "cancel", "1", "--as", "eve").code == 6
    done = offered("approval", "approve", shown["approval"], "--as", "max", "--seen", seen["line"]["seen"])
    assert done.code == 0
    assert "state received with team deck" in offered("request", "show", "1").words
