"""Retention: let go of the restore points that the plan does not keep."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from models import clock
from models.queries import backup_standing, restore_points
from models.queries.runs import ClaimedRun
from models.queries.states import Because, advance
from models.records import RestorePoint
from models.rules.keeping import Removals
from models.site.backups import BackupPlan
from tasks.ledger import task
from tasks.places import plan_of
from tasks.repositories import engine_of, semantics_of
from tasks.workplace import database, worker_name


@task()
def keep_points(run: ClaimedRun) -> list[str]:
    """Remove what retention lets go of, first in the repository, then here. Gives the keys that went.

    It runs only after a good point was taken and listed; `models.rules.keeping` says what stays all the same. What is
    about to go is written down before: a run that dies between finds it gone, and not damaged.
    """
    plan = plan_of(run)
    now, reason = clock.now(), f"retention of {run.number}: {plan.keep}"
    semantics = semantics_of(run, plan.to)
    with database().write() as session:
        decided = backup_standing.decided(session, plan, semantics, now)
        _note_grace(session, plan, decided, now)
        for row in _rows(session, plan, [point.key for point in decided.removed]):
            restore_points.let_go(session, row, reason, worker_name())
    gone = [point.key for point in decided.removed]
    if not gone:
        return []
    engine = engine_of(run, plan.to)
    engine.forget(gone)
    left = {point.point_id for point in engine.points(plan.name)}
    removed = [key for key in gone if key not in left]
    with database().write() as session:
        for row in _rows(session, plan, removed):
            advance(session, row, "expire", Because(worker_name(), reason), expired_at=now, reason=reason)
    return removed


def _note_grace(session: Session, plan: BackupPlan, decided: Removals, now: datetime) -> None:
    for points, since in ((decided.newly_unwanted, now), (decided.wanted_again, None)):
        for row in _rows(session, plan, [point.key for point in points]):
            row.unwanted_since = since


def _rows(session: Session, plan: BackupPlan, keys: Iterable[str]) -> list[RestorePoint]:
    found = (restore_points.find(session, plan.to, key) for key in keys)
    return [row for row in found if row is not None]
