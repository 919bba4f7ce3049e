"""What happens to the night beside its schedule: what breaks, and what its operator does. Each act happens once.

An act is asked again and again; it gives None until its moment has come, and then the line that tells of it (empty
when the journal tells it).
"""

import os
import signal
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deployments.demo.backups import FLIPPED_PLAN, FLIPPED_REPOSITORY, flip_a_bit, points_in
from deployments.demo.stage import OPERATOR, Stage
from models import clock
from models.queries import dispatching, restore_points
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.records import Run, TaskLog
from models.vocabulary import Outcome, RunState

HANGS, DOWN, CUT_DOWN = "sync-suppliers", "files1", "backup-orders"
BACKUP, DRILL = f"backup-{FLIPPED_PLAN}", f"drill-{FLIPPED_PLAN}"
HALF = timedelta(seconds=3)
"""Half of the time that the dump takes: a second for each of its parts."""
PATIENCE = timedelta(seconds=6)
"""How long the operator lets a job hang."""

Act = Callable[[Stage], str | None]


def kill_half_way(stage: Stage) -> str | None:
    """kill -9 of the process that reads a backup, when part of it is read."""
    with stage.database.read() as session:
        under_way = (Run.job == CUT_DOWN, TaskLog.task == "take-point", TaskLog.ended_at.is_(None))
        taking = session.scalar(
            select(TaskLog.worker)
            .join(Run, TaskLog.run_id == Run.id)
            .where(*under_way, TaskLog.started_at < clock.now() - HALF)
        )
    if taking is None:
        return None
    process = int(taking.rpartition(":")[2])
    os.kill(process, signal.SIGKILL)
    return f"kill -9 of process {process}, half way through {CUT_DOWN}"


def host_goes_down(stage: Stage) -> str | None:
    """A host is switched off at 01:50."""
    if clock.now() < stage.night.at(1, 50):
        return None
    stage.lab.stop_host(DOWN)
    return f"host {DOWN} goes down"


def kill_what_hangs(stage: Stage) -> str | None:
    """What an operator does with `watchbill job kill` when a job hangs."""
    since = clock.now() - PATIENCE
    with stage.database.read() as session:
        hanging = session.scalar(
            select(Run.id).where(Run.job == HANGS, Run.state == RunState.RUNNING, Run.started_at < since)
        )
    if hanging is None:
        return None
    with stage.database.write() as session:
        run = session.get_one(Run, hanging)
        dispatching.request_kill(session, run, clock.now(), OPERATOR, "the suppliers' server hangs")
    return ""


def back_up_again(stage: Stage) -> str | None:
    """After the bookings the operator takes another point, when the first one is proven."""
    with stage.database.read() as session:
        if clock.now() < stage.night.at(3, 5) or not _good_ends(session, DRILL):
            return None
    return _by_hand(stage, BACKUP, f"watchbill backup run {FLIPPED_PLAN}")


def disk_flips_a_bit(stage: Stage) -> str | None:
    """The second point is damaged on its disk as soon as it is there."""
    with stage.database.read() as session:
        if _good_ends(session, BACKUP) < 2:
            return None
    file = flip_a_bit(stage.night.repositories / FLIPPED_REPOSITORY, FLIPPED_PLAN)
    return f"one bit flips on the disk of {FLIPPED_REPOSITORY}: {file.name}"


def drill_again(stage: Stage) -> str | None:
    """The operator proves the second point, too; the disk has had its time."""
    with stage.database.read() as session:
        if clock.now() < stage.night.at(4, 10) or _good_ends(session, BACKUP) < 2:
            return None
    return _by_hand(stage, DRILL, f"watchbill backup drill {FLIPPED_PLAN}")


ACTS: tuple[Act, ...] = (
    kill_half_way,
    host_goes_down,
    kill_what_hangs,
    back_up_again,
    disk_flips_a_bit,
    drill_again,
)


def points_there(stage: Stage) -> dict[str, tuple[int, int]]:
    """Of each repository: the restore points that lie in it, and those that are known. More would be false ones."""
    with stage.database.read() as session:
        book = read_book(session)
        return {
            name: (
                points_in(stage.night.repositories / name, stage.settings.home),
                sum(len(restore_points.of_plan(session, plan, name)) for plan in book.backups),
            )
            for name in book.repositories
        }


def _good_ends(session: Session, job: str) -> int:
    good = (Run.job == job, Run.state == RunState.ENDED, Run.outcome == Outcome.OK)
    return session.scalar(select(func.count()).select_from(Run).where(*good)) or 0


def _by_hand(stage: Stage, job: str, command: str) -> str:
    with stage.database.write() as session:
        dispatching.run_now(session, read_book(session), job, Wish(OPERATOR), clock.now())
    return f"$ {command}"
