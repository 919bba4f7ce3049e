"""What an incident says, corrected: by whom, with what follows from it, and what is kept of what it said."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.services import incident_details, incident_editing, incident_moves
from desk.services.errors import Misuse
from desk.services.incident_editing import Edit
from models.database import Database
from models.errors import NotFound, Refused
from models.records import JournalRow
from models.rules.clock_promises import Measure
from tests.desk.small_site import apply_site, write_site
from tests.desk.test_incidents import FIXED, INCIDENTS, NOTICES, NOW, PEOPLE, act, applied, look, opener

BY_SERVICE = INCIDENTS.replace("    own: {", "    services: [shop]\n    own: {", 1).replace(
    "candidates: [{when: ['priority=\"P1\"']}]", "candidates: [{categories: [hardware]}]"
)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Database:
    """A site whose promise is for one service, and that takes a broken machine for a major incident."""
    apply_site(database, write_site(tmp_path / "site", people=PEOPLE, incidents=BY_SERVICE, notices=NOTICES), NOW)
    return database


@pytest.fixture
def small(sqlite: Database, tmp_path: Path) -> Database:
    """The usual site, for tables of cases."""
    return applied(sqlite, tmp_path)


def test_what_it_said_before_stays_in_the_journal_and_in_the_timeline(desk: Database) -> None:
    number = opener(desk)("the shop is slwo", host="web1", description="since nine")
    words, done = incident_editing.edit(
        desk, act(number, reason="a typo"), Edit(title="the shop is slow", host="", description="")
    )
    assert words == (
        'description is empty now, not "since nine"; host is empty now, not "web1"; '
        'title is "the shop is slow" now, not "the shop is slwo"'
    )
    assert (done.incident.title, done.incident.host, done.incident.service) == ("the shop is slow", None, "shop")
    found = incident_details.show_incident(desk, number, "ada", NOW)
    assert [(entry.who, entry.text) for entry in found.timeline if entry.reason == "a typo"] == [("ada", words)]
    assert found.description == ""
    with desk.read() as session:
        facts = session.scalar(select(JournalRow.facts).where(JournalRow.tag == "incidents:incident:edit"))
    assert json.loads(facts or "{}")["was"] == {
        "title": "the shop is slwo",
        "host": "web1",
        "description": "since nine",
    }


def test_promises_and_clocks_follow_another_service_at_once(desk: Database) -> None:
    number = opener(desk)("no route", at=NOW - timedelta(hours=1))
    look(desk)
    assert incident_details.show_incident(desk, number, "ada", NOW).clocks == ()
    later = NOW + timedelta(hours=1)
    incident_editing.edit(desk, act(number, at=later), Edit(service="shop"))
    look(desk, later)
    clocks = incident_details.show_incident(desk, number, "ada", later).clocks
    due = {reading.measure: reading.due_at for reading in clocks}
    assert due[Measure.OWN] == NOW + timedelta(hours=3), "the promise holds from the opening on"


def test_a_category_may_make_it_a_candidate_for_a_major_incident(desk: Database) -> None:
    number = opener(desk)()
    assert incident_editing.edit(desk, act(number, "max"), Edit(category="hardware"))[1].incident.major is not None


def test_what_is_solved_can_be_corrected_and_what_is_over_cannot(desk: Database) -> None:
    number, none = opener(desk)(), opener(desk)()
    incident_moves.resolve(desk, act(number), FIXED)
    incident_editing.edit(desk, act(number), Edit(service="shop"))
    incident_moves.close(desk, act(number, "zoe"))
    with pytest.raises(Refused, match=f"{number} is closed: reopen it first"):
        incident_editing.edit(desk, act(number), Edit(host="web2"))
    incident_moves.cancel(desk, act(none, reason="a mistake"))
    with pytest.raises(Refused, match=f"{none} is cancelled: open a new one"):
        incident_editing.edit(desk, act(none), Edit(host="web2"))


@pytest.mark.parametrize(
    ("who", "new", "error", "says"),
    [
        ("ada", Edit(), Misuse, "say what is wrong: --title, --description, --service, --host, --category, --caller"),
        ("ada", Edit(title=" "), Misuse, "the title is empty"),
        ("ada", Edit(title="x" * 201), Misuse, "201 characters"),
        ("ada", Edit(description="a\0b"), Misuse, "the description holds a NUL"),
        ("ada", Edit(caller="z" * 101), Misuse, "the caller has 101 characters"),
        ("ada", Edit(service="shopp"), NotFound, 'did you mean "shop"'),
        ("ada", Edit(host="web9"), NotFound, "no host 'web9'"),
        ("ada", Edit(category="soft"), NotFound, "there are: hardware"),
        ("ada", Edit(title="the shop is down"), Refused, "says that already"),
        ("zoe", Edit(title="x"), Refused, "zoe may not edit INC000001"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, Edit) else "",
)
def test_what_cannot_be_is_refused(small: Database, who: str, new: Edit, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        incident_editing.edit(small, act(opener(small)(), who), new)
