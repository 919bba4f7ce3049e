"""Runs that were missed or began late are trouble, as failed ones are: each once, and an outage once for each job."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import own_events, problem_candidates, register, trouble_history
from models.records import Run, Slot
from models.rules.recurring_trouble import Trouble
from models.site.loading import load_site
from models.vocabulary import AlarmKind, Outcome, RunState, SlotState, Trigger
from tests.records.events_lab import BEGIN, Lab
from tests.records.problem_lab import DAY, HOUR, NOW
from tests.site.folders import write_site

JOBS = """
jobs:
  export: {title: Export, owner: web-team, service: shop, runbook: call, on: local, command: [echo, hi]}
"""
MISSED, DONE, CAUGHT_UP = SlotState.MISSED, SlotState.DONE, SlotState.CAUGHT_UP


@pytest.fixture(autouse=True)
def site(database: Database, tmp_path: Path) -> None:
    files = {"problems.yaml": "detection: {owner: web-team, within: 7d, history: 14d}\n", "jobs.yaml": JOBS}
    with database.write() as session:
        register.apply(session, load_site(write_site(tmp_path / "site", files)).entries(), "test", NOW - 60 * DAY)


def slot(session: Session, due_at: datetime, state: SlotState, **more: object) -> Slot:
    """An expected run of the job `export` that was settled an hour after it was due."""
    row = Slot(
        job="export", due_at=due_at, state=state, planned_at=due_at - DAY, **{"settled_at": due_at + HOUR, **more}
    )
    session.add(row)
    session.flush()
    return row


def troubles(session: Session) -> list[Trouble]:
    return trouble_history.troubles(session, NOW - 21 * DAY)


def test_a_job_that_is_missed_day_by_day_is_a_candidate_that_says_so(database: Database) -> None:
    with database.write() as session:
        for day in range(5):
            slot(session, NOW - (day + 1) * DAY, MISSED, reason="3h late, which is more than its max_late of 1h")
        (line,) = problem_candidates.keep(session, problem_candidates.search(session, NOW), NOW)
        assert line.startswith("CAN000001: job export of shop (shop): 5 in 7d")
        first, *_ = problem_candidates.troubles_of(session, 1)
        said = "job export of shop: missed: 3h late, which is more than its max_late of 1h"
        assert (first.subject, first.at, first.title) == ("slot/5", NOW - 5 * DAY, said)


@pytest.mark.parametrize(
    ("state", "was_late", "found"),
    [
        pytest.param(MISSED, False, "job export of shop: missed", id="missed"),
        pytest.param(DONE, True, "job export of shop: began late", id="late, and done"),
        pytest.param(CAUGHT_UP, True, "job export of shop: began late", id="caught up"),
        pytest.param(SlotState.FAILED, True, None, id="late, and failed: its run is the trouble"),
        pytest.param(DONE, False, None, id="as it should"),
        pytest.param(SlotState.SKIPPED, False, None, id="skipped by a calendar"),
    ],
)
def test_what_of_the_expected_runs_is_trouble(
    database: Database, state: SlotState, was_late: bool, found: str | None
) -> None:
    with database.write() as session:
        slot(session, NOW - DAY, state, was_late=was_late)
        assert [one.said for one in troubles(session)] == ([found] if found else [])


def test_what_an_outage_made_a_job_miss_is_one_trouble(database: Database) -> None:
    with database.write() as session:
        back = NOW - HOUR
        first, *_ = [slot(session, NOW - (9 - n) * HOUR, MISSED, settled_at=back) for n in range(8)]
        slot(session, back, CAUGHT_UP, was_late=True, settled_at=back)
        slot(session, NOW - 2 * DAY, MISSED)
        assert {one.subject: one.at for one in troubles(session)} == {
            f"slot/{first.id}": NOW - 9 * HOUR,
            "slot/10": NOW - 2 * DAY,
        }


def test_a_missed_run_that_opened_an_incident_is_that_incident(database: Database) -> None:
    lab = Lab(database).registered()
    with database.write() as session:
        slot(session, BEGIN, MISSED, settled_at=BEGIN + timedelta(minutes=5))
        own_events.about_alarm(session, "export", AlarmKind.MISSED, "did not start", lab.now(300), is_over=False)
    lab.work(301)
    lab.look(340)
    with database.read() as session:
        assert [one.subject for one in trouble_history.troubles(session, BEGIN - DAY)] == ["incident/1"]


def test_failed_runs_and_missed_ones_of_a_job_recur_together(database: Database) -> None:
    with database.write() as session:
        for day in range(2):
            slot(session, NOW - (day + 1) * DAY, MISSED)
            at = NOW - (day + 1) * DAY + 2 * HOUR
            run = Run(job="export", trigger=Trigger.SCHEDULE, plan={}, requested_by="planner", queued_at=at)
            run.state, run.outcome, run.started_at, run.ended_at = RunState.ENDED, Outcome.FAILED, at, at + HOUR
            session.add(run)
        slot(session, NOW - 6 * DAY, DONE, was_late=True)
        session.flush()
        (line,) = problem_candidates.keep(session, problem_candidates.search(session, NOW), NOW)
        assert line.startswith("CAN000001: job export of shop (shop): 5 in 7d")


def test_a_site_on_which_nothing_ever_ran_knows_since_when(database: Database) -> None:
    with database.write() as session:
        slot(session, NOW - DAY, MISSED)
        assert trouble_history.began(session) == NOW - 2 * DAY
