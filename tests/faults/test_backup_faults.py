"""What may befall a backup: each ends in a named state with the next step; older points stay, nothing is green."""

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from models import clock
from models.queries import backup_standing
from models.queries.book import read_book
from models.records import RestorePoint
from models.vocabulary import Health, Outcome, PointState
from tasks.tools.backup.archive.layout import Layout
from tasks.tools.backup.archive.locking import sole_writer
from tests.faults.backup_plan import Plan
from tests.faults.conftest import MakePlan
from tests.servers import need_root

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]


def failed(plan: Plan) -> str:
    """What a run says that must fail, and that leaves the points as they were."""
    before = [(point.key, point.state) for point in plan.points()]
    run, _ = plan.carried_out("backup")
    assert run.outcome is Outcome.FAILED, run.summary
    assert [(point.key, point.state) for point in plan.points()] == before, "retention did not run"
    return run.summary or ""


def good(plan: Plan) -> None:
    run, _ = plan.carried_out("backup")
    assert run.outcome is Outcome.OK, run.summary


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """A disk of 300 KiB where the repository lies."""
    need_root()
    disk = home / "main"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_repository_that_a_living_owner_writes_is_left_to_him(make_plan: MakePlan) -> None:
    plan = make_plan("archive")
    good(plan)
    with sole_writer(Layout(plan.home / "main").lock("shop")):
        said = failed(plan)
    assert f"repository locked: process {os.getpid()}" in said
    assert "wait for it" in said
    good(plan)


def test_a_target_that_fills_half_way_keeps_its_older_points(make_plan: MakePlan, small_disk: Path) -> None:
    plan = make_plan("archive")
    good(plan)
    (plan.home / "data" / "large").write_bytes(os.urandom(900_000))
    said = failed(plan)
    assert "target full" in said
    assert plan.stored(plan.last_run()) == [point.key for point in plan.points()]
    assert not [path for path in small_disk.rglob("*") if path.is_file() and path.stat().st_size > 100_000]
    (plan.home / "data" / "large").unlink()
    good(plan)


def test_a_repository_that_is_not_there_is_not_made_unasked(make_plan: MakePlan) -> None:
    plan = make_plan("archive")
    plan.apply("archive", create="false")
    said = failed(plan)
    assert "repository missing" in said
    assert "mount it, or set `create: true`" in said
    assert not (plan.home / "main").exists()


def test_a_point_of_the_future_stops_retention_and_is_not_green(make_plan: MakePlan) -> None:
    plan = make_plan("archive")
    good(plan)
    plan.carried_out("drill")
    with plan.database.write() as session:
        session.execute(update(RestorePoint).values(taken_at=clock.now() + timedelta(days=2)))
    for _ in range(3):
        good(plan)
    assert PointState.EXPIRED not in [point.state for point in plan.points()], "four points, and two are to be kept"
    with plan.database.read() as session:
        (standing,) = backup_standing.standings(session, read_book(session), clock.now())
    assert standing.verdict.health is not Health.GREEN
    assert any("a clock is wrong" in reason.text for reason in standing.verdict.reasons)


def test_a_clean_up_that_fails_fails_the_run_and_its_point_is_listed_all_the_same(make_plan: MakePlan) -> None:
    plan = make_plan("archive")
    (plan.home / "afterwards").mkdir()
    run, _ = plan.carried_out("backup")
    assert run.outcome is Outcome.FAILED
    assert "hook failed: afterwards 1" in (run.summary or "")
    assert [point.state for point in plan.points()] == [PointState.LISTED]
