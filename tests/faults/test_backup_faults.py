"""What may befall a backup: each ends in a named state with the next step; older points stay, nothing is green."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from models import clock
from models.vocabulary import Health, Outcome, PointState
from tasks.tools.backup.archive.layout import Layout
from tasks.tools.backup.archive.locking import sole_writer
from tasks.tools.backup.restic import process
from tests.drills.ssh_lab import until
from tests.faults.backup_plan import Plan
from tests.faults.conftest import MakePlan
from tests.servers import need_root

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]
RESTIC = pytest.param("restic", marks=pytest.mark.drill)
LOCK_ID_DIGITS = 64


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
    plan.succeed()
    with sole_writer(Layout(plan.home / "main").lock("shop")):
        said = plan.fail()
    assert f"repository locked: process {os.getpid()}" in said
    assert "wait for it" in said
    plan.succeed()


@contextmanager
def somebodys_restic(plan: Plan, *words: str) -> Iterator[int]:
    """A real restic of somebody else that holds the repository's lock and does not end; its process."""
    environment = os.environ | {
        "RESTIC_REPOSITORY": str(plan.home / "main"),
        "RESTIC_PASSWORD": "main-password",
        "RESTIC_CACHE_DIR": str(plan.home / "their-cache"),
    }
    command = ["restic", *words]
    other = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        until(lambda: [lock for lock in (plan.home / "main/locks").iterdir() if len(lock.name) == LOCK_ID_DIGITS])
        other.send_signal(signal.SIGSTOP)
        yield other.pid
    finally:
        other.kill()
        other.communicate()


@pytest.mark.drill
def test_a_restic_that_works_alone_in_the_repository_is_left_to_its_work(make_plan: MakePlan) -> None:
    plan = make_plan("restic")
    plan.succeed()
    with somebodys_restic(plan, "check") as owner:
        said = plan.fail()
        assert "main: repository locked: " in said
        assert f"by PID {owner} on " in said
        assert "wait for that process to end" in said
        assert plan.stored(plan.last_run()) == [point.key for point in plan.points()]
        assert len(list((plan.home / "main/locks").iterdir())) == 1, "theirs, and none of ours"
    plan.succeed()
    assert list((plan.home / "main/locks").iterdir()) == [], "its owner was proven dead"


@pytest.mark.drill
def test_a_restic_that_writes_beside_us_hinders_retention_and_not_the_point(make_plan: MakePlan) -> None:
    plan = make_plan("restic")
    plan.succeed()
    plan.succeed()
    with somebodys_restic(plan, "backup", "--stdin") as owner:
        run = plan.run()
        assert run.outcome is Outcome.FAILED
        assert f"repository is already locked by PID {owner} on " in (run.summary or "")
        assert "wait for that process to end" in (run.summary or "")
        assert [point.state for point in plan.points()] == [PointState.LISTED] * 3
        assert plan.stored(run) == sorted(point.key for point in plan.points()), "nothing is gone"
        assert plan.health()[0] is not Health.GREEN
    plan.assert_true(plan.succeed(), "the next run")


@pytest.mark.parametrize("engine", ["archive", RESTIC])
def test_a_target_that_fills_half_way_keeps_its_older_points(
    small_disk: Path, make_plan: MakePlan, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "FULL_SECONDS", 3)
    plan = make_plan(engine)
    plan.succeed()
    (plan.home / "data" / "large").write_bytes(os.urandom(900_000))
    said = plan.fail()
    assert "target full" in said
    assert "make room" in said.lower()
    assert plan.stored(plan.last_run()) == [point.key for point in plan.points()]
    (plan.home / "data" / "large").unlink()
    plan.succeed()
    assert not [path for path in small_disk.rglob("*") if path.is_file() and path.stat().st_size > 100_000]


def test_a_repository_that_is_not_there_is_not_made_unasked(make_plan: MakePlan) -> None:
    plan = make_plan("archive")
    plan.apply("archive", create="false")
    said = plan.fail(at="prepare-repository")
    assert "repository missing" in said
    assert "mount it, or set `create: true`" in said
    assert not (plan.home / "main").exists()


@pytest.mark.parametrize("engine", ["archive", RESTIC])
def test_a_repository_that_was_there_is_not_made_anew(make_plan: MakePlan, engine: str) -> None:
    """Its disk is not mounted: with a new one in its place every run would go well, and every older point be lost."""
    plan = make_plan(engine)
    plan.succeed()
    (plan.home / "main").rename(plan.home / "unmounted")
    said = plan.fail(at="prepare-repository")
    assert "repository missing" in said
    assert "look whether it is mounted" in said
    assert not (plan.home / "main").exists()
    (plan.home / "unmounted").rename(plan.home / "main")
    plan.assert_true(plan.succeed(), "the next run")


@pytest.mark.drill
def test_a_wrong_password_is_said_by_the_backup_and_held_against_no_point_by_the_drill(make_plan: MakePlan) -> None:
    plan = make_plan("restic")
    plan.succeed()
    (plan.home / "secrets" / "main").write_text("another")
    said = plan.fail(at="prepare-repository")
    assert "wrong password" in said
    assert "put the repository's own password into the secret" in said
    drill = plan.run("drill")
    assert (drill.outcome, "wrong password" in (drill.summary or "")) == (Outcome.FAILED, True)
    assert [row.outcome for row in plan.drills(drill)] == [Outcome.UNKNOWN]
    assert [point.state for point in plan.points()] == [PointState.LISTED]
    assert not list((plan.home / "drills").iterdir())
    (plan.home / "secrets" / "main").write_text("main-password")
    plan.succeed("drill")
    assert [point.state for point in plan.points()] == [PointState.PROVEN]


def test_a_clock_that_is_set_back_removes_nothing_and_is_not_green(
    make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, right = make_plan("archive"), clock.now
    plan.succeed()
    plan.succeed("drill")
    assert plan.health()[0] is Health.GREEN
    with monkeypatch.context() as behind:
        behind.setattr(clock, "now", lambda: right() - timedelta(days=2))
        for _ in range(3):
            plan.succeed()
        assert PointState.EXPIRED not in [point.state for point in plan.points()], "four points, and two are to be kept"
        health, reasons = plan.health()
        assert health is not Health.GREEN
        assert any("a clock is wrong" in reason for reason in reasons)
    assert _proven(plan), "what was taken before is proven still"
    run = plan.succeed()
    plan.assert_true(run, "with the right time")
    plan.succeed("drill")
    assert _proven(plan)[-1] > right() - timedelta(minutes=5), "and not one of two days ago"


def _proven(plan: Plan) -> list[datetime]:
    return sorted(point.taken_at for point in plan.points() if point.state is PointState.PROVEN)


def test_a_clean_up_that_fails_fails_the_run_and_its_point_is_listed_all_the_same(make_plan: MakePlan) -> None:
    plan = make_plan("archive")
    (plan.home / "afterwards").mkdir()
    run = plan.run()
    assert run.outcome is Outcome.FAILED
    assert "hook failed: afterwards 1" in (run.summary or "")
    assert [point.state for point in plan.points()] == [PointState.LISTED]
