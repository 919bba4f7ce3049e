"""The whole of Watchbill on PostgreSQL: a job end to end, also when the database is gone while its command runs."""

import pytest

from models.queries import journal
from models.vocabulary import Outcome, RunState
from tests.postgres import running_postgresql
from tests.stack import job_of, running_stack, until

pytestmark = [pytest.mark.drill, pytest.mark.fault, pytest.mark.timeout(900)]


def test_a_job_runs_end_to_end_on_postgresql_even_when_the_database_crashes_under_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("stack")
    with running_postgresql() as server, running_stack(folder, server.url) as stack:
        jobs = job_of("plain", "echo x >> ~/plain", on="tag=lab")
        stack.reapply(jobs + job_of("crashed", "echo x >> ~/crashed; sleep 3; echo x >> ~/over; exit 7"))
        run = stack.wait(stack.run("plain"))
        assert (run.outcome, run.summary) == (Outcome.OK, "ok on 3 of 3 hosts")
        assert len([row for row in stack.task_log(run.number) if row.host]) == 3

        number = stack.run("crashed")
        stack.until_effect("crashed")
        process = stack.process_of(number)
        server.stop()
        try:
            stack.until_effect("over")
            until(lambda: not stack.is_there(process), why=stack.logs)
        finally:
            server.start()
        assert stack.record(number).state is RunState.RUNNING, "its end could not be written, so nothing was"
        stack.expire_lease(number)
        run = stack.wait(number)
        assert run.summary == "not ok on 1 of 1 hosts: web1 exit code 7"
        assert stack.effects("crashed") == ["x"]
        with stack.database.read() as session:
            journal.verify(session, stack.settings.anchors)
