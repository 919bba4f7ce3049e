"""Take a plan's restore point, see that the repository lists it, and judge it."""

import logging
from pathlib import Path

from models import clock
from models.errors import BackupError, StaleClaim
from models.queries import restore_points, runs
from models.queries.restore_points import NewPoint
from models.queries.runs import ClaimedRun
from models.rules.anomalies import anomalies_of, source_fault
from models.rules.restore_points import GOOD, short_key
from models.site.backups import BackupPlan, Reading
from models.site.derived import ACCEPT_SMALLER
from models.vocabulary import BackupFault
from tasks.ledger import task
from tasks.leftovers import end_leftovers
from tasks.places import plan_of
from tasks.progress import progress_of
from tasks.repositories import engine_of, restic_of, tool_of
from tasks.sources import host_tree, opened_source
from tasks.tools.backup.shapes import Engine, Label, Taken
from tasks.workplace import database, settings, worker_name

log = logging.getLogger("watchbill.backups")


@task()
def take_point(run: ClaimedRun) -> int:
    """Write one restore point and record it. Gives its row.

    A run that was interrupted looks first whether the repository has its point already: the point's label says so.
    """
    plan = plan_of(run)
    engine = engine_of(run, plan.to)
    found = next((point.point_id for point in engine.points(plan.name) if point.run == run.number), None)
    if found is not None:
        with database().read() as session:
            known = restore_points.find(session, plan.to, found)
            row_id = known.id if known else None
        if row_id is not None:
            return row_id
        # The engine had written it, and died with the figures and the manifest: nothing says what is in it.
        engine.forget([found])
    taken = _take(run, plan, engine)
    with database().write() as session:
        if not runs.extend_lease(session, run):
            raise StaleClaim(f"{run.number} is in other hands: its point {short_key(taken.point_id)} is not recorded")
        return restore_points.record_point(session, _new_point(run, plan, taken, tool_of(engine)), worker_name()).id


def _take(run: ClaimedRun, plan: BackupPlan, engine: Engine) -> Taken:
    end_leftovers(run)
    label = Label(plan.name, run.number, plan.source.on, clock.now())
    if plan.source.reading is Reading.ON_HOST:
        taken = restic_of(run, plan.to).take_on_host(host_tree(run, plan), label, progress_of(run))
    else:
        with opened_source(run, plan) as source:
            taken = engine.take(source, label, _last_manifest(plan), progress_of(run))
    log.info("%s: point %s, %d files, %d bytes", run.number, short_key(taken.point_id), taken.files, taken.bytes_read)
    return taken


def _last_manifest(plan: BackupPlan) -> Path | None:
    """What the newest point held, so that what did not change need not be read again for the manifest."""
    with database().read() as session:
        points = restore_points.of_plan(session, plan.name, plan.to)
        paths = [settings().home / point.manifest for point in points if point.state in GOOD]
    return next((path for path in reversed(paths) if path.is_file()), None)


def _new_point(run: ClaimedRun, plan: BackupPlan, taken: Taken, engine: str | None) -> NewPoint:
    return NewPoint(
        key=taken.point_id,
        plan=plan.name,
        repository=plan.to,
        host=plan.source.on,
        run_id=run.run_id,
        taken_at=taken.at,
        size_bytes=taken.bytes_read,
        added_bytes=taken.bytes_added,
        files=taken.files,
        seconds=taken.seconds,
        manifest=str(taken.manifest.resolve().relative_to(settings().home.resolve())),
        manifest_sha256=taken.manifest_sha256,
        warnings=list(taken.warnings),
        engine=engine,
    )


@task(retries=2, retry_delay_seconds=[5, 60])
def list_points(run: ClaimedRun) -> list[str]:
    """Ask the repository which points of the plan it has: ours are listed, or bad when they vanished."""
    plan = plan_of(run)
    listed = [point.point_id for point in engine_of(run, plan.to).points(plan.name)]
    with database().write() as session:
        restore_points.reconcile(session, plan.name, plan.to, listed, worker_name(), clock.now())
    return listed


@task()
def judge_point(run: ClaimedRun, point_id: int) -> list[str]:
    """Say what is unusual about a point. Raises BackupError when it is empty or its source shrank too far.

    Such a point is bad: it stays in the repository, for it may be all there is, and counts for nothing. A person who
    knows better runs the plan again with `--accept-smaller`.
    """
    plan = plan_of(run)
    accepted = run.plan.parameters.get(ACCEPT_SMALLER) == "true"
    with database().write() as session:
        point = restore_points.get(session, point_id)
        before = restore_points.good_before(session, point)
        figures = restore_points.figures_of(point)
        fault = source_fault(
            figures, restore_points.figures_of(before[-1]) if before else None, None if accepted else plan.may_shrink
        )
        if fault is not None:
            restore_points.find_bad(session, point, fault, worker_name())
        unusual = anomalies_of(figures, [restore_points.figures_of(one) for one in before])
        point.anomalies = [anomaly.text for anomaly in unusual]
        empty = not point.size_bytes
    if fault is not None:
        kind = BackupFault.SOURCE_EMPTY if empty else BackupFault.SOURCE_SHRANK
        again = f"look at the source; if it is right so: watchbill backup run {plan.name} --accept-smaller"
        raise BackupError(plan.name, kind, f"{fault}; {again}")
    return [anomaly.text for anomaly in unusual]
