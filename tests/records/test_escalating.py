"""Escalation chains on both databases: waits, shares, repeats and ends; told once, and late when they are late."""

from pathlib import Path

import pytest

from models.database import Database
from models.queries import incidents
from models.rules.incident_rules import Grading
from models.vocabulary import HoldReason
from tests.records.incident_site import (
    ANNA,
    DAY,
    FIXED,
    HOUR,
    INCIDENTS,
    MINUTE,
    MONDAY,
    apply,
    look,
    messages,
    opened,
    told,
)

CHAINS = """
escalations:
  unowned:
    title: Nobody took it
    services: [shop]
    until: owned
    steps:
      - {after: 10m, tell: [{role: team}]}
      - {after: 100%, tell: [{role: on call}, {role: team manager}], repeat: {every: 10m, at_most: 2}}
      - {after: 2h, tell: [{person: eva}], assign: data-team}
  late:
    title: It takes too long
    services: [files]
    until: resolved
    calendar: office
    steps:
      - {after: 50%, tell: [{role: owner}, {role: owner manager}]}
      - {after: 12h, tell: [{rota: duty}]}
rotas:
  duty: {team: web-team, people: [bela, cleo], starts: 2026-11-16}
"""


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Path:
    apply(database, tmp_path / "site", INCIDENTS + CHAINS)
    return tmp_path / "site"


def new_incident(database: Database, **more: object) -> int:
    with database.write() as session:
        return opened(session, MONDAY, **more).id


def steps(database: Database, number: int) -> list[str]:
    return [words for _, words in told(database, number, "escalate")]


def escalations(database: Database) -> list[tuple[str, str]]:
    return [(to, text) for tag, to, text in messages(database) if tag == "incident-escalated"]


def test_a_chain_waits_repeats_and_ends_when_somebody_owns_it(database: Database, site: Path) -> None:
    number = new_incident(database)
    for minutes in (0, 9, 10, 29, 30, 40, 41):
        look(database, MONDAY + minutes * MINUTE)
    with database.write() as session:
        incidents.take(session, incidents.get(session, number), ANNA, MONDAY + 45 * MINUTE)
    for minutes in (45, 50, 120, 180):
        look(database, MONDAY + minutes * MINUTE)
    assert steps(database, number) == [
        "Nobody took it: step 1 of 3",
        "Nobody took it: step 2 of 3",
        "Nobody took it: step 2 of 3, time 2",
    ]
    assert escalations(database) == [
        ("web@example.org", "Nobody took it: step 1 of 3"),
        ("cleo@example.org", "Nobody took it: step 2 of 3"),
        ("paul@example.org", "Nobody took it: step 2 of 3"),
        ("cleo@example.org", "Nobody took it: step 2 of 3, time 2"),
        ("paul@example.org", "Nobody took it: step 2 of 3, time 2"),
    ]


def test_what_was_missed_is_one_message_that_says_how_late_it_is(database: Database, site: Path) -> None:
    number = new_incident(database)
    look(database, MONDAY)
    for _ in range(2):
        look(database, MONDAY + 3 * HOUR)
    assert steps(database, number) == ["Nobody took it: step 3 of 3"]
    found = escalations(database)
    assert {to for to, _ in found} == {"web@example.org", "cleo@example.org", "paul@example.org", "eva@example.org"}
    words = {text for _, text in found}
    assert words == {"Nobody took it: step 3 of 3; noticed 2h50m late: nobody looked in between"}


def test_a_step_hands_the_incident_to_another_team(database: Database, site: Path) -> None:
    number = new_incident(database)
    for minutes in (0, 10, 30, 40, 50, 120):
        look(database, MONDAY + minutes * MINUTE)
    look(database, MONDAY + 121 * MINUTE)
    with database.read() as session:
        incident = incidents.get(session, number)
        assert (incident.team, incident.escalation) == ("data-team", 5)
    assert [words for _, words in told(database, number, "assign")] == ["Nobody took it: step 3 of 3"]
    assert len(told(database, number, "promises")) == 1, "the other team is promised other things"


def test_a_hold_stops_the_chain_and_business_hours_count(database: Database, site: Path) -> None:
    """Half of two working days are used on Tuesday at 10:00; the hold of an hour moves it, and 12 open hours, too."""
    number = new_incident(database, service="files", impact="medium", urgency="medium")
    with database.write() as session:
        incident = incidents.get(session, number)
        incidents.take(session, incident, ANNA, MONDAY)
        incidents.hold(session, incident, HoldReason.CALLER, ANNA, MONDAY + HOUR)
    look(database, MONDAY + HOUR)
    with database.read() as session:
        assert incidents.get(session, number).look_at == MONDAY + HOUR + DAY, "only the reminder of the hold"
    with database.write() as session:
        incidents.resume(session, incidents.get(session, number), ANNA, MONDAY + 2 * HOUR)
    for moment in (MONDAY + 2 * HOUR, MONDAY + DAY + 59 * MINUTE):
        look(database, moment)
    assert steps(database, number) == []
    look(database, MONDAY + DAY + HOUR)
    assert steps(database, number) == ["It takes too long: step 1 of 2"]
    assert escalations(database) == [
        ("anna@example.org", "It takes too long: step 1 of 2"),
        ("eva@example.org", "It takes too long: step 1 of 2"),
    ]
    look(database, MONDAY + DAY + 3 * HOUR)
    assert steps(database, number)[-1] == "It takes too long: step 2 of 2"
    assert [to for to, _ in escalations(database)[2:]] == ["cleo@example.org", "anna@example.org"], "and its owner"


def test_a_solution_ends_every_chain(database: Database, site: Path) -> None:
    number = new_incident(database, service="files", impact="medium", urgency="medium")
    with database.write() as session:
        incidents.resolve(session, incidents.get(session, number), FIXED, ANNA, MONDAY + HOUR)
    look(database, MONDAY + 2 * DAY)
    assert steps(database, number) == []


def test_another_priority_does_not_take_a_step_twice(database: Database, site: Path) -> None:
    number = new_incident(database)
    for minutes in (0, 10, 30, 40, 50):
        look(database, MONDAY + minutes * MINUTE)
    taken = steps(database, number)
    with database.write() as session:
        incident = incidents.get(session, number)
        incidents.set_priority(session, incident, Grading("medium", "high", "P2"), ANNA, MONDAY + 55 * MINUTE)
    for minutes in (55, 60, 70, 80):
        look(database, MONDAY + minutes * MINUTE)
    assert steps(database, number) == taken
