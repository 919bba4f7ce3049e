"""The second copy: what the plan's other repository does not have yet."""

from models import clock
from models.errors import BackupError
from models.queries import restore_points
from models.queries.restore_points import NewPoint
from models.queries.runs import ClaimedRun
from models.records import RestorePoint, run_number
from models.rules.restore_points import GOOD
from models.site.backups import BackupPlan
from models.vocabulary import BackupFault
from tasks.ledger import task
from tasks.places import plan_of
from tasks.repositories import engine_of, open_repository
from tasks.tools.backup.shapes import StoredPoint
from tasks.workplace import database, worker_name


@task()
def copy_points(run: ClaimedRun) -> list[str]:
    """Copy every good point that the second repository lacks, and record the copies. Gives their keys there."""
    plan, second = plan_of(run), _second(plan_of(run))
    with database().read() as session:
        points = [point for point in restore_points.of_plan(session, plan.name, plan.to) if point.state in GOOD]
        copied = {point.copy_of for point in restore_points.of_plan(session, plan.name, second)}
        wanted = [point for point in points if point.id not in copied]
        session.expunge_all()
    target = open_repository(run, second)
    if not wanted:
        return []
    made = engine_of(run, plan.to).copy_to(target, [point.key for point in wanted])
    by_time = {(copy.at, copy.run): copy for copy in made}
    with database().write() as session:
        for point in wanted:
            copy = by_time.get((point.taken_at, run_number(point.run_id)))
            if copy is not None:
                restore_points.record_point(session, _as_copy(run, point, copy, second), worker_name())
    return [copy.point_id for copy in made]


@task(retries=2, retry_delay_seconds=[5, 60])
def list_copies(run: ClaimedRun) -> list[str]:
    """Ask the second repository what it has. Raises BackupError when a good point has no copy there."""
    plan, second = plan_of(run), _second(plan_of(run))
    listed = [point.point_id for point in engine_of(run, second).points(plan.name)]
    with database().write() as session:
        restore_points.reconcile(session, plan.name, second, listed, worker_name(), clock.now())
        good = {point.id for point in restore_points.of_plan(session, plan.name, plan.to) if point.state in GOOD}
        there = {point.copy_of for point in restore_points.of_plan(session, plan.name, second) if point.state in GOOD}
    if missing := len(good - there):
        message = f"{missing} of {len(good)} points of {plan.name} have no copy there; run the copy again"
        raise BackupError(second, BackupFault.DAMAGED, message)
    return listed


def _second(plan: BackupPlan) -> str:
    if plan.copy_to is None:
        raise BackupError(plan.name, BackupFault.REFUSED_BY_US, "the plan has no copy_to in backups.yaml")
    return plan.copy_to.repository


def _as_copy(run: ClaimedRun, point: RestorePoint, copy: StoredPoint, repository: str) -> NewPoint:
    return NewPoint(
        key=copy.point_id,
        plan=point.plan,
        repository=repository,
        host=point.host,
        run_id=run.run_id,
        taken_at=point.taken_at,
        size_bytes=point.size_bytes,
        added_bytes=point.added_bytes,
        files=point.files,
        seconds=point.seconds,
        manifest=point.manifest,
        manifest_sha256=point.manifest_sha256,
        warnings=point.warnings,
        copy_of=point.id,
    )
