"""--chain: what led to a thing and what came of it, at the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from desk.cli.chain_view import tell
from desk.cli.screen import Screen
from desk.services.causal_chains import ShownChain
from models import clock
from models.database import Database
from models.queries.causal_chain import Chain, Edge, Kind, Node
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site
from tests.desk.test_incidents import INCIDENTS, PEOPLE

Call = Callable[..., Said]


@pytest.fixture
def desk(harbour: Database, site_folder: Path, watchbill: Call) -> Call:
    """The small site with people of every role, an incident and its problem; ada acts."""
    apply_site(harbour, write_site(site_folder, people=PEOPLE, incidents=INCIDENTS), clock.now())
    assert watchbill("incident", "new", "The shop is slow", "--service", "shop").code == 0
    assert watchbill("problem", "new", "The pool runs dry", "--from", "1").code == 0
    return watchbill


def test_both_ends_show_the_same_link(desk: Call) -> None:
    said = desk("incident", "show", "1", "--chain")
    assert said.code == 0, said.err
    assert said.out.splitlines()[0].startswith("INC000001 The shop is slow  new")
    before, after = said.out.split("What came of it")
    assert "nothing that is known" in before
    assert "belongs to PRB000002 The pool runs dry  new" in after
    back = desk("problem", "show", "2", "--chain").out
    assert "INC000001 The shop is slow" in back.split("What came of it")[0]


def test_programs_get_nodes_and_edges_by_the_ids_of_everybody(desk: Call) -> None:
    chain = desk("incident", "show", "1", "--chain", "--json").json["chain"]
    assert [node["subject"] for node in chain["nodes"]] == ["incident/1", "problem/2"]
    assert chain["edges"] == [{"earlier": "incident/1", "later": "problem/2", "verb": "belongs to"}]
    assert (chain["start"], chain["more"], chain["not_followed"]) == ("incident/1", [], [])


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("incident", "show", "9", "--chain"), 5, "there is no incident INC000009"),
        (("incident", "show", "x", "--chain"), 2, "'x' is not the number of an incident"),
        (("known-error", "show", "KE000009", "--chain"), 5, "there is no known error KE000009"),
        (("job", "show", "RUN000009", "--chain"), 5, "there is no run RUN000009"),
        (("job", "show", "rotate-logs", "--chain"), 2, "--chain goes with a run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_of_the_pen_ends_in_one_sentence(desk: Call, words: tuple[str, ...], code: int, says: str) -> None:
    said = desk(*words)
    assert (said.code, says in said.words) == (code, True), said.words
    assert len(said.err.splitlines()) == 1


def test_what_was_shown_is_named_again_without_all_that_hangs_on_it(capsys: pytest.CaptureFixture[str]) -> None:
    at = clock.now()
    nodes = [Node(f"incident/{n}", Kind.INCIDENT, f"INC{n:06d}", f"title {n}", "new", at) for n in (1, 2, 3)]
    edges = [Edge(*ends, "caused") for ends in (("incident/1", "incident/2"), ("incident/2", "incident/3"))]
    circle = Edge("incident/3", "incident/1", "caused")
    tell(Screen(), ShownChain("UTC", at, Chain("incident/1", tuple(nodes), (*edges, circle), (), ("incident/3",))))
    after = capsys.readouterr().out.split("What came of it")[1]
    assert after.count("title 2") == after.count("title 3") == 1
    assert "caused INC000001 title 1  (see above)" in after
    assert "1 of these things were not looked behind" in after
