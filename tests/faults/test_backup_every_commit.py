"""A backup, or a drill, whose worker dies or loses the database at any commit: one point, one proof, no false word."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from models import clock
from models.database import Database
from models.orders import BackUp, DrillRestore
from models.orders.run_job import RunOrder
from models.queries import dispatching, journal, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.records import DrillRow, RestorePoint, Run
from models.vocabulary import Outcome, PointState, RunState
from tasks.repositories import engine_of
from tests.faults.crashing import DIED, Fault, How, carry_out, recover
from tests.servers import need
from tests.sites import apply_site, write_site

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]
SITE = """repositories:
  main: {{title: Main, owner: ops, runbook: Call ops., where: {home}/main, {engine}, create: true}}
backups:
  shop:
    title: Files of the shop
    owner: ops
    runbook: Call ops.
    source: {{on: local, paths: [{home}/data], afterwards: [[sh, -c, "echo x >>{home}/afterwards"]]}}
    to: main
    keep: {{last: 2}}
    safeguards: {{at_least: 1, behind_proof: false}}
    drill: {{schedule: {{cron: "0 4 * * *"}}}}
"""
ENGINES = {"archive": "engine: archive", "restic": 'engine: restic, password: "secret://main"'}
GOOD = (PointState.LISTED, PointState.PROVEN)
Make = Callable[[str], "Plan"]


@dataclass
class Plan:
    """A plan on this machine whose runs are carried out by processes that may die."""

    database: Database
    home: Path
    environment: dict[str, str]

    def ask(self, verb: str) -> RunOrder:
        with self.database.write() as session:
            number = dispatching.run_now(session, read_book(session), f"{verb}-shop", Wish("ann"), clock.now()).number
        return BackUp(run=number, plan="shop") if verb == "backup" else DrillRestore(run=number, plan="shop")

    def carried_out(self, verb: str, fault: Fault | None = None) -> tuple[Run, int]:
        """One run with its fault, then taken up for as long as it has not ended; what it met."""
        order = self.ask(verb)
        met = carry_out(order, self.environment, fault)
        for _ in range(2):
            if self.run_of(order).state is RunState.ENDED:
                break
            recover(self.database, order.run)
            carry_out(order, self.environment)
        return self.run_of(order), met

    def run_of(self, order: RunOrder) -> Run:
        with self.database.read() as session:
            run = runs.get(session, order.run_id)
            session.expunge(run)
            return run

    def points(self) -> list[RestorePoint]:
        with self.database.read() as session:
            found = list(session.scalars(select(RestorePoint).order_by(RestorePoint.id)))
            session.expunge_all()
            return found

    def drills(self, run: Run) -> list[DrillRow]:
        with self.database.read() as session:
            found = list(session.scalars(select(DrillRow).where(DrillRow.run_id == run.id)))
            session.expunge_all()
            return found

    def stored(self, run: Run) -> list[str]:
        """What the repository really has."""
        with self.database.read() as session:
            claimed = runs.as_claimed(runs.get(session, run.id))
        return sorted(point.point_id for point in engine_of(claimed, "main").points("shop"))

    def assert_true(self, run: Run, where: str) -> None:
        """What we say that there is, is there, and nothing else; a run that is ok has one good point."""
        points = self.points()
        there = sorted(point.key for point in points if point.state is not PointState.EXPIRED)
        assert there == self.stored(run), where
        assert not [point.key for point in points if point.state in (PointState.BAD, PointState.TAKEN)], where
        assert [point.state in GOOD for point in points if point.run_id == run.id] == [True], where
        assert len(there) <= 2, f"{where}: retention did its part"


@pytest.fixture
def make(home: Path, environment: dict[str, str], worker_database: Database) -> Make:
    def made(engine: str) -> Plan:
        if engine == "restic":
            need("restic")
            (home / "secrets").mkdir(mode=0o700)
            (home / "secrets" / "main").write_text("main-password\n")
            (home / "secrets" / "main").chmod(0o600)
        (home / "data").mkdir()
        for number in range(3):
            (home / "data" / f"file-{number}").write_bytes(bytes([number]) * 10_000)
        folder = write_site(home / "site", "{}", hosts="  {}\n")
        (folder / "jobs.yaml").unlink()
        (folder / "backups.yaml").write_text(SITE.format(home=home, engine=ENGINES[engine]))
        apply_site(worker_database, folder)
        return Plan(worker_database, home, environment)

    return made


@pytest.mark.parametrize(
    ("engine", "how", "step"),
    [
        ("archive", How.DIE_BEFORE, 1),
        ("archive", How.DIE_AFTER, 1),
        ("archive", How.ERROR, 2),
        ("archive", How.LOST_ANSWER, 1),
        ("archive", How.AWAY, 4),
        pytest.param("restic", How.DIE_BEFORE, 9, marks=pytest.mark.drill),
    ],
)
def test_a_backup_whose_worker_fails_at_any_commit_ends_ok_with_one_point(
    make: Make, engine: str, how: How, step: int
) -> None:
    plan = make(engine)
    for at in count(1, step):
        run, met = plan.carried_out("backup", Fault(how, at))
        where = f"commit {at}: {run.state} {run.outcome} {run.summary}"
        assert (run.state, run.outcome) == (RunState.ENDED, Outcome.OK), where
        plan.assert_true(run, where)
        if met == 0:
            break
    assert at > 12, "so many commits at least does a run have"
    run, _ = plan.carried_out("backup")
    plan.assert_true(run, "the next run")
    assert not [path for path in (plan.home / "main").rglob("incoming/*") if path.is_file()]
    with plan.database.read() as session:
        journal.verify(session)


def test_retention_never_runs_after_a_backup_that_failed_whenever_its_worker_died(make: Make) -> None:
    plan = make("archive")
    for _ in range(2):
        plan.carried_out("backup")
    before = [point.key for point in plan.points()]
    for number in range(3):
        (plan.home / "data" / f"file-{number}").write_bytes(b"")
    for at in count(1):
        run, met = plan.carried_out("backup", Fault(How.DIE_AFTER, at))
        where = f"commit {at}: {run.state} {run.outcome} {run.summary}"
        assert (run.state, run.outcome) == (RunState.ENDED, Outcome.FAILED), where
        assert "source" in (run.summary or ""), where
        states = {point.key: point.state for point in plan.points()}
        assert [states.pop(key) for key in before] == [PointState.LISTED] * 2, where
        assert set(states.values()) <= {PointState.BAD}, where
        assert sorted([*before, *states]) == plan.stored(run), where
        if met != DIED:
            break


@pytest.mark.parametrize("how", [How.DIE_BEFORE, How.LOST_ANSWER], ids=lambda how: how.name.lower())
def test_a_drill_whose_worker_fails_at_any_commit_is_recorded_once_and_leaves_no_copy(make: Make, how: How) -> None:
    plan = make("archive")
    plan.carried_out("backup")
    for at in count(1):
        run, met = plan.carried_out("drill", Fault(how, at))
        where = f"commit {at}: {run.state} {run.outcome} {run.summary}"
        assert (run.state, run.outcome) == (RunState.ENDED, Outcome.OK), where
        assert [drill.outcome for drill in plan.drills(run)] == [Outcome.OK], where
        assert [point.state for point in plan.points()] == [PointState.PROVEN], where
        assert not list((plan.home / "drills").iterdir()), where
        if met == 0:
            break
    assert at > 10, "so many commits at least does a run have"


def test_a_drill_that_did_not_pass_is_told_once_whenever_its_worker_died(make: Make) -> None:
    plan = make("archive")
    for at in count(1, 3):
        plan.carried_out("backup")
        newest = plan.points()[-1]
        archive = next((plan.home / "main").rglob(f"{newest.key.rpartition('/')[2]}.tar.zst"))
        body = bytearray(archive.read_bytes())
        body[len(body) // 2] ^= 1
        archive.chmod(0o600)
        archive.write_bytes(body)
        run, met = plan.carried_out("drill", Fault(How.DIE_AFTER, at))
        where = f"commit {at}: {run.state} {run.outcome} {run.summary}"
        assert (run.state, run.outcome) == (RunState.ENDED, Outcome.FAILED), where
        assert [drill.outcome for drill in plan.drills(run)] == [Outcome.FAILED], where
        assert plan.points()[-1].state is PointState.BAD, where
        if met != DIED:
            break
