"""The flow of probes against a real Prefect server: rounds are read and recorded, and one by hand changes nothing."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from flows.run_probes import run_probes
from models import clock
from models.database import Database
from models.errors import NotFound
from models.orders import RunProbes
from models.queries import dispatching, probes, runs, task_log
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.records import InboxRow, ProbeReading, ProbeStanding, Run
from models.vocabulary import Outcome, ProbeVerdict
from tests.sites import apply_site, write_site

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("prefect_server")]
COMMON = {"title": "It", "owner": "ops", "runbook": "Look.", "bad_after": 1}
PROBES = {
    "load": {**COMMON, "load": {"per_core": {"critical": 10_000}}},
    "broken": {**COMMON, "command": {"argv": ["sh", "-c", "echo bad; exit 2"]}},
}


class Rounds:
    """Rounds of a site with two probes of this machine."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        folder = write_site(home / "site", "{}", hosts="  {}\n")
        (folder / "jobs.yaml").unlink()
        (folder / "probes.yaml").write_text(json.dumps({"probes": PROBES}))
        apply_site(database, folder)

    def run(self, given: Mapping[str, str]) -> Run:
        """A round by hand, carried out here. A flow that fails raises."""
        with self.database.write() as session:
            wish = Wish("ann", dict(given))
            queued = dispatching.run_now(session, read_book(session), "probes-ops-1m", wish, clock.now())
            number = runs.get(session, queued.id).number
        run_probes(RunProbes(run=number))
        with self.database.read() as session:
            ended = runs.get(session, int(number[3:]))
            session.expunge_all()
            return ended

    def events(self) -> list[str]:
        with self.database.read() as session:
            return [event.key for row in session.scalars(select(InboxRow)) for event in row.events()]


@pytest.fixture
def rounds(worker_database: Database, home: Path) -> Rounds:
    return Rounds(worker_database, home)


def test_a_round_is_good_when_it_could_look_whatever_it_saw(rounds: Rounds) -> None:
    run = rounds.run({})
    assert run.outcome is Outcome.OK
    assert rounds.events() == ["broken/local"]
    with rounds.database.read() as session:
        verdicts = {one.probe: one.verdict for one in session.scalars(select(ProbeStanding))}
        assert verdicts == {"broken": ProbeVerdict.CRITICAL, "load": ProbeVerdict.OK}
        log = [(row.task, row.outcome) for row in task_log.of_run(session, run.id)]
    assert log == [(task, Outcome.OK) for task in ("claim-run", "take-readings", "record-readings", "close-run")]


def test_a_reading_that_a_person_wants_to_see_changes_nothing(rounds: Rounds) -> None:
    run = rounds.run({"probe": "broken", "record": "false"})
    assert rounds.events() == []
    with rounds.database.read() as session:
        ((standing, reading),) = probes.readings_of_run(session, run.id)
        assert (standing.verdict, standing.worse) == (ProbeVerdict.OK, 0)
        assert (reading.verdict, reading.text, reading.counts) == (ProbeVerdict.CRITICAL, "bad", False)


def test_a_round_of_a_probe_that_is_not_there_fails(rounds: Rounds) -> None:
    with pytest.raises(NotFound, match="reads no probe 'nowhere'"):
        rounds.run({"probe": "nowhere"})
    with rounds.database.read() as session:
        assert session.scalars(select(Run.outcome)).one() is Outcome.FAILED
        assert session.scalars(select(ProbeReading)).all() == []
