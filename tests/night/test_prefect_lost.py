"""Prefect dies and loses its database: our runs and outbox are the truth, so nothing is lost and nothing twice."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from deployments.engine.prefect_environment import database_file
from models import clock
from models.orders.run_job import run_id_of
from models.records import OutboxRow
from tests.stack import Stack, job_of, until

pytestmark = [pytest.mark.drill, pytest.mark.fault, pytest.mark.timeout(900)]


def lose_prefect(stack: Stack) -> None:
    """kill -9 the server, and its database is gone before it starts again."""
    file = database_file(stack.settings.home)
    stack.kill("prefect")
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def let_a_minute_pass(stack: Stack, number: str) -> None:
    """A run that Prefect has had for a minute without a worker claiming it is looked after."""
    sent = clock.now() - timedelta(minutes=2)
    mine = (OutboxRow.run_id == run_id_of(number), OutboxRow.sent_at.is_not(None))
    with stack.database.write() as session:
        session.execute(update(OutboxRow).where(*mine).values(sent_at=sent))


def test_runs_that_wait_in_a_prefect_that_is_lost_run_once_all_the_same(stack: Stack) -> None:
    waiting = ("lost-1", "lost-2")
    jobs = "".join(job_of(name, f"echo x >> ~/{name}") for name in (*waiting, "lost-later"))
    stack.reapply(jobs + job_of("lost-running", "echo x >> ~/lost-running; sleep 4; exit 7"))
    running = stack.run("lost-running")
    stack.until_effect("lost-running")
    ready = stack.heard("prefect", "ready after")
    with stack.stopped("worker"):
        numbers = [stack.run(name) for name in waiting]
        for number in numbers:
            until(lambda: stack.record(number).flow_run_id, why=stack.explain)  # noqa: B023 - used at once
        lose_prefect(stack)
        later = stack.run("lost-later")
        stack.until_heard("prefect", "ready after", ready)
    for number in numbers:
        let_a_minute_pass(stack, number)

    assert [stack.wait(number).summary for number in (*numbers, later)] == ["ok on 1 of 1 hosts"] * 3
    assert [stack.effects(name) for name in (*waiting, "lost-later")] == [["x"]] * 3
    for number in numbers:
        assert stack.moves(number) == ["dispatch", "dispatch-again", "claim", "end"]
    assert stack.moves(later) == ["dispatch", "claim", "end"]
    assert stack.wait(running).summary == "not ok on 1 of 1 hosts: web1 exit code 7"
    assert stack.effects("lost-running") == ["x"]
