"""Backups as people see them: where each plan stands, its points and drills, what retention would do, what has none."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from models.database import Database
from models.errors import NotFound
from models.queries import backup_standing, restore_points
from models.queries.backup_standing import RepositoryStanding, Standing
from models.queries.book import Book, read_book
from models.records import DrillRow, RestorePoint
from models.rules.coverage import Coverage
from models.rules.keeping import Removals
from models.rules.restore_points import Reason
from models.rules.retention import Semantics, keeps_oldest
from models.site.backups import BackupPlan, EngineName
from models.vocabulary import Health, Outcome, PointState

MOST_POINTS = 30
EVER = datetime.min.replace(tzinfo=UTC)
"""A part that was read long ago is read, and its age is said."""


@dataclass(frozen=True)
class PlanLine:
    """One plan of the list."""

    name: str
    title: str
    owner: str
    service: str | None
    on: str
    repository: str
    health: Health
    why: str
    """The gravest reason."""
    newest: datetime | None
    """When the newest good point was taken."""
    proven: datetime | None
    """When the newest proven point was taken."""
    points: int
    size_bytes: int | None
    """Of the newest good point."""


@dataclass(frozen=True)
class PlanList:
    """Every plan in force, and every repository with a regular check."""

    site: str
    timezone: str
    at: datetime
    plans: tuple[PlanLine, ...]
    repositories: tuple[RepositoryStanding, ...]


@dataclass(frozen=True)
class PointLine:
    """One restore point."""

    key: str
    taken_at: datetime
    state: PointState
    repository: str
    size_bytes: int
    added_bytes: int
    files: int
    seconds: float
    run_id: int
    proven_at: datetime | None
    reason: str | None
    anomalies: tuple[str, ...]
    warnings: tuple[str, ...]
    """What the source said against some of its files."""


@dataclass(frozen=True)
class DrillLine:
    """One restore test."""

    point: str
    started_at: datetime
    seconds: float
    outcome: Outcome
    reason: str
    files: int
    size_bytes: int
    checks: tuple[str, ...]
    sandbox: str
    run_id: int


@dataclass(frozen=True)
class PlanDetail:
    """Everything about one plan."""

    timezone: str
    at: datetime
    plan: BackupPlan
    health: Health
    reasons: tuple[Reason, ...]
    rpo: str
    rto: str
    copies: str
    points: tuple[PointLine, ...]
    """Newest first."""
    drills: tuple[DrillLine, ...]
    """Newest first."""


@dataclass(frozen=True)
class Preview:
    """What retention would do after a good run now."""

    plan: str
    timezone: str
    policy: str
    keeps_oldest: bool
    """By which rule: restic 0.16 began to keep the oldest point too while counts remain."""
    said_by: str
    """Who says so: the engine, the worker that took the newest point, or the person who asks."""
    decided: Removals


def list_plans(database: Database, now: datetime) -> PlanList:
    """Every plan, by name."""
    with database.read() as session:
        book = read_book(session)
        found = backup_standing.standings(session, book, now)
        repositories = backup_standing.repository_standings(session, book, EVER)
        return PlanList(book.site, book.timezone, now, tuple(_line(one) for one in found), tuple(repositories))


def show_plan(database: Database, name: str, now: datetime) -> PlanDetail:
    """One plan. Raises NotFound."""
    with database.read() as session:
        book = read_book(session)
        found = backup_standing.standing_of(session, book, known_plan(book, name), now)
        points = sorted((*found.points, *found.copied), key=lambda point: point.taken_at, reverse=True)
        return PlanDetail(
            timezone=book.timezone,
            at=now,
            plan=found.plan,
            health=found.verdict.health,
            reasons=found.verdict.reasons,
            rpo=str(found.rpo),
            rto=str(found.rto),
            copies=str(found.copies),
            points=tuple(_point(point) for point in points[:MOST_POINTS]),
            drills=tuple(_drill(row, point) for row, point in reversed(found.drills)),
        )


def preview(database: Database, name: str, asked: bool | None, now: datetime) -> Preview:
    """What the plan's retention would keep, spare and remove now. Raises NotFound.

    Whether the oldest point is kept too: as `asked`, else as the engine does that took the newest point.
    """
    with database.read() as session:
        book = read_book(session)
        plan = known_plan(book, name)
        semantics, said_by = _semantics(session, book, plan, asked)
        decided = backup_standing.decided(session, plan, semantics, now)
        return Preview(name, book.timezone, str(plan.keep), semantics.keeps_oldest, said_by, decided)


def coverage(database: Database, now: datetime) -> Coverage:
    """Which services and hosts have a backup, which have none, and which plans have lost their source."""
    with database.read() as session:
        book = read_book(session)
        return backup_standing.covered(session, book, backup_standing.stages(session), now)


def known_plan(book: Book, name: str) -> BackupPlan:
    """One plan in force. Raises NotFound, which names what there is."""
    if name not in book.backups:
        known = ", ".join(sorted(book.backups)) or "none: add one to backups.yaml"
        raise NotFound(f"there is no backup plan {name!r}; known: {known}")
    return book.backups[name]


def _semantics(session: Session, book: Book, plan: BackupPlan, asked: bool | None) -> tuple[Semantics, str]:
    """By which rule points are kept, and who says so."""
    if book.repositories[plan.to].engine is EngineName.ARCHIVE:
        return Semantics(), "the archive engine"
    if asked is not None:
        return Semantics(asked), "as you ask"
    restic = restore_points.last_engine(session, plan.name, plan.to)
    if restic is None:
        return Semantics(keeps_oldest=False), "no worker has said yet which restic it has"
    return Semantics(keeps_oldest(restic)), f"the worker of the newest point has {restic}"


def _line(found: Standing) -> PlanLine:
    newest, proven = found.verdict.newest, found.verdict.newest_proven
    sizes = {point.key: point.size_bytes for point in found.points}
    return PlanLine(
        name=found.plan.name,
        title=found.plan.title,
        owner=found.plan.owner,
        service=found.plan.service,
        on=found.plan.source.on,
        repository=found.plan.to,
        health=found.verdict.health,
        why=found.verdict.reasons[0].text,
        newest=newest.taken_at if newest else None,
        proven=proven.taken_at if proven else None,
        points=len(found.points),
        size_bytes=sizes.get(newest.key) if newest else None,
    )


def _point(point: RestorePoint) -> PointLine:
    said = {"anomalies": tuple(point.anomalies), "warnings": tuple(point.warnings)}
    return PointLine(**{name: getattr(point, name) for name in PointLine.__dataclass_fields__} | said)


def _drill(row: DrillRow, point: RestorePoint) -> DrillLine:
    return DrillLine(
        point=point.key,
        started_at=row.started_at,
        seconds=(row.ended_at - row.started_at).total_seconds(),
        outcome=row.outcome,
        reason=row.reason,
        files=row.files,
        size_bytes=row.size_bytes,
        checks=tuple(row.checks),
        sandbox=row.sandbox,
        run_id=row.run_id,
    )
