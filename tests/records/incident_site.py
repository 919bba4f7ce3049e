"""A site with promises, chains and a rota, applied to a test's database; and incidents of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import assignment, incident_clocks, incidents, journal, register
from models.queries.states import Because
from models.records import Incident, IncidentClock, Notice
from models.rules.incidents import NewIncident, Solution
from models.site.loading import load_site
from models.vocabulary import ResolutionCode
from tests.site.folders import write_site

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
"""10:00 in Berlin, when the office is open."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ANNA, CLOCK = Because("anna", "because"), Because("clock")
FIXED = Solution(ResolutionCode.FIXED, "restarted it")

PEOPLE = """
teams:
  web-team: {title: Web team, mail: web@example.org, manager: paul}
  data-team: {title: Data team, mail: data@example.org}
people:
  anna: {name: Anna Berg, mail: anna@example.org, teams: [web-team], roles: [operator], manager: eva}
  bela: {name: Bela Kun, mail: bela@example.org, teams: [web-team], roles: [operator]}
  cleo: {name: Cleo Day, mail: cleo@example.org, teams: [web-team, data-team], roles: [operator]}
  paul: {name: Paul Lind, mail: paul@example.org, teams: [web-team], roles: [manager]}
  eva: {name: Eva Kurz, mail: eva@example.org, roles: [manager]}
"""
SERVICES = """
services:
  shop: {title: Shop, owner: web-team, tier: 1}
  files: {title: Files, owner: data-team, tier: 4}
"""
CALENDARS = """
calendars:
  office: {hours: {mon-fri: ["08:00-18:00"]}}
"""
NOTICES = """
mail: {host: mail.example.org, sender: watchbill@example.org}
"""
INCIDENTS = """
handling:
  remind_on_hold: 1d
  close_after: 3d
promises:
  house:
    title: House
    calendar: office
    own: {major: 15m, P1: 30m, P2: 1h, P3: 4h}
    resolve: {major: 2h, P1: 4h, P2: 8h, P3: 2 working days}
    stops_for: [caller]
  team:
    title: Between the teams
    agreement: OLA
    teams: [web-team]
    resolve: {P1: 2h, P2: 4h}
    stops_for: [caller, supplier]
  hoster:
    title: The hoster
    agreement: supplier contract
    services: [shop]
    resolve: {P1: 6h}
"""


def apply(
    database: Database,
    folder: Path,
    incidents_yaml: str = INCIDENTS,
    now: datetime = MONDAY - DAY,
    calendars: str = CALENDARS,
    more: Mapping[str, str] | None = None,
) -> None:
    """Write the site and bring the register to it."""
    files = {
        "people.yaml": PEOPLE,
        "services.yaml": SERVICES,
        "calendars.yaml": calendars,
        "notices.yaml": NOTICES,
        "incidents.yaml": incidents_yaml,
        **(more or {}),
    }
    site = load_site(write_site(folder, dict(files)))
    with database.write() as session:
        register.apply(session, site.entries(), "test", now)


def opened(session: Session, now: datetime = MONDAY, **more: object) -> Incident:
    """A new P1 of the shop, as the engine opens one."""
    new = NewIncident("the shop is down", **{"service": "shop", "impact": "high", "urgency": "high", **more})
    whole = assignment.assign_new(session, new, now)
    return incidents.open_incident(session, whole, CLOCK, now, incident_clocks.read_incident_book(session).rules)


def look(database: Database, now: datetime) -> int:
    """One look of the engine, in a transaction of its own."""
    with database.write() as session:
        return incident_clocks.look(session, now)


def told(database: Database, incident_id: int, *actions: str) -> list[tuple[str, str]]:
    """What the clocks wrote into the journal about an incident: action and words."""
    with database.read() as session:
        rows = journal.rows_about(session, f"incident/{incident_id}")
        named = [(row.tag.rpartition(":")[2], row.reason or "") for row in rows]
    return [(action, words) for action, words in named if action in actions]


def messages(database: Database) -> list[tuple[str, str, str]]:
    """Every notice: its tag, the address and the text."""
    with database.read() as session:
        rows = session.scalars(select(Notice).order_by(Notice.id)).all()
        return [(row.tag, row.to, str(row.facts.get("text"))) for row in rows]


def kept(session: Session, incident_id: int) -> list[tuple[object, ...]]:
    """The cached clocks of an incident, as values."""
    columns = IncidentClock.__table__.c
    query = select(*columns).where(columns.incident_id == incident_id).order_by(columns.agreement, columns.measure)
    return [tuple(row) for row in session.execute(query)]
