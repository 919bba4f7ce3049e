"""A plan on this machine whose runs are carried out by processes that may die, without a Prefect server."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from models import clock
from models.database import Database
from models.errors import WatchbillError
from models.orders import BackUp, DrillRestore
from models.orders.run_job import RunOrder
from models.queries import backup_standing, dispatching, runs, task_log
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.records import DrillRow, RestorePoint, Run, TaskLog
from models.vocabulary import Health, Outcome, PointState, RunState
from tasks.repositories import engine_of
from tests.faults.crashing import Fault, carry_out, carry_out_here, recover
from tests.sites import apply_site, write_site

SITE = """repositories:
  main: {{title: Main, owner: ops, runbook: Call ops., where: {home}/main, {engine}, create: true}}
backups:
  shop:
    title: Files of the shop
    owner: ops
    runbook: Call ops.
    source: {{{source}, afterwards: [[sh, -c, "echo x >>{home}/afterwards"]]}}
    to: main
    keep: {{last: 2}}
    safeguards: {{at_least: 1, behind_proof: false}}
    drill: {{schedule: {{cron: "0 4 * * *"}}}}
"""
LOCAL = "on: local, paths: [{home}/data]"
ENGINES = {"archive": "engine: archive", "restic": 'engine: restic, password: "secret://main"'}
GOOD = (PointState.LISTED, PointState.PROVEN)


@dataclass
class Plan:
    """A plan on this machine whose runs are carried out by processes that may die."""

    database: Database
    home: Path
    environment: dict[str, str]

    def apply(self, engine: str, create: str = "true", source: str | None = None, hosts: str = "  {}\n") -> None:
        folder = write_site(self.home / "site", "{}", hosts=hosts)
        (folder / "jobs.yaml").unlink()
        given = {"home": self.home, "engine": ENGINES[engine], "source": source or LOCAL.format(home=self.home)}
        text = SITE.format(**given).replace("create: true", f"create: {create}")
        (folder / "backups.yaml").write_text(text)
        apply_site(self.database, folder)

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

    def run(self, verb: str = "backup") -> Run:
        """One run, carried out by this very process: a test may stand beside it."""
        order = self.ask(verb)
        with suppress(WatchbillError):
            carry_out_here(order)
        return self.run_of(order)

    def succeed(self, verb: str = "backup") -> Run:
        """One that must go well."""
        run = self.run(verb)
        assert (run.state, run.outcome) == (RunState.ENDED, Outcome.OK), run.summary
        return run

    def fail(self, at: str = "take-point") -> str:
        """One that must fail in this task; what it says. The points are as before, and nothing is green."""
        before = [(point.key, point.state) for point in self.points()]
        run = self.run()
        assert (run.state, run.outcome) == (RunState.ENDED, Outcome.FAILED), run.summary
        assert [(point.key, point.state) for point in self.points()] == before, "and retention did not run"
        assert self.health()[0] is not Health.GREEN
        rows = self.tasks(run)
        assert [row.task for row in rows if row.ended_at is None] == []
        failures = [(row.task, row.message or "") for row in rows if row.outcome is Outcome.FAILED]
        assert failures[0][0] == at, failures
        assert (run.summary or "").startswith(failures[0][1].partition(": ")[2]), "and what went wrong beside it"
        return run.summary or ""

    def tasks(self, run: Run) -> list[TaskLog]:
        with self.database.read() as session:
            found = task_log.of_run(session, run.id)
            session.expunge_all()
            return found

    def health(self) -> tuple[Health, list[str]]:
        """What the plan is worth now, and why."""
        with self.database.read() as session:
            (standing,) = backup_standing.standings(session, read_book(session), clock.now())
        return standing.verdict.health, [reason.text for reason in standing.verdict.reasons]

    def run_of(self, order: RunOrder) -> Run:
        with self.database.read() as session:
            run = runs.get(session, order.run_id)
            session.expunge(run)
            return run

    def last_run(self) -> Run:
        with self.database.read() as session:
            run = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
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
