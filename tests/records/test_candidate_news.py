"""Whom a search for what recurs tells, and how often: all that is new in one notice, and no candidate twice."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import candidate_news, incidents, problem_candidates, register
from models.queries.states import Because
from models.records import Notice
from models.rules.incidents import NewIncident
from models.site.loading import load_site
from tests.records.problem_lab import CLOCK, DAY, HOUR, NOW
from tests.site.folders import write_site

PEOPLE = """
teams:
  web-team: {title: Web team, mail: web@example.org}
people:
  paul: {name: Paul Lind, mail: paul@example.org, teams: [web-team], roles: [problem manager]}
"""
MAIL = "mail: {host: mail.example.org, sender: watchbill@example.org}\n"
QUIET = """
receivers:
  desk:
    title: Desk
    teams: [web-team]
    tell: [{team: web-team, quiet: {outside: [office]}}]
"""
FILES = {
    "people.yaml": PEOPLE,
    "problems.yaml": "detection: {owner: web-team, within: 1d, history: 14d}\n",
    "calendars.yaml": 'calendars:\n  office: {hours: {mon-fri: ["08:00-18:00"]}}\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "site"


def apply(database: Database, folder: Path, notices: str) -> None:
    site = load_site(write_site(folder, {**FILES, "notices.yaml": notices}))
    with database.write() as session:
        register.apply(session, site.entries(), "test", NOW - 60 * DAY)


def searched(session: Session, titles: list[str], now: datetime = NOW) -> list[str]:
    """What a search finds after five incidents of each title."""
    for title in titles:
        for hours in range(5):
            incidents.open_incident(session, NewIncident(title, service="shop"), CLOCK, now - (hours + 1) * HOUR)
    return problem_candidates.keep(session, problem_candidates.search(session, now), now)


def told(database: Database) -> list[Notice]:
    with database.read() as session:
        found = list(session.scalars(select(Notice).order_by(Notice.id)))
        session.expunge_all()
        return found


def test_the_team_that_decides_is_told_once_of_all_that_one_search_found(database: Database, folder: Path) -> None:
    apply(database, folder, MAIL)
    with database.write() as session:
        searched(session, ["Payroll export failed", "Printer is offline"])
        assert searched(session, []) == []
        searched(session, ["Printer is offline"], NOW + HOUR)
    (notice,) = told(database)
    assert (notice.tag, notice.to, notice.subject) == ("problem-candidates", "web@example.org", "candidate/1")
    assert notice.title == "2 problem candidates: payroll export failed (shop) and others"
    assert (notice.facts["title"], notice.facts["count"], notice.facts["more"]) == ("2 problem candidates", 2, 0)
    first, second = notice.facts["candidates"]
    assert (first["number"], first["title"], first["lost"]) == ("CAN000001", "payroll export failed (shop)", "15 h")
    assert first["said"].startswith("5 in 1d")
    assert second["number"] == "CAN000002"


def test_what_another_search_finds_is_told_anew(database: Database, folder: Path) -> None:
    apply(database, folder, MAIL)
    with database.write() as session:
        searched(session, ["Payroll export failed"])
        searched(session, ["Printer is offline"], NOW + HOUR)
    assert [(one.subject, one.title) for one in told(database)] == [
        ("candidate/1", "1 problem candidate: payroll export failed (shop)"),
        ("candidate/2", "1 problem candidate: printer is offline (shop)"),
    ]


def test_one_that_got_clearly_worse_is_told_with_why(database: Database, folder: Path) -> None:
    apply(database, folder, MAIL)
    with database.write() as session:
        searched(session, ["Payroll export failed"])
        row = problem_candidates.get(session, 1)
        problem_candidates.dismiss(session, row, Because("paul", "the bank moves"), NOW)
        searched(session, ["Payroll export failed"], NOW + HOUR)
    said = told(database)[1].facts["candidates"][0]["said"]
    assert said.endswith("; CAN000001 was dismissed when it was 5: now it is clearly worse")


def test_of_many_the_first_are_listed_and_the_others_counted(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidate_news, "MOST_LISTED", 1)
    apply(database, folder, MAIL)
    with database.write() as session:
        searched(session, ["Payroll export failed", "Printer is offline", "Badge reader is dead"])
    facts = told(database)[0].facts
    assert (facts["count"], len(facts["candidates"]), facts["more"]) == (3, 1, 2)


def test_it_waits_for_the_end_of_quiet_hours(database: Database, folder: Path) -> None:
    apply(database, folder, MAIL + QUIET)
    night = NOW.replace(hour=2) + timedelta(days=1)
    with database.write() as session:
        searched(session, ["Payroll export failed"], night)
    (notice,) = told(database)
    assert (notice.receiver, notice.held_by) == ("desk", "quiet outside of office")
