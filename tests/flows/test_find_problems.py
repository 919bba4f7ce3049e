"""The search for what recurs against a real Prefect server: the site's own job makes a candidate of what it finds."""

from pathlib import Path

import pytest

from flows.find_problems import find_problems
from models import clock
from models.database import Database
from models.orders import FindProblems
from models.queries import dispatching, incidents, problem_candidates, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.queries.states import Because
from models.rules.incidents import NewIncident
from models.vocabulary import CandidateState, Outcome
from tests.sites import apply_site, write_site

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("prefect_server")]


def test_the_job_of_the_site_finds_what_recurs(worker_database: Database, home: Path) -> None:
    folder = write_site(home / "site", "{}", hosts="  {}\n")
    (folder / "jobs.yaml").unlink()
    (folder / "problems.yaml").write_text("detection: {owner: ops, at_least: 3}\n")
    apply_site(worker_database, folder)
    with worker_database.write() as session:
        for _ in range(3):
            incidents.open_incident(session, NewIncident("Mail is slow"), Because("ann"), clock.now())
        queued = dispatching.run_now(session, read_book(session), "find-problems", Wish("ann"), clock.now())
        number = queued.number
    find_problems(FindProblems(run=number))
    with worker_database.read() as session:
        assert runs.get(session, int(number[3:])).outcome is Outcome.OK
        (row,) = problem_candidates.listed(session, [CandidateState.OPEN])
        assert row.title == "mail is slow"
