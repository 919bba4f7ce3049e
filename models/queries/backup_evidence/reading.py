"""The rows of the backup and restore evidence report, read in a few selects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.queries import register
from models.queries.backup_evidence.facts import PointFact
from models.queries.book import Book, read_book
from models.queries.daily_operations import reading as runs
from models.queries.daily_operations.reading import Item
from models.queries.daily_operations.standing import Period
from models.records import DrillRow, Job, JournalRow, RepositoryCheckRow, RestorePoint, Run
from models.vocabulary import PointState

KINDS = {
    "back_up": "backup",
    "copy_backup": "copy",
    "drill_restore": "drill",
    "check_repository": "check",
    "restore_backup": "restore",
}
"""What the runs of a flow are called."""

LOOK_BACK = timedelta(days=62)
"""Removed points that are older than the period by more than this play no part in its first gap."""


@dataclass(frozen=True)
class BackupJob:
    """A routine job that carries out a part of a plan, or checks a repository; in force or not."""

    kind: str
    subject: str


@dataclass(frozen=True)
class DoneTest:
    """A restore test with the point that it took and the run that it was."""

    drill: DrillRow
    point: RestorePoint
    run: Run


@dataclass(frozen=True)
class Ground:
    """Everything that the report stands on."""

    book: Book | None
    """None when no site was ever applied."""
    jobs: Mapping[str, BackupJob]
    expected: tuple[Item, ...]
    by_hand: tuple[Item, ...]
    carried: tuple[Item, ...]
    points: tuple[PointFact, ...]
    """Of all plans, oldest first."""
    tests: tuple[DoneTest, ...]
    """All that there ever were, oldest first."""
    checks: tuple[RepositoryCheckRow, ...]
    """All that there ever were, oldest first."""

    @property
    def items(self) -> tuple[Item, ...]:
        """Every run that the period tells of."""
        return (*self.carried, *self.expected, *self.by_hand)


def read_ground(session: Session, period: Period) -> Ground:
    """Read it."""
    jobs = _jobs(session)
    return Ground(
        book=read_book(session) if register.in_force(session, "site") else None,
        jobs=jobs,
        expected=tuple(runs.read_expected(session, period.since, period.until, jobs)),
        by_hand=tuple(runs.read_by_hand(session, period.since, period.until, jobs)),
        carried=tuple(runs.read_carried(session, period, jobs)),
        points=tuple(_points(session, period)),
        tests=tuple(_tests(session)),
        checks=tuple(session.scalars(select(RepositoryCheckRow).order_by(RepositoryCheckRow.started_at))),
    )


def _jobs(session: Session) -> dict[str, BackupJob]:
    """The jobs of all plans that ever were: the period may reach back before a change of the site."""
    found = {}
    for name, spec in session.execute(select(Job.name, Job.spec).order_by(Job.name)):
        order = spec.get("order") or {}
        subject = order.get("plan") or order.get("repository")
        if spec.get("flow") in KINDS and subject:
            found[name] = BackupJob(KINDS[spec["flow"]], str(subject))
    return found


def _points(session: Session, period: Period) -> list[PointFact]:
    query = select(RestorePoint).where(
        RestorePoint.taken_at < period.until,
        or_(
            RestorePoint.state != PointState.EXPIRED,
            RestorePoint.taken_at >= period.since - LOOK_BACK,
            RestorePoint.expired_at >= period.since,
        ),
    )
    rows = list(session.scalars(query.order_by(RestorePoint.taken_at, RestorePoint.id)))
    bad = _removed_bad(session, rows[0].taken_at) if rows else frozenset()
    return [_point(row, bad) for row in rows]


def _removed_bad(session: Session, since: datetime) -> frozenset[int]:
    """The points that were bad when they were removed: of these rows only the journal knows it."""
    query = select(JournalRow.subject).where(
        JournalRow.tag == "operations:restore_point:expire",
        JournalRow.source == PointState.BAD.value,
        JournalRow.at >= since.isoformat(timespec="microseconds"),
    )
    return frozenset(int(subject.split("/")[1]) for subject in session.scalars(query))


def _point(row: RestorePoint, bad: frozenset[int]) -> PointFact:
    return PointFact(
        key=row.key,
        plan=row.plan,
        repository=row.repository,
        run=row.run_id,
        taken_at=row.taken_at,
        state=row.state,
        size_bytes=row.size_bytes,
        added_bytes=row.added_bytes,
        files=row.files,
        seconds=row.seconds,
        manifest_sha256=row.manifest_sha256,
        is_copy=row.copy_of is not None,
        proven_at=row.proven_at,
        expired_at=row.expired_at,
        was_bad=row.id in bad,
        reason=row.reason,
        unusual=tuple(row.anomalies),
        warnings=tuple(row.warnings),
    )


def _tests(session: Session) -> list[DoneTest]:
    query = (
        select(DrillRow, RestorePoint, Run)
        .join(RestorePoint, DrillRow.restore_point_id == RestorePoint.id)
        .join(Run, DrillRow.run_id == Run.id)
        .order_by(DrillRow.started_at, DrillRow.id)
    )
    return [DoneTest(*row) for row in session.execute(query).tuples()]
