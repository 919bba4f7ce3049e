"""The flows of backups, each engine real, on this machine: what counts, what does not, and what is said."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from flows.back_up import back_up
from flows.check_repository import check_repository
from flows.copy_backup import copy_backup
from flows.drill_restore import drill_restore
from flows.restore_backup import restore_backup
from models import clock
from models.database import Database
from models.errors import BackupError, StaleClaim
from models.orders import BackUp, CheckRepository, CopyBackup, DrillRestore, RestoreBackup
from models.queries import backup_standing, dispatching, restore_points, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.records import DrillRow, RestorePoint, Run
from models.vocabulary import BackupFault, Health, Outcome, PointState
from tasks.tools.backup.manifests import write_manifest
from tasks.tools.backup.restic import find_program
from tests.quick_restic import quicken
from tests.servers import need
from tests.sites import apply_site, write_site

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("prefect_server")]

SITE = """repositories:
  main: {{title: Main, owner: ops, runbook: Call ops., where: {base}/main, {main}, create: true,
    check: {{schedule: {{cron: "0 5 * * *"}}, parts: 2}}}}
  away: {{title: Away, owner: ops, runbook: Call ops., where: {base}/away, {away}, create: true, off_site: true,
    medium: tape}}
backups:
  shop:
    title: Files of the shop
    owner: ops
    runbook: Call ops.
    source: {{on: local, {what}{source}}}
    to: main
    copy_to: {{repository: away, schedule: {{cron: "0 6 * * *"}}}}
    keep: {{last: 1}}
    safeguards: {{at_least: 1}}
    drill: {{schedule: {{cron: "0 4 * * *"}}{drill}}}
"""


ENGINES = {
    "restic": {name: f'engine: restic, password: "secret://{name}"' for name in ("main", "away")},
    "archive": dict.fromkeys(("main", "away"), "engine: archive"),
}
BOTH = pytest.mark.parametrize("plan", ["restic", "archive"], indirect=True)
RESTIC = pytest.mark.parametrize("plan", ["restic"], indirect=True)


@dataclass
class Plan:
    """One plan on this machine, and the runs that a test asks for."""

    database: Database
    home: Path
    engine: str

    @property
    def data(self) -> Path:
        return self.home / "data"

    def apply(self, source: str = "", drill: str = "", what: str = "") -> None:
        folder = write_site(self.home / "site", "{}", hosts="  {}\n")
        (folder / "jobs.yaml").unlink()
        (folder / "backups.yaml").write_text(
            SITE.format(
                base=self.home, source=source, drill=drill, what=what or f"paths: [{self.data}]", **ENGINES[self.engine]
            )
        )
        apply_site(self.database, folder)

    def run(self, verb: str, **given: str) -> Run:
        """Queue a run of one of the plan's jobs and carry it out here. A flow that fails raises."""
        job = "check-main" if verb == "check" else f"{verb}-shop"
        with self.database.write() as session:
            run = dispatching.run_now(session, read_book(session), job, Wish("ann", given), clock.now())
            number = runs.get(session, run.id).number
        flows: dict[str, Callable[[], None]] = {
            "backup": lambda: back_up(BackUp(run=number, plan="shop")),
            "drill": lambda: drill_restore(DrillRestore(run=number, plan="shop")),
            "copy": lambda: copy_backup(CopyBackup(run=number, plan="shop")),
            "restore": lambda: restore_backup(RestoreBackup(run=number, plan="shop")),
            "check": lambda: check_repository(CheckRepository(run=number, repository="main")),
        }
        flows[verb]()
        with self.database.read() as session:
            ended = runs.get(session, int(number[3:]))
            session.expunge_all()
            return ended

    def refused(self, verb: str, fault: BackupFault, **given: str) -> str:
        """The same, for a run that fails for this reason; gives what it says."""
        with pytest.raises(BackupError) as caught:
            self.run(verb, **given)
        assert caught.value.fault is fault, str(caught.value)
        with self.database.read() as session:
            last = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
            assert last.outcome is Outcome.FAILED
        return str(caught.value)

    def points(self, repository: str = "main") -> list[PointState]:
        with self.database.read() as session:
            rows = select(RestorePoint).where(RestorePoint.repository == repository).order_by(RestorePoint.id)
            return [point.state for point in session.scalars(rows)]

    def manifest(self) -> Path:
        """Of the only point, on this machine."""
        with self.database.read() as session:
            return self.home / session.scalars(select(RestorePoint.manifest)).one()

    def health(self) -> tuple[Health, str]:
        with self.database.read() as session:
            (standing,) = backup_standing.standings(session, read_book(session), clock.now())
            return standing.verdict.health, standing.verdict.reasons[0].text


@pytest.fixture
def plan(
    request: pytest.FixtureRequest, home: Path, worker_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Plan:
    """A plan with two repositories: of the embedded engine, which is quick, where a test does not ask for another."""
    quicken(monkeypatch)
    engine = getattr(request, "param", "archive")
    if engine == "restic":
        need("restic")
    (home / "secrets").mkdir(mode=0o700)
    for name in ("main", "away"):
        (home / "secrets" / name).write_text(f"{name}-password\n")
        (home / "secrets" / name).chmod(0o600)
    made = Plan(worker_database, home, engine)
    (made.data / "deep").mkdir(parents=True)
    for number in range(5):
        (made.data / f"file-{number}").write_bytes(bytes([number]) * 40_000)
    (made.data / "deep" / "link").symlink_to("../file-1")
    made.apply()
    return made


@BOTH
def test_a_point_keeps_in_the_journal_with_what_its_worker_took_it(plan: Plan) -> None:
    plan.run("backup")
    engine = str(find_program()) if plan.engine == "restic" else None
    with plan.database.read() as session:
        assert restore_points.last_engine(session, "shop", "main") == engine


def test_a_backup_is_listed_and_only_a_drill_makes_it_proven(plan: Plan) -> None:
    assert plan.run("backup").outcome is Outcome.OK
    assert (plan.points(), plan.health()[0]) == ([PointState.LISTED], Health.AMBER)
    assert plan.run("drill").outcome is Outcome.OK
    assert plan.points() == [PointState.PROVEN]
    with plan.database.read() as session:
        drill = session.scalars(select(DrillRow)).one()
        assert (drill.outcome, drill.findings) == (Outcome.OK, [])
        assert drill.size_bytes == 200_000
        taken = session.scalars(select(RestorePoint.files)).one()
        assert drill.files == taken, "a drill counts as the backup counts"
        assert drill.sandbox
    assert not list((plan.home / "drills").iterdir()), "nothing of the copy is left"


@BOTH
def test_a_plan_is_green_only_with_proof_and_copies(plan: Plan) -> None:
    for verb in ("backup", "drill", "copy"):
        plan.run(verb)
    assert plan.health()[0] is Health.GREEN
    assert plan.points("away") == [PointState.LISTED]


@BOTH
def test_a_flipped_bit_turns_the_drill_red_and_names_the_last_proven_point(plan: Plan) -> None:
    plan.run("backup")
    plan.run("drill")
    (plan.data / "new").write_bytes(b"n" * 50_000)
    data = plan.home / "main" / ("data" if plan.engine == "restic" else "")
    before = set(data.rglob("*"))
    plan.run("backup")
    for pack in set(data.rglob("*")) - before:
        if pack.is_file() and pack.suffix in ("", ".zst"):
            pack.chmod(0o600)
            body = bytearray(pack.read_bytes())
            body[len(body) // 3] ^= 1
            pack.write_bytes(body)
    with pytest.raises(
        BackupError, match=r"(restored and different|repository damaged): point \S+ \(the last proven point is \S+ of "
    ):
        plan.run("drill")
    assert plan.points() == [PointState.PROVEN, PointState.BAD]
    health, why = plan.health()
    assert health is Health.RED
    assert "the last proven point is" in why


def test_a_drill_fails_when_an_expectation_does_not_hold(plan: Plan) -> None:
    plan.apply(drill=f", expect: [{{file: {str(plan.data).lstrip('/')}/nowhere}}]")
    plan.run("backup")
    assert "nowhere" in plan.refused("drill", BackupFault.DIFFERS)
    assert plan.points() == [PointState.BAD]


def test_a_missing_source_is_a_failure_and_makes_no_point(plan: Plan) -> None:
    shutil.rmtree(plan.data)
    assert "not found" in plan.refused("backup", BackupFault.SOURCE_MISSING)
    assert plan.points() == []


def test_a_source_that_shrank_is_a_failure_until_a_person_says_it_is_right(plan: Plan) -> None:
    plan.run("backup")
    for number in range(1, 5):
        (plan.data / f"file-{number}").unlink()
    (plan.data / "deep" / "link").unlink()
    said = plan.refused("backup", BackupFault.SOURCE_SHRANK)
    assert "watchbill backup run shop --accept-smaller" in said
    assert plan.points() == [PointState.LISTED, PointState.BAD], "retention did not run"
    assert plan.run("backup", accept_smaller="true").outcome is Outcome.OK


def test_retention_lets_go_of_what_is_older_than_the_proof_and_of_nothing_else(plan: Plan) -> None:
    plan.run("backup")
    plan.run("backup")
    assert plan.points() == [PointState.LISTED] * 2, "nothing is proven: nothing goes"
    plan.run("drill")
    plan.run("backup")
    assert plan.points() == [PointState.EXPIRED, PointState.PROVEN, PointState.LISTED], "the proven one stays"
    plan.run("drill")
    plan.run("backup")
    assert plan.points() == [PointState.EXPIRED, PointState.EXPIRED, PointState.PROVEN, PointState.LISTED]


@BOTH
def test_checks_read_every_part_in_turn_and_then_the_points_are_read_checked(plan: Plan) -> None:
    plan.run("backup")
    plan.run("check")
    assert plan.points() == [PointState.LISTED], "half of it is not read yet"
    plan.run("check")
    assert plan.points() == [PointState.READ_CHECKED]


@RESTIC
def test_a_point_that_vanished_from_the_repository_is_bad(plan: Plan) -> None:
    plan.run("backup")
    for snapshot in (plan.home / "main" / "snapshots").iterdir():
        snapshot.unlink()
    plan.run("backup")
    assert plan.points() == [PointState.BAD, PointState.LISTED]


def test_a_restore_is_compared_before_its_folder_has_its_name(plan: Plan, tmp_path: Path) -> None:
    plan.run("backup")
    plan.run("restore", to=str(tmp_path / "back"))
    restored = tmp_path / "back" / str(plan.data).lstrip("/")
    assert (restored / "file-3").read_bytes() == b"\x03" * 40_000
    assert (restored / "deep" / "link").readlink() == Path("../file-1")


def remove(manifest: Path) -> None:
    manifest.unlink()


def change(manifest: Path) -> None:
    write_manifest([], manifest)


@BOTH
@pytest.mark.parametrize("harm", [remove, change])
def test_a_machine_without_the_recorded_manifest_takes_the_repositorys(
    plan: Plan, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    plan.run("backup")
    manifest = plan.manifest()
    good = manifest.read_bytes()
    harm(manifest)
    assert plan.run("drill").outcome is Outcome.OK
    assert (plan.points(), manifest.read_bytes()) == ([PointState.PROVEN], good)
    harm(manifest)
    plan.run("restore", to=str(tmp_path / "back"))
    assert manifest.read_bytes() == good


@pytest.mark.parametrize(
    ("harm", "fault", "words", "state"),
    [
        (remove, BackupFault.REFUSED_BY_US, "run it on the worker that took the point", PointState.LISTED),
        (change, BackupFault.DAMAGED, "is not the recorded one, and main keeps no copy of it", PointState.BAD),
    ],
    ids=["another machine may have it", "nobody can prove it any more"],
)
def test_without_any_recorded_manifest_nothing_is_proven(
    plan: Plan, tmp_path: Path, harm: Callable[[Path], None], fault: BackupFault, words: str, state: PointState
) -> None:
    plan.run("backup")
    harm(plan.manifest())
    for copy in (plan.home / "main").rglob("*.manifest.zst"):
        copy.unlink()
    assert words in plan.refused("restore", fault, to=str(tmp_path / "back"))
    assert not (tmp_path / "back").exists()
    assert words in plan.refused("drill", fault)
    assert plan.points() == [state]


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("data", "needs a second person"),
        ("data/deep/below", "needs a second person"),
        ("secrets", "not an empty folder"),
    ],
)
def test_a_restore_goes_onto_nothing_that_is_there(plan: Plan, where: str, words: str) -> None:
    plan.run("backup")
    assert words in plan.refused("restore", BackupFault.REFUSED_BY_US, to=str(plan.home / where))
    assert len(list(plan.data.iterdir())) == 6


@RESTIC
def test_a_wrong_password_says_so_and_is_not_tried_again(plan: Plan) -> None:
    plan.run("backup")
    (plan.home / "secrets" / "main").write_text("other\n")
    plan.refused("backup", BackupFault.WRONG_PASSWORD)
    assert plan.points() == [PointState.LISTED]


def test_a_hook_that_fails_ends_the_backup_and_the_last_hook_runs_all_the_same(plan: Plan) -> None:
    plan.apply(source=f", before: [[sh, -c, 'exit 3']], afterwards: [[touch, {plan.home}/after]]")
    assert "3" in plan.refused("backup", BackupFault.HOOK)
    assert (plan.home / "after").exists()
    assert plan.points() == []


@RESTIC
def test_a_point_that_nobody_recorded_is_not_counted(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker died between restic's last word and our first: the next attempt finds the orphan by its label."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(restore_points, "record_point", die)
        with pytest.raises(KeyboardInterrupt):
            plan.run("backup")
    assert len(list((plan.home / "main" / "snapshots").iterdir())) == 1
    with plan.database.write() as session:
        session.execute(Run.__table__.update().values(lease_until=clock.now().replace(year=2020)))
    back_up(BackUp(run="RUN000001", plan="shop"))
    assert plan.points() == [PointState.LISTED]
    assert len(list((plan.home / "main" / "snapshots").iterdir())) == 2, "the point and its manifest"


def test_watchbill_backs_itself_up_and_the_drill_verifies_the_journal(plan: Plan) -> None:
    plan.apply(what="watchbill: true")
    plan.run("backup")
    assert plan.run("drill").outcome is Outcome.OK
    with plan.database.read() as session:
        checks = session.scalars(select(DrillRow.checks)).one()
    assert any("the copy's journal verifies" in check for check in checks), checks
    assert not (plan.home / "own-copy").exists()


def test_a_worker_that_lost_its_run_meanwhile_records_no_point(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "extend_lease", lambda *_: False)
    with pytest.raises(StaleClaim, match="is not recorded"):
        plan.run("backup")
    assert plan.points() == []
