"""A backup that is killed ends on its host, too, with proof; and its clean-up there is not forbidden."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from deployments.lab import Lab
from deployments.lab.processes import marked
from models import clock
from models.database import Database
from models.orders import BackUp, KillRun
from models.queries import dispatching, journal, runs
from models.queries.dispatching import Wish
from models.records import OutboxRow, RestorePoint
from models.vocabulary import Outcome, RunState
from tasks import kills
from tasks.sources import source_key
from tests.faults import crashing
from tests.servers import need
from tests.sites import apply_site
from tests.stack import until, write_lab_site

pytestmark = [pytest.mark.fault, pytest.mark.drill, pytest.mark.timeout(120)]
SITE = """repositories:
  main: {{title: Main, owner: ops, runbook: Call ops., where: {home}/main, engine: archive, create: true}}
backups:
  shop:
    title: Files of the shop
    owner: ops
    runbook: Call ops.
    source: {{on: {on}, paths: [{home}/data], afterwards: [[touch, {home}/afterwards]]}}
    to: main
"""
HUGE = 1 << 40


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=1) as lab:
        yield lab


def queued(database: Database, home: Path, lab: Lab, on: str) -> BackUp:
    """A run of the plan, about to be carried out."""
    write_lab_site(home / "site", lab, "{}")
    (home / "site" / "jobs.yaml").unlink()
    (home / "site" / "backups.yaml").write_text(SITE.format(home=home, on=on))
    book = apply_site(database, home / "site")
    (home / "data").mkdir(exist_ok=True)
    with database.write() as session:
        number = dispatching.run_now(session, book, "backup-shop", Wish("ann"), clock.now()).number
    return BackUp(run=number, plan="shop")


def kill(database: Database, order: BackUp) -> None:
    with database.write() as session:
        dispatching.request_kill(session, runs.get(session, order.run_id), clock.now(), "ann", "it takes too long")
    wanted = KillRun(run=order.run, requested_by="ann")
    kills.record_proofs.fn(wanted, kills.kill_on_hosts.fn(wanted))


def test_a_backup_that_is_killed_while_its_host_sends_leaves_no_tar_there(
    home: Path, environment: dict[str, str], worker_database: Database, lab: Lab
) -> None:
    host = lab.hosts[0].name
    order = queued(worker_database, home, lab, host)
    with (home / "data" / "endless").open("wb") as file:
        file.truncate(HUGE)
    worker = crashing.start(order, environment)
    until(lambda: runs_on_host(worker_database, order, host))
    kill(worker_database, order)
    assert not runs_on_host(worker_database, order, host), "proven gone before anybody says so"
    worker.join(60)
    with worker_database.read() as session:
        run = runs.get(session, order.run_id)
        assert (run.state, run.outcome) == (RunState.ENDED, Outcome.KILLED)
        proofs = [row for row in journal.rows_about(session, f"run/{run.id}") if row.tag.endswith(":prove-end")]
        assert any('"gone":true' in row.facts and '"TERM"' in row.facts for row in proofs), [p.facts for p in proofs]
        assert session.scalars(select(RestorePoint)).all() == []
        assert "cancel" not in session.scalars(select(OutboxRow.topic)).all(), "it ends by itself, clean-up and all"
    assert (home / "afterwards").exists(), "the host was put in order"
    assert not list((home / "main").rglob("*.tar.zst*"))
    (home / "data" / "endless").unlink()
    (home / "data" / "file").write_bytes(b"x" * 1000)
    order = queued(worker_database, home, lab, host)
    assert crashing.carry_out(order, environment) == 0
    with worker_database.read() as session:
        assert runs.get(session, order.run_id).outcome is Outcome.OK


def runs_on_host(database: Database, order: BackUp, host: str) -> list[int]:
    """The processes that read the source there, tar among them."""
    with database.read() as session:
        run = runs.as_claimed(runs.get(session, order.run_id))
    found = marked(f"WATCHBILL_STEP={source_key(run, host)}")
    return found if "tar" in {name_of(number) for number in found} else []


def name_of(number: int) -> str:
    try:
        return Path(f"/proc/{number}/comm").read_text().strip()
    except OSError:
        return ""


def test_a_backup_that_is_killed_while_nothing_of_it_is_on_a_host_has_its_flow_ended(
    home: Path, worker_database: Database, lab: Lab
) -> None:
    order = queued(worker_database, home, lab, "local")
    with worker_database.write() as session:
        run = runs.get(session, order.run_id)
        runs.claim(session, run.id, 1, "worker:1")
        run.flow_run_id = "0b6c6b1e-0000-4000-8000-000000000001"
    kill(worker_database, order)
    with worker_database.read() as session:
        rows = session.execute(select(OutboxRow.topic, OutboxRow.parameters).order_by(OutboxRow.id)).all()
    assert [row.topic for row in rows][-2:] == ["run", "cancel"]
    assert rows[-1].parameters == {"flow_run_id": "0b6c6b1e-0000-4000-8000-000000000001"}
