"""A site with jobs that mend, known errors of it, and a desk for the alerts that they recognise."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import incidents, known_error_workarounds, known_errors, register, runs
from models.queries.assignment import assign_new
from models.queries.book import read_book
from models.queries.known_error_suggesting import suggest
from models.queries.states import Because, advance
from models.records import Incident, KnownError, KnownErrorUse, Run, WorkNote
from models.rules.incidents import NewIncident
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import KnownErrorFacts
from models.site.loading import load_site
from models.vocabulary import Outcome, RunState
from tests.records.events_lab import BEGIN, Lab
from tests.site.folders import write_site

PAUL = Because("paul")
SITE = {
    "people.yaml": """
teams:
  web-team: {title: Web team, mail: web@example.org}
people:
  paul: {name: Paul Lind, mail: paul@example.org, teams: [web-team], roles: [problem manager]}
  anna: {name: Anna Berg, mail: anna@example.org, teams: [web-team], roles: [operator]}
""",
    "notices.yaml": "mail: {host: mail.example.org, sender: watchbill@example.org}\n",
    "incidents.yaml": """
categories:
  database: {title: Databases}
  pools: {title: Connection pools, parent: database}
""",
    "jobs.yaml": """
jobs:
  restart: {title: Restart, owner: web-team, runbook: call, on: tag=web, command: [echo, hi]}
  call: {title: Call, owner: web-team, runbook: call, on: local, command: [echo, hi]}
  ask: {title: Ask, owner: web-team, runbook: call, on: tag=web, command: [echo, hi]}
""",
}
ALLOWED = "known_errors: {automatic: true, attempts: 2, wait: 2m, jobs: [restart]}\n"
POOL = Recognition(service="shop", category="database", texts=("connection pool exhausted",))
FACTS = KnownErrorFacts(
    title="The pool of the shop runs dry",
    symptom="Checkout hangs.",
    recognise=POOL,
    workaround="Restart the front.",
    owner="paul",
)


def apply(database: Database, folder: Path, problems_yaml: str = "") -> None:
    """Write the site and bring the register to it."""
    files = {**SITE, **({"problems.yaml": problems_yaml} if problems_yaml else {})}
    site = load_site(write_site(folder, dict(files)))
    with database.write() as session:
        register.apply(session, site.entries(), "test", BEGIN - timedelta(days=1))


def published(session: Session, facts: KnownErrorFacts = FACTS, now: datetime = BEGIN) -> KnownError:
    """A known error that is suggested from now on."""
    row = known_errors.create(session, facts, PAUL, now)
    known_errors.publish(session, row, PAUL, now)
    return row


def opened(
    session: Session, title: str = "Connection pool exhausted", now: datetime = BEGIN, **more: object
) -> Incident:
    """A new incident of the shop, with what is suggested for it."""
    new = NewIncident(title, **{"service": "shop", "category": "pools", "host": "web2", **more})  # type: ignore[arg-type]
    incident = incidents.open_incident(session, assign_new(session, new, now), Because("anna"), now)
    suggest(session, incident, now)
    return incident


def notes(database: Database) -> list[str]:
    """What was written on incidents, in order."""
    with database.read() as session:
        return list(session.scalars(select(WorkNote.text).order_by(WorkNote.id)))


def uses(database: Database) -> list[KnownErrorUse]:
    """All uses, in order."""
    with database.read() as session:
        found = list(session.scalars(select(KnownErrorUse).order_by(KnownErrorUse.id)))
        session.expunge_all()
        return found


def look(lab: Lab, second: float) -> None:
    """One look of the part `events`, as it does it."""
    lab.look(second)
    with lab.database.write() as session:
        known_errors.look(session, lab.now(second))
        known_error_workarounds.look(session, read_book(session), lab.now(second))


def end_run(lab: Lab, second: float, outcome: Outcome = Outcome.OK) -> Run:
    """The newest run has ended, as a worker would say it."""
    with lab.database.write() as session:
        run = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
        assert run.state is RunState.DISPATCHED
        runs.claim(session, run.id, 1, "w")
        ended = {"outcome": outcome, "ended_at": lab.now(second), "lease_until": None}
        advance(session, session.get_one(Run, run.id), "end", Because("w"), **ended)
        return run
