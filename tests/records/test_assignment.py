"""Who gets a new incident, on both databases."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from models.database import Database
from models.errors import Refused
from models.queries import assignment, incident_book, incidents
from models.rules.incidents import NewIncident
from tests.records.incident_site import ANNA, CLOCK, DAY, FIXED, HOUR, MONDAY, apply, opened

BASE = """
categories:
  hardware: {title: Hardware, owner: data-team}
  disk: {title: Disk, parent: hardware}
rotas:
  duty: {team: web-team, people: [bela, cleo], starts: 2026-11-16}
  night: {team: web-team, people: [anna], starts: 2026-11-30}
"""
NONE = "handling: {fallback_team: web-team}\n"


def rules(*lines: str) -> str:
    return "handling:\n  assignment:\n" + "".join(f"    - {{{line}}}\n" for line in lines) + BASE


def given_to(
    database: Database, folder: Path, text: str, now: datetime = MONDAY, **new: object
) -> tuple[str | None, str | None]:
    apply(database, folder, text)
    with database.write() as session:
        found = assignment.assign_new(session, NewIncident("x", **new), now)
    return found.team, found.owner


CASES = [
    ("its service", NONE + BASE, {"service": "files", "category": "disk"}, ("data-team", None)),
    ("its category, from above", NONE + BASE, {"category": "disk"}, ("data-team", None)),
    ("nobody's", NONE + BASE, {}, ("web-team", None)),
    ("already given", NONE + BASE, {"service": "shop", "team": "data-team"}, ("data-team", None)),
    ("a named owner stays", rules("how: round robin"), {"service": "shop", "owner": "eva"}, ("web-team", "eva")),
    ("the first rule that fits", rules("services: [files], team: web-team", "team: data-team"), {"service": "files"},
     ("web-team", None)),
    ("below a category", rules("categories: [hardware], team: web-team"), {"category": "disk"}, ("web-team", None)),
    ("by priority", rules("when: ['priority=\"P1\"'], team: data-team"),
     {"service": "shop", "impact": "high", "urgency": "high"}, ("data-team", None)),
    ("another priority", rules("when: ['priority=\"P1\"'], team: data-team"), {"service": "shop"}, ("web-team", None)),
    ("by the owning team", rules("teams: [web-team], how: on call"), {"service": "shop"}, ("web-team", "cleo")),
    ("by a named rota that has not begun", rules("how: on call, rota: night"), {"service": "shop"}, ("web-team", None)),
    ("a team without a rota", rules("how: on call"), {"service": "files"}, ("data-team", None)),
    ("by tier", rules("when: ['tier=\"1\"'], how: least loaded"), {"service": "shop"}, ("web-team", "anna")),
]  # fmt: skip


@pytest.mark.parametrize(("why", "text", "new", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_an_incident_goes_to(
    sqlite: Database, tmp_path: Path, why: str, text: str, new: dict[str, object], wanted: tuple[str, str]
) -> None:
    assert given_to(sqlite, tmp_path / "site", text, **new) == wanted


def test_in_turn_everybody_of_the_team_gets_as_many(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site", rules("how: round robin"))
    owners = []
    for _ in range(7):
        with database.write() as session:  # each in a transaction of its own: the turn is remembered
            owners.append(opened(session).owner)
    assert owners == ["anna", "bela", "cleo", "anna", "bela", "cleo", "anna"]


def test_the_least_loaded_gets_the_next_and_what_is_over_counts_no_more(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site", rules("how: least loaded"))
    with database.write() as session:
        first = [opened(session) for _ in range(4)]
        assert Counter(one.owner for one in first) == {"anna": 2, "bela": 1, "cleo": 1}
        for one in first:
            if one.owner == "cleo":
                incidents.resolve(session, one, FIXED, ANNA, MONDAY)
        assert [opened(session).owner for _ in range(3)] == ["cleo", "bela", "cleo"]


def test_on_call_follows_the_handover(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site", rules("how: on call"))
    with database.write() as session:
        owners = [opened(session, MONDAY + hours * HOUR).owner for hours in (-2, 0)]
        assert owners == ["bela", "cleo"], "handed over at 9:00 in Berlin"
        assert opened(session, MONDAY + 7 * DAY).owner == "bela"


def test_a_new_incident_is_promised_what_fits_it_one_of_each_kind(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")
    with database.write() as session:
        whole = assignment.assign_new(session, NewIncident("x", service="files"), MONDAY)
        assert (whole.priority, whole.impact, whole.promises) == ("P3", "medium", ("house",))
        with pytest.raises(Refused, match="'huge' is no impact"):
            assignment.assign_new(session, NewIncident("x", impact="huge"), MONDAY)


def test_of_several_promises_of_one_kind_the_lowest_rank_holds(database: Database, tmp_path: Path) -> None:
    promises = """
promises:
  a: {title: A, resolve: {P1: 4h}}
  b: {title: B, resolve: {P1: 4h}, rank: 10, services: [shop]}
  c: {title: C, resolve: {P1: 4h}, rank: 5, agreement: OLA}
"""
    apply(database, tmp_path / "site", promises)
    with database.write() as session:
        book = incident_book.read_incident_book(session)
        assert book.promises_for(book.subject(opened(session))) == ("c", "b")
        assert book.promises_for(book.subject(opened(session, service="files"))) == ("c", "a")


def test_the_book_is_read_anew_when_the_site_changes(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")
    with database.write() as session:
        first = incident_book.read_incident_book(session)
        assert incident_book.read_incident_book(session) is first
    apply(database, tmp_path / "site", NONE)
    with database.write() as session:
        assert incident_book.read_incident_book(session).promises == {}
        incident = incidents.open_incident(session, NewIncident("x"), CLOCK, MONDAY)
        assert incident.team is None, "who opens one asks for its team first"
