"""The desk reads the same from SQLite and from PostgreSQL."""

from datetime import timedelta
from pathlib import Path

from desk.services import forecasting, hosts, jobs, run_details, runs
from desk.services.runs import Ask
from models import clock
from models.database import Database
from models.queries import desk_health, desk_plan
from models.queries.outbox import Wanted, put
from models.vocabulary import Outcome
from tests.desk.small_site import BADLY, UNREACHABLE, apply_site, work, write_site


def test_a_day_reads_the_same_on_both_databases(database: Database, tmp_path: Path) -> None:
    now = clock.now()
    apply_site(database, write_site(tmp_path / "site"), now)
    for ends in ({}, {"web2": BADLY}):
        run = runs.start_run(database, Ask("rotate-logs", "ada"), now).run
        work(database, run, ends)
    work(database, runs.start_run(database, Ask("check-disks", "ada"), now).run, {"db1": UNREACHABLE})
    waiting = runs.start_run(database, Ask("check-disks", "ada"), now)

    lines = {line.name: line for line in jobs.list_jobs(database, clock.now()).jobs}
    assert [past.outcome for past in lines["rotate-logs"].strip] == [Outcome.PARTIAL, Outcome.OK]
    assert [active.run for active in lines["check-disks"].active] == [waiting.run]
    assert lines["tell-everyone"].next_due == lines["rotate-logs"].next_due
    last = {host.name: host.last.outcome for host in hosts.list_hosts(database, None) if host.last}
    assert last == {"db1": Outcome.FAILED, "web1": Outcome.OK, "web2": Outcome.OK, "web3": Outcome.OK}
    detail = run_details.show_run(database, run)
    assert {output.host for output in detail.outputs} == {"web1", "web2", "web3"}
    assert detail.timeline[0].tag == runs.REQUEST
    assert jobs.show_job(database, "rotate-logs", None, clock.now()).next_runs
    assert forecasting.forecast(database, None, (now, now + timedelta(hours=24))).runs


def test_health_and_plan_read_the_same_on_both_databases(database: Database, tmp_path: Path) -> None:
    now = clock.now()
    apply_site(database, write_site(tmp_path / "site"), now)
    with database.write() as session:
        put(session, Wanted("old", "run", {}), now - timedelta(minutes=5))
        put(session, Wanted("new", "run", {}), now)
    with database.read() as session:
        assert desk_health.undelivered(session, now).number == 1
        assert "rotate-logs" in desk_plan.planned_until(session)
        ahead = desk_plan.slots_ahead(session, now, now + timedelta(hours=48))
    assert {job: len(dues) for job, dues in ahead.items()} == {"check-disks": 8, "rotate-logs": 2, "tell-everyone": 2}
