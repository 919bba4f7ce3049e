"""What runs around a source: before it, and afterwards whatever happened."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models.database import Database
from models.errors import BackupError
from models.queries import task_log
from models.queries.runs import ClaimedRun
from models.vocabulary import BackupFault, Outcome
from tasks import hooks
from tasks.hooks import around_source
from tests.tasks.backup.claimed import claimed_run

RunWith = Callable[[list[str], list[str]], ClaimedRun]


@pytest.fixture(autouse=True)
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The body of the task and its row in the log, without a Prefect server."""
    monkeypatch.setattr(hooks, "run_hook", hooks.run_hook.fn)


@pytest.fixture
def said(home: Path) -> Path:
    """What the hooks write."""
    return home / "said"


@pytest.fixture
def run_with(home: Path, worker_database: Database) -> RunWith:
    """A run whose plan has these shell lines before and afterwards."""

    def make(before: list[str], afterwards: list[str]) -> ClaimedRun:
        lines = [[["sh", "-c", line] for line in given] for given in (before, afterwards)]
        return claimed_run(worker_database, home, f"paths: [{home}], before: {lines[0]}, afterwards: {lines[1]}")

    return make


def lines(said: Path) -> list[str]:
    return said.read_text().split() if said.exists() else []


def test_commands_run_before_and_afterwards_in_their_order(run_with: RunWith, said: Path) -> None:
    run = run_with([f"echo first >>{said}", f"echo $WATCHBILL_RUN >>{said}"], [f"echo last >>{said}"])
    with around_source(run):
        assert lines(said) == ["first", run.number]
    assert lines(said) == ["first", run.number, "last"]


def test_every_hook_has_its_row_in_the_log(run_with: RunWith, said: Path, worker_database: Database) -> None:
    run = run_with(["true"], ["exit 4"])
    with pytest.raises(BackupError), around_source(run):
        pass
    with worker_database.read() as session:
        rows = [(row.task, row.outcome) for row in task_log.of_run(session, run.run_id)]
    assert rows == [("run-hook", Outcome.OK), ("run-hook", Outcome.FAILED)]


def test_a_failing_command_before_ends_the_backup_and_the_clean_up_still_runs(run_with: RunWith, said: Path) -> None:
    run = run_with(["echo 'no lock' >&2; exit 3", f"echo never >>{said}"], [f"echo unlocked >>{said}"])
    with pytest.raises(BackupError) as failure, around_source(run):
        pytest.fail("the backup began")
    assert failure.value.fault is BackupFault.HOOK
    for words in ("before 1", "sh -c", "exit code 3", "no lock", "local"):
        assert words in str(failure.value)
    assert lines(said) == ["unlocked"]


@pytest.mark.parametrize("error", [OSError("the disk is full"), KeyboardInterrupt("ended")])
def test_the_clean_up_runs_after_a_failed_backup_and_does_not_hide_it(
    run_with: RunWith, said: Path, error: BaseException
) -> None:
    run = run_with([], ["echo still locked; exit 1", f"echo unlocked >>{said}"])
    with pytest.raises(type(error)) as failure, around_source(run):
        raise error
    assert failure.value is error
    assert lines(said) == ["unlocked"]
    (note,) = failure.value.__notes__
    assert "afterwards 1" in note
    assert "still locked" in note


def test_a_failing_clean_up_fails_the_backup_and_the_others_still_run(run_with: RunWith, said: Path) -> None:
    run = run_with([], ["exit 1", f"echo second >>{said}"])
    with pytest.raises(BackupError, match="afterwards 1") as failure, around_source(run):
        pass
    assert failure.value.fault is BackupFault.HOOK
    assert lines(said) == ["second"]


def test_a_hook_is_ended_at_the_plans_deadline(run_with: RunWith, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "seconds_of", lambda _plan: 1)
    with pytest.raises(BackupError, match="deadline"), around_source(run_with(["sleep 60"], [])):
        pytest.fail("the backup began")
