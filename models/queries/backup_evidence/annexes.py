"""The annexes of the backup and restore evidence report: rows for a spreadsheet, spans in seconds."""

from collections.abc import Iterable, Sequence

from models.queries.backup_evidence.facts import PointFact, RestoreTest, RunFact
from models.queries.tables import Cell, Table
from models.records import run_number

RUN_COLUMNS = (
    "kind", "plan_or_repository", "job", "due_at", "run", "slot", "state", "attempt", "started_at", "ended_at",
    "seconds", "late", "asked_by", "said", "points",
)  # fmt: skip
TEST_COLUMNS = (
    "run", "plan", "result", "started_at", "ended_at", "point", "repository", "point_taken_at", "point_run",
    "point_chosen", "point_state_now", "asked_by", "worker", "sandbox", "files", "bytes", "rto_seconds",
    "rto_target_seconds", "rto_met", "rpo_seconds", "rpo_target_seconds", "rpo_met", "reason", "checks", "findings",
)  # fmt: skip
POINT_COLUMNS = (
    "point", "plan", "repository", "copy", "run", "taken_at", "state", "bytes", "added_bytes", "files", "seconds",
    "manifest_sha256", "proven_at", "removed_at", "reason", "unusual", "warnings",
)  # fmt: skip


def runs_table(runs: Iterable[RunFact]) -> Table:
    """Every run of a backup's jobs, expected or asked for."""
    return Table(RUN_COLUMNS, tuple(_run(run) for run in runs))


def tests_table(tests: Iterable[RestoreTest]) -> Table:
    """Every restore test; one that did not pass measures no RTO."""
    return Table(TEST_COLUMNS, tuple(_test(test) for test in tests))


def points_table(points: Iterable[PointFact]) -> Table:
    """Every restore point that was taken or removed, with the hash of the list of its files."""
    return Table(POINT_COLUMNS, tuple(_point(point) for point in points))


def _run(run: RunFact) -> tuple[Cell, ...]:
    took = (run.ended_at - run.started_at).total_seconds() if run.started_at and run.ended_at else None
    number = run_number(run.run) if run.run is not None else None
    return (
        run.kind, run.subject, run.job, run.due_at, number, run.slot, run.state, run.attempt, run.started_at,
        run.ended_at, took, _yes(run.was_late), run.asked_by, run.said, _several(run.points),
    )  # fmt: skip


def _test(test: RestoreTest) -> tuple[Cell, ...]:
    result = "passed" if test.has_passed else test.outcome.value
    took = test.took.total_seconds() if test.has_passed else None
    rto, rpo = (target.total_seconds() if target else None for target in (test.rto_target, test.rpo_target))
    return (
        run_number(test.run), test.plan, result, test.started_at, test.ended_at, test.point, test.repository,
        test.point_taken_at, run_number(test.point_run), test.chosen, test.point_state.value, test.asked_by,
        test.worker, test.sandbox, test.files, test.size_bytes, took, rto, _yes(test.rto_met),
        test.point_age.total_seconds(), rpo, _yes(test.rpo_met), test.reason, _several(test.checks),
        _several(test.findings),
    )  # fmt: skip


def _point(point: PointFact) -> tuple[Cell, ...]:
    return (
        point.key, point.plan, point.repository, _yes(point.is_copy), run_number(point.run), point.taken_at,
        point.state.value, point.size_bytes, point.added_bytes, point.files, point.seconds, point.manifest_sha256,
        point.proven_at, point.expired_at, point.reason, _several(point.unusual), _several(point.warnings),
    )  # fmt: skip


def _yes(answer: bool | None) -> str | None:
    return None if answer is None else "yes" if answer else "no"


def _several(texts: Sequence[str]) -> str:
    return " | ".join(texts)
