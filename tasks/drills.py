"""Prove a restore point: restore it into a sandbox, compare it, ask what its plan expects; record how it went."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from models import clock
from models.errors import BackupError, DatabaseError, NotFound, StaleClaim
from models.orders.run_job import run_id_of
from models.queries import restore_points, runs
from models.queries.runs import ClaimedRun
from models.records import DrillRow, RestorePoint
from models.rules.manifests import EntryKind, Finding, compare
from models.rules.restore_points import GOOD, short_key
from models.rules.wall_clock import stamp
from models.site.backups import Drill, Which
from models.vocabulary import BackupFault, Outcome, PointState, RunState
from tasks.expectations import Answer, RestoredCopy, answers_of
from tasks.ledger import task
from tasks.manifests import settle_manifest
from tasks.places import plan_of
from tasks.progress import progress_of
from tasks.repositories import engine_of
from tasks.tools.backup.manifests import manifest_of_restored, read_manifest
from tasks.tools.backup.shapes import Limits, Restored
from tasks.tools.backup.time_limit import TimeLimit
from tasks.tools.backup.walking import remove_tree
from tasks.workplace import database, settings, worker_name

FINDINGS_KEPT = 100
PREFIX = "drill-"
# What a drill may find against its point; anything else (no engine, a repository that is away) says nothing about it.
AGAINST_THE_POINT = (BackupFault.DIFFERS, BackupFault.DAMAGED, BackupFault.UNSAFE, BackupFault.TOO_LARGE)


@dataclass(frozen=True)
class ChosenPoint:
    """The point that a drill takes, and its manifest."""

    row_id: int
    key: str
    taken_at: datetime
    manifest: Path
    manifest_sha256: str


@dataclass
class OpenDrill:
    """A drill under way: what it found so far."""

    point: ChosenPoint
    folder: Path
    started_at: datetime
    restored: Restored | None = None
    files: int = 0
    """What was compared, folders not counted, as the backup counts."""
    findings: list[Finding] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether it was restored, compared, and nothing spoke against it."""
        return self.restored is not None and not self.findings and all(answer.is_good for answer in self.answers)


def points_to_drill(run: ClaimedRun) -> Iterator[ChosenPoint]:
    """The one point that the drill takes; none when it was recorded as passed before its worker died."""
    if not has_answered(run):
        yield choose_point(run)


@task()
def has_answered(run: ClaimedRun) -> bool:
    """Whether this attempt's drill was recorded before its worker died. Raises BackupError when it did not pass."""
    with database().read() as session:
        drill = restore_points.recorded_drill(session, run.run_id, run.attempt)
        if drill is None:
            return False
        outcome, reason = drill.outcome, drill.reason
    if outcome is not Outcome.OK:
        fault = BackupFault.DIFFERS if outcome is Outcome.FAILED else BackupFault.ENGINE_FAILED
        raise BackupError(plan_of(run).name, fault, f"{reason} (it was recorded before its worker died)")
    return True


@task()
def choose_point(run: ClaimedRun) -> ChosenPoint:
    """The point that the drill takes: the newest good one, a random one, or the one that a person named."""
    plan = plan_of(run)
    words = run.plan.parameters.get("point", Which.LATEST.value)
    with database().read() as session:
        if words in list(Which):
            good = [point for point in restore_points.of_plan(session, plan.name, plan.to) if point.state in GOOD]
            point = _one_of(good, Which(words))
        else:
            point = restore_points.chosen(session, plan.name, plan.to, words)
        if point is None:
            raise NotFound(f"{plan.name} has no such point ({words}) in {plan.to}: watchbill backup show {plan.name}")
        manifest = settings().home / point.manifest
        return ChosenPoint(point.id, point.key, point.taken_at, manifest, point.manifest_sha256)


def _one_of(good: list[RestorePoint], which: Which) -> RestorePoint | None:
    if not good:
        return None
    return good[-1] if which is Which.LATEST else random.choice(good)  # noqa: S311  # a sample, not a secret


@contextmanager
def drilled(run: ClaimedRun, point: ChosenPoint) -> Iterator[OpenDrill]:
    """A drill of one point: a folder of its own, its result recorded at the end, whatever happened; nothing is left."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{run.number}-", dir=_drill_folder()))
    drill = OpenDrill(point, folder, clock.now())
    try:
        yield drill
    except (StaleClaim, DatabaseError):
        raise  # it says nothing about the point, and whoever takes the run up drills again
    except BackupError as error:
        if error.fault not in AGAINST_THE_POINT:
            record_drill(run, drill, Outcome.UNKNOWN, str(error))
            raise
        record_drill(run, drill, Outcome.FAILED, str(error))
        raise BackupError(plan_of(run).name, error.fault, _failure(run, drill, str(error))) from error
    except Exception as error:
        record_drill(run, drill, Outcome.UNKNOWN, f"{type(error).__name__}: {error}")
        raise
    else:
        record_drill(run, drill, Outcome.OK if drill.is_complete else Outcome.FAILED, _in_words(drill))
        if not drill.is_complete:
            raise BackupError(plan_of(run).name, BackupFault.DIFFERS, _failure(run, drill, _in_words(drill)))
    finally:
        remove_tree(folder)


def _drill_folder() -> Path:
    folder = settings().home.resolve() / "drills"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@task()
def clear_remains(run: ClaimedRun) -> list[str]:
    """Remove the copies that drills left whose worker died. Gives their names."""
    left = [
        folder
        for folder in sorted(_drill_folder().glob(f"{PREFIX}RUN*-*"))
        if _is_dead(run, folder.name.removeprefix(PREFIX).partition("-")[0])
    ]
    for folder in left:
        remove_tree(folder)
    return [folder.name for folder in left]


def _is_dead(run: ClaimedRun, number: str) -> bool:
    """Whether nobody drills for a run any more: it has ended, or it is this one, which is ours now."""
    if number == run.number:
        return True
    with database().read() as session, suppress(NotFound, ValueError):
        return runs.get(session, run_id_of(number)).state is RunState.ENDED
    return False


@task()
def restore_copy(run: ClaimedRun, drill: OpenDrill) -> None:
    """Restore the point into the drill's folder, in the sandbox, within the plan's limits."""
    plan, point = plan_of(run), drill.point
    settle_manifest(run, point.key, point.manifest, point.manifest_sha256)  # before hours that it would make useless
    copy = drill.folder / "copy"
    copy.mkdir()
    drill.restored = engine_of(run, plan.to).restore(point.key, copy, limits_of(plan.drill), progress_of(run))


def limits_of(drill: Drill | None) -> Limits:
    """What a restore may bring at most: what the plan's drills may, or their defaults."""
    given = drill.model_dump() if drill else {}
    size, files, deadline = (
        given.get(name, Drill.model_fields[name].default) for name in ("most_bytes", "most_files", "deadline")
    )
    return Limits(size, files, int(deadline.total_seconds()))


@task()
def compare_copy(_run: ClaimedRun, drill: OpenDrill) -> int:
    """Compare the copy, file by file and byte by byte, with the manifest of the time it was taken."""
    entries = manifest_of_restored(drill.folder / "copy")
    drill.files = sum(entry.kind is not EntryKind.FOLDER for entry in entries)
    drill.findings = list(compare(read_manifest(drill.point.manifest), entries))
    return len(drill.findings)


@task()
def ask_expectations(run: ClaimedRun, drill: OpenDrill) -> list[str]:
    """Ask of the copy what its plan expects, in what the restore and the comparison left of the deadline."""
    plan = plan_of(run)
    expected = plan.drill.expect if plan.drill else ()
    whole = timedelta(seconds=limits_of(plan.drill).seconds)
    limit = TimeLimit.of(whole, used=clock.now() - drill.started_at)
    drill.answers = answers_of(plan.source, expected, RestoredCopy(drill.folder / "copy", drill.point.taken_at, limit))
    return [answer.text for answer in drill.answers]


@task(retries=3, retry_delay_seconds=[1, 5, 20])
def record_drill(run: ClaimedRun, drill: OpenDrill, outcome: Outcome, reason: str) -> None:
    """Write down how the drill went, and what that says about its point."""
    restored = drill.restored
    with database().write() as session:
        row = DrillRow(
            restore_point_id=drill.point.row_id,
            plan=plan_of(run).name,
            run_id=run.run_id,
            started_at=drill.started_at,
            ended_at=clock.now(),
            outcome=outcome,
            reason=reason,
            size_bytes=restored.size if restored else 0,
            files=drill.files,
            findings=[f"{finding.path}: {finding.difference.value}" for finding in drill.findings[:FINDINGS_KEPT]],
            checks=[answer.text for answer in drill.answers],
            sandbox=restored.sandbox if restored else "nothing was restored",
        )
        restore_points.record_drill(session, row, worker_name(), restore_points.drill_key(run.run_id, run.attempt))


def _in_words(drill: OpenDrill) -> str:
    if drill.findings:
        first = drill.findings[0]
        more = f" and {len(drill.findings) - 1} more" if len(drill.findings) > 1 else ""
        return f"{first.path}: {first.difference.value}{more}"
    wrong = [answer.text for answer in drill.answers if not answer.is_good]
    return wrong[0] if wrong else f"{drill.files} files restored and compared"


def _failure(run: ClaimedRun, drill: OpenDrill, why: str) -> str:
    """What a person must know first: which point to use instead, and what is wrong with this one, however long."""
    plan = plan_of(run)
    with database().read() as session:
        points = restore_points.of_plan(session, plan.name, plan.to)
        proven = [(short_key(point.key), point.taken_at) for point in points if point.state is PointState.PROVEN]
    key, taken = proven[-1] if proven else ("", drill.point.taken_at)
    use = f"the last proven point is {key} of {stamp(taken)}" if proven else "no point of the plan is proven"
    return f"point {short_key(drill.point.key)} ({use}): {why}"
