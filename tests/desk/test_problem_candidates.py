"""Problem candidates at the command line: listed and shown with why, accepted, dismissed, and each slip of the pen."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.queries import incidents, problem_candidates
from models.queries.states import Because
from models.rules.incidents import NewIncident
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site
from tests.desk.test_incidents import INCIDENTS, PEOPLE

Call = Callable[..., Said]
COST = """
services:
  shop: {title: Shop, owner: deck, hourly_cost: {amount: 100, currency: EUR}}
hosts:
  web1: {address: 10.0.0.1, tags: [web], service: shop, rank: 2}
  web2: {address: 10.0.0.2, tags: [web], service: shop, rank: 1}
  web3: {address: 10.0.0.3, tags: [web], attributes: {room: cellar}}
  db1: {address: 10.0.0.9, tags: [db], jump: web1}
"""


@pytest.fixture
def desk(harbour: Database, site_folder: Path, watchbill: Call) -> Call:
    """`watchbill` on the small site; ada, an operator, acts. Five incidents alike have come in the last hours."""
    folder = write_site(
        site_folder, people=PEOPLE, incidents=INCIDENTS, services=COST, problems="detection: {owner: deck}\n"
    )
    now = clock.now()
    apply_site(harbour, folder, now)
    with harbour.write() as session:
        for hour in range(5):
            new = NewIncident(f"Checkout hangs for customer {hour}", service="shop", host="web1")
            incidents.open_incident(session, new, Because("ann"), now - timedelta(hours=5 - hour))
        problem_candidates.keep(session, problem_candidates.search(session, now), now)
    return watchbill


def test_a_candidate_is_listed_and_shown_with_its_evidence(desk: Call) -> None:
    said = desk("problem", "candidates")
    assert "CAN000001 open 5 - 15 h" in said.words
    assert "checkout hangs for customer <number> (web1, shop)" in said.words
    (line,) = desk("problem", "candidates", "--json").json["candidates"]
    assert (line["candidate"], line["times"], line["state"], line["hours_lost"]) == ("CAN000001", 5, "open", 15.0)
    shown = desk("problem", "candidate", "show", "can1")
    assert "what binds it checkout, customer, for, hangs" in shown.words
    assert "lost 15 h, EUR 1,500" in shown.words
    assert "how unusual 5 in 7d; there is no time before to compare it with" in shown.words
    assert "next: `watchbill problem accept CAN000001`, or `watchbill problem dismiss CAN000001 --reason" in shown.words
    detail = desk("problem", "candidate", "show", "1", "--json").json
    assert [one["subject"] for one in detail["troubles"]] == [f"INC00000{n}" for n in range(1, 6)]
    assert detail["pattern"] == {
        "text": "checkout customer for hangs", "service": "shop", "host": "web1", "category": None,
    }  # fmt: skip


def test_an_accepted_candidate_is_a_problem_with_its_incidents(desk: Call) -> None:
    said = desk("problem", "accept", "1", "--title", "Checkout hangs", "--reason", "every morning")
    assert "CAN000001 is accepted" in said.words
    assert "PRB000006 has 5 incidents: Checkout hangs" in said.words
    assert "no such candidate" in desk("problem", "candidates").words
    assert "state accepted as PRB000006" in desk("problem", "candidate", "show", "1").words
    (line,) = desk("problem", "list", "--json").json["problems"]
    assert (line["problem"], line["origin"], line["incidents"], line["team"]) == ("PRB000006", "proactive", 5, "deck")
    again = desk("problem", "accept", "1")
    assert again.code == 6
    assert "CAN000001 was accepted by ada: see `watchbill problem show PRB000006`" in again.words


def test_a_dismissed_candidate_is_listed_with_all(desk: Call) -> None:
    done = desk("problem", "dismiss", "CAN1", "--reason", "the customers move", "--json").json
    assert (done["line"]["state"], done["line"]["reason"], done["problem"]) == ("dismissed", "the customers move", None)
    assert desk("problem", "candidates", "--json").json["candidates"] == []
    assert len(desk("problem", "candidates", "--all", "--json").json["candidates"]) == 1
    assert "by ada: the customers move" in desk("problem", "candidate", "show", "1").words
    assert "`watchbill problem new --from INC...` opens a problem all the same" in desk("problem", "accept", "1").words


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        pytest.param(("dismiss", "1"), 2, "--reason", id="no reason"),
        pytest.param(("dismiss", "1", "--reason", " "), 6, "the reason is empty", id="an empty reason"),
        pytest.param(("accept", "1", "--title", " "), 2, "the title is empty", id="an empty title"),
        pytest.param(("accept", "PRB1"), 2, "it looks like CAN000012", id="a number of something else"),
        pytest.param(("accept", "9"), 5, "the last is CAN000001", id="no such candidate"),
        pytest.param(("accept", "1", "--team", "dek"), 5, "deck", id="no such team"),
        pytest.param(("accept", "1", "--as", "zoe"), 6, "zoe may not accept CAN000001", id="who only asks for things"),
    ],
)
def test_a_slip_of_the_pen_says_what_is_wrong(desk: Call, call: tuple[str, ...], code: int, words: str) -> None:
    said = desk("problem", *call)
    assert words in f"{said.words} {said.err}"
    assert said.code == code


def test_a_site_that_does_not_search_is_told_how(harbour: Database, site_folder: Path, watchbill: Call) -> None:
    apply_site(harbour, write_site(site_folder), clock.now())
    assert "write `detection: {owner: TEAM}` in problems.yaml" in watchbill("problem", "candidates").words
