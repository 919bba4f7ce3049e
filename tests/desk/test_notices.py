"""Notices at the command line: what was told, what failed and why, and a trial of a receiver."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.queries import notice_box, notices
from models.queries.notice_recipients import Directory
from models.records import OutboxRow
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site

Call = Callable[..., Said]
NOTICES = """
mail: {host: mx.example.org, sender: watch@example.org}
receivers:
  deck-desk: {teams: [deck], tell: [{mail: deck@example.org}, {chat: "secret://pager"}]}
"""


@pytest.fixture
def deck(harbour: Database, site_folder: Path) -> Database:
    """The small site with one receiver."""
    apply_site(harbour, write_site(site_folder, notices=NOTICES), clock.now() - timedelta(hours=1))
    return harbour


def tried(database: Database) -> list[int]:
    """A trial an hour ago: the mail was taken, the pager's address is none."""
    now = clock.now() - timedelta(hours=1)
    with database.write() as session:
        mail, pager = notices.trial(session, "deck-desk", "ada", now)
        notice_box.sent(mail, now)
        notice_box.not_sent(session, pager, "secret://pager holds no address", now, permanent=True)
        return [mail.id, pager.id]


def test_a_trial_is_handed_to_the_engine_for_each_address(watchbill: Call, deck: Database) -> None:
    said = watchbill("notice", "test", "deck-desk")
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        "notice 1 to deck@example.org: handed to the engine",
        "notice 2 to secret://pager: handed to the engine",
    ]
    with deck.read() as session:
        assert session.query(OutboxRow).where(OutboxRow.deployment == "send-notice").count() == 2
    trial = watchbill("notice", "test", "deck-desk", "--json").json
    assert [line["state"] for line in trial["notices"]] == ["waiting", "waiting"]


def test_a_trial_of_a_receiver_that_there_is_not_names_those_that_there_are(watchbill: Call, deck: Database) -> None:
    said = watchbill("notice", "test", "deck-desc")
    assert said.code == 5
    assert "there is no receiver 'deck-desc'; did you mean \"deck-desk\"?" in said.err
    assert "there is no receiver 'x'; there are: deck-desk" in watchbill("notice", "test", "x").err


def test_the_list_says_what_was_told_to_whom_and_what_failed_and_why(watchbill: Call, deck: Database) -> None:
    tried(deck)
    said = watchbill("notice", "list")
    assert said.code == 0, said.err
    for words in ("Trial of deck-desk", "deck@example.org", "sent", "failed", "secret://pager holds no address"):
        assert words in said.out
    (only,) = watchbill("notice", "list", "--failed", "--json").json["notices"]
    assert (only["to"], only["state"], only["why"]) == ("secret://pager", "failed", "secret://pager holds no address")


def test_the_list_is_of_one_thing_and_of_a_time(watchbill: Call, deck: Database) -> None:
    ids = tried(deck)
    found = watchbill("notice", "list", "--about", "receiver/deck-desk", "--json", "notice,to").json
    assert [line["notice"] for line in found] == ids[::-1]
    assert watchbill("notice", "list", "--about", "INC000007", "--json").json["notices"] == []
    assert watchbill("notice", "list", "--since", "10m").out.startswith("nothing was told since ")


@pytest.mark.parametrize("about", ["INCx", "RUNNING", "shop"])
def test_what_nothing_is_told_of_is_misuse(watchbill: Call, deck: Database, about: str) -> None:
    said = watchbill("notice", "list", "--about", about)
    assert said.code == 2
    assert f"--about '{about}':" in said.err


def test_a_receiver_whose_people_left_says_so(watchbill: Call, deck: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Directory, "receiver", lambda *_: [])
    said = watchbill("notice", "test", "deck-desk")
    assert said.code == 5
    assert "no address of deck-desk can be told" in said.err
