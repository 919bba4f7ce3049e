"""A run whose worker dies, or whose database fails, at any one commit: it ends once, and its command ran once."""

from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from models import clock
from models.database import Database
from models.orders.run_job import run_id_of
from models.queries import journal, runs, task_log
from models.records import Step, TaskLog
from models.vocabulary import Outcome, RunState, StepState
from tests.faults.conftest import QueueRun
from tests.faults.crashing import Fault, How, carry_out, recover
from tests.stack import job_of

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]
LATER = timedelta(minutes=10)


@pytest.mark.parametrize("how", How, ids=lambda how: how.name.lower())
def test_a_run_whose_worker_fails_at_any_commit_ends_once_with_its_true_outcome(
    home: Path, environment: dict[str, str], worker_database: Database, queue_run: QueueRun, how: How
) -> None:
    for at in count(1):
        name = f"crash-{at}"
        effects = home / f"effects-{at}"
        number = queue_run(job_of(name, f"echo x >> {effects}; exit 7", on="local"), name)
        met = carry_out(number, environment, Fault(how, at))
        for _ in range(2):
            with worker_database.read() as session:
                if runs.get(session, run_id_of(number)).state is RunState.ENDED:
                    break
            recover(worker_database, number)
            carry_out(number, environment)
        with worker_database.write() as session:
            task_log.close_forgotten(session, clock.now() + LATER)
        with worker_database.read() as session:
            run = runs.get(session, run_id_of(number))
            where = f"commit {at}: {run.state} {run.outcome} {run.summary}"
            assert (run.state, run.outcome) == (RunState.ENDED, Outcome.FAILED), where
            assert run.summary == "not ok on 1 of 1 hosts: local exit code 7", where
            (step,) = session.scalars(select(Step).where(Step.run_id == run.id))
            assert (step.state, step.exit_code) == (StepState.ENDED, 7), where
            still_open = select(TaskLog.task).where(TaskLog.run_id == run.id, TaskLog.ended_at.is_(None))
            assert session.scalars(still_open).all() == [], where
            journal.verify(session)
        assert effects.read_text() == "x\n", where
        if met == 0:
            break
    assert at > 8, "so many commits at least does a run have"
