"""Retention: let go of the restore points that the plan does not keep."""

from datetime import datetime

from sqlalchemy.orm import Session

from models import clock
from models.queries import restore_points
from models.queries.runs import ClaimedRun
from models.queries.states import Because, advance
from models.rules.keeping import Removals, Shelf, removals
from models.rules.retention import Semantics
from models.site.backups import BackupPlan
from models.vocabulary import Outcome
from tasks.ledger import task
from tasks.places import plan_of
from tasks.repositories import engine_of, semantics_of
from tasks.workplace import database, worker_name


@task()
def keep_points(run: ClaimedRun) -> list[str]:
    """Remove what retention lets go of, first in the repository, then here. Gives the keys that went.

    It runs only after a good point was taken and listed; `models.rules.keeping` says what stays all the same.
    """
    plan = plan_of(run)
    now = clock.now()
    with database().write() as session:
        decided = decide(session, plan, semantics_of(run, plan.to), now)
        _note_grace(session, plan, decided, now)
    gone = [point.key for point in decided.removed]
    if not gone:
        return []
    engine = engine_of(run, plan.to)
    engine.forget(gone)
    left = {point.point_id for point in engine.points(plan.name)}
    removed = [key for key in gone if key not in left]
    with database().write() as session:
        for key in removed:
            point = restore_points.find(session, plan.to, key)
            if point is not None:
                reason = f"retention of {run.number}: {plan.keep}"
                advance(session, point, "expire", Because(worker_name(), reason), expired_at=now, reason=reason)
    return removed


def decide(session: Session, plan: BackupPlan, semantics: Semantics, now: datetime) -> Removals:
    """What the plan's retention would remove now, after a good run."""
    points = restore_points.as_rule(restore_points.of_plan(session, plan.name, plan.to), plan.legal_hold)
    return removals(Shelf(plan.name, points, plan.keep, Outcome.OK, semantics), plan.safeguards, now)


def _note_grace(session: Session, plan: BackupPlan, decided: Removals, now: datetime) -> None:
    for points, since in ((decided.newly_unwanted, now), (decided.wanted_again, None)):
        for point in points:
            row = restore_points.find(session, plan.to, point.key)
            if row is not None:
                row.unwanted_since = since
