"""The catalogue from the command line: what somebody is offered, and all that is known before an order."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.queries import register
from models.site.loading import load_site
from tests.desk.conftest import Said
from tests.desk.small_site import write_site
from tests.records.test_catalogue import CALENDARS, CATALOGUE, PEOPLE

Call = Callable[..., Said]


@pytest.fixture
def offered(harbour: Database, watchbill: Call, tmp_path: Path) -> Call:
    """The small site, with a catalogue in force."""
    write_site(tmp_path / "site", people=PEOPLE, calendars=CALENDARS, catalogue=CATALOGUE)
    with harbour.write() as session:
        register.apply(session, load_site(tmp_path / "site").entries(), "test", clock.now())
    return watchbill


def test_the_list_is_what_a_person_is_offered_by_situation(offered: Call) -> None:
    said = offered("catalogue", "list", "--as", "max")
    assert said.code == 0
    assert "I need a plan secret-plan nobody has to A plan" in said.words
    assert "I need a program program 12.50 EUR for each of hosts nobody has to 4h A program" in said.words
    assert offered("catalogue", "list", "--as", "ada", "-q").out == "program\n"
    assert "A program (not for you: it is offered to others)" in offered("catalogue", "list", "--as", "zoe").words
    assert offered("catalogue", "list", "--json", "name,may_order").json == [{"name": "program", "may_order": True}]


def test_an_item_says_before_the_order_what_is_asked_and_what_will_be_done(offered: Call) -> None:
    said = offered("catalogue", "show", "program").words
    for words in (
        "program A program It is installed. for I need a program cost 12.50 EUR for each of hosts risk medium",
        "approved by nobody has to takes at most 4h in the hours of office; ordered now, until",
        "from team deck, service shop you may order for yourself, and for those who report to you",
        "hosts host, several yes Where? web1, web2, web3 program choice yes Which? git, tmux",
        "licence text, secret no Licence?",
        "install the hosts of hosts Install {program} tell team deck Tell them",
    ):
        assert words in said
    assert (
        "What it brings with it item if program A program"
        in offered("catalogue", "show", "secret-plan", "--as", "max").words
    )


def test_all_of_it_is_there_for_programs(offered: Call) -> None:
    found = offered("catalogue", "show", "program", "--json").json
    assert [(one["name"], one["type"], one["choices"], one["secret"]) for one in found["form"]] == [
        ("hosts", "host", ["web1", "web2", "web3"], False),
        ("program", "choice", ["git", "tmux"], False),
        ("licence", "text", [], True),
    ]
    assert [(step["name"], step["kind"]) for step in found["steps"]] == [("install", "run"), ("tell", "manual")]
    assert found["promised_at"]


def test_what_one_may_not_see_is_not_there(offered: Call) -> None:
    said = offered("catalogue", "show", "secret-plan", "--as", "ada")
    assert said.code == 5
    assert "error: ada is offered no item 'secret-plan': see `watchbill catalogue list`" in said.words


def test_a_site_without_a_catalogue_says_where_one_is_written(watchbill: Call) -> None:
    said = watchbill("catalogue", "list")
    assert said.code == 0
    assert "ada is offered nothing" in said.words
    assert "docs/how-to/offer-a-service.md" in said.words
