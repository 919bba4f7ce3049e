"""A backup, or a drill, whose worker dies or loses the database at any commit: one point, one proof, no false word."""

from itertools import count

import pytest

from models.queries import journal
from models.vocabulary import Outcome, PointState, RunState
from tests.faults.conftest import MakePlan
from tests.faults.crashing import DIED, Fault, How

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("engine", "how", "first", "step"),
    [
        # Between them a worker dies around each commit: before the odd ones, after the even ones.
        ("archive", How.DIE_BEFORE, 1, 2),
        ("archive", How.DIE_AFTER, 2, 2),
        ("archive", How.ERROR, 2, 3),
        ("archive", How.LOST_ANSWER, 1, 2),
        ("archive", How.AWAY, 1, 4),
        pytest.param("restic", How.DIE_BEFORE, 1, 9, marks=pytest.mark.drill),
    ],
)
def test_a_backup_whose_worker_fails_at_any_commit_ends_ok_with_one_point(
    make_plan: MakePlan, engine: str, how: How, first: int, step: int
) -> None:
    plan = make_plan(engine)
    for at in count(first, step):
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


def test_retention_never_runs_after_a_backup_that_failed_whenever_its_worker_died(make_plan: MakePlan) -> None:
    plan = make_plan("archive")
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
def test_a_drill_whose_worker_fails_at_any_commit_is_recorded_once_and_leaves_no_copy(
    make_plan: MakePlan, how: How
) -> None:
    plan = make_plan("archive")
    plan.carried_out("backup")
    # Between them each commit: before the odd ones, and the answer of the even ones is lost.
    for at in count(1 if how is How.DIE_BEFORE else 2, 2):
        run, met = plan.carried_out("drill", Fault(how, at))
        where = f"commit {at}: {run.state} {run.outcome} {run.summary}"
        assert (run.state, run.outcome) == (RunState.ENDED, Outcome.OK), where
        assert [drill.outcome for drill in plan.drills(run)] == [Outcome.OK], where
        assert [point.state for point in plan.points()] == [PointState.PROVEN], where
        assert not list((plan.home / "drills").iterdir()), where
        if met == 0:
            break
    assert at > 10, "so many commits at least does a run have"


def test_a_drill_that_did_not_pass_is_told_once_whenever_its_worker_died(make_plan: MakePlan) -> None:
    plan = make_plan("archive")
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
