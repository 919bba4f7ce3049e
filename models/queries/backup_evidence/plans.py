"""What each plan in force promises, and how its backups kept the promise over the period."""

import statistics
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries.backup_evidence.content import Keeping, PlanEvidence, Policy, Reason, RpoKept, Sizes
from models.queries.backup_evidence.facts import PointFact
from models.queries.backup_evidence.reading import Ground
from models.queries.backup_standing import Standing
from models.queries.book import Book
from models.queries.daily_operations import figures
from models.queries.daily_operations.content import Counts
from models.queries.daily_operations.standing import Period
from models.records import BackupPlanEntry, Service
from models.rules.recovery_figures import rpo_over
from models.rules.restore_points import Point
from models.rules.schedule import Schedule
from models.rules.schedule_words import explain
from models.site.backups import BackupPlan, EngineName, Repository, Source
from models.site.derived import names_of
from models.vocabulary import Health

RANK = (Health.RED, Health.AMBER, Health.GREEN)


def entries(session: Session) -> dict[str, BackupPlanEntry]:
    """The plans' rows in the register, by name."""
    return {row.name: row for row in session.scalars(select(BackupPlanEntry))}


def known_since(session: Session) -> dict[str, datetime]:
    """Since when each plan stands in the register."""
    return {name: row.registered_at for name, row in entries(session).items()}


def tiers(session: Session) -> dict[str, int | None]:
    """How much the company needs each service."""
    return {row.name: row.spec.get("tier") for row in session.scalars(select(Service))}


def plan_evidence(session: Session, ground: Ground, standings: list[Standing], period: Period) -> list[PlanEvidence]:
    """Every plan in force, the worst first."""
    rows, tier_of = entries(session), tiers(session)
    if ground.book is None:
        return []
    found = [
        PlanEvidence(
            plan=standing.plan.name,
            title=standing.plan.title,
            health=standing.verdict.health,
            reasons=tuple(Reason(reason.health, reason.text) for reason in standing.verdict.reasons),
            policy=_policy(ground.book, standing, rows[standing.plan.name], tier_of),
            runs=count(ground, {names_of(standing.plan.name)["backup"]}),
            tests=count(ground, {names_of(standing.plan.name)["drill"]}),
            rpo=_rpo(ground, standing.plan, rows[standing.plan.name].registered_at, period),
            sizes=_sizes(ground, standing.plan, period),
        )
        for standing in standings
    ]
    return sorted(found, key=lambda plan: (RANK.index(plan.health), plan.plan))


def count(ground: Ground, jobs: set[str]) -> Counts:
    """What became of the expected runs of these jobs, and of those by hand."""
    kinds = (ground.expected, ground.by_hand, ground.carried)
    return figures.count_all(*([item for item in items if item.job in jobs] for items in kinds))


def of_kind(ground: Ground, kind: str) -> set[str]:
    """The jobs that do this, of whatever plan."""
    return {name for name, job in ground.jobs.items() if job.kind == kind}


def _policy(book: Book, standing: Standing, row: BackupPlanEntry, tier_of: Mapping[str, int | None]) -> Policy:
    plan = standing.plan
    names = [plan.to, *([plan.copy_to.repository] if plan.copy_to else [])]
    return Policy(
        owner=plan.owner,
        service=plan.service,
        tier=tier_of.get(plan.service) if plan.service else None,
        source=_source(plan.source),
        host=plan.source.on,
        schedule=_words(book, plan.schedule),
        rpo=plan.rpo,
        rto=plan.rto,
        keep=str(plan.keep),
        at_least=plan.safeguards.at_least,
        legal_hold=plan.legal_hold,
        kept_in=tuple(_keeping(book.repositories[name]) for name in names),
        copies=str(standing.copies),
        copies_met=standing.copies.is_met,
        copies_missing=standing.copies.reasons,
        drill=_words(book, plan.drill.schedule) if plan.drill else None,
        drill_every=plan.drill.at_least_every if plan.drill else None,
        sha256=row.sha256,
        in_force_since=row.registered_at,
    )


def _words(book: Book, schedule: Schedule | None) -> str | None:
    """The time zone is told where it is not the site's."""
    return explain(schedule).removesuffix(f" ({book.timezone})") if schedule else None


def _keeping(repository: Repository) -> Keeping:
    return Keeping(
        repository.name, repository.engine.value, encryption(repository), repository.medium, repository.off_site
    )


def encryption(repository: Repository) -> str:
    """How the points there are encrypted; restic knows no other way."""
    if repository.engine is EngineName.RESTIC:
        return "AES-256 by restic"
    if repository.recipients:
        keys = len(repository.recipients)
        return f"age, {keys} recipient{'' if keys == 1 else 's'}"
    return "none"


def _source(source: Source) -> str:
    if source.postgresql is not None:
        return f"PostgreSQL database {source.postgresql.database}"
    if source.sqlite is not None:
        return f"SQLite file {source.sqlite}"
    if source.command is not None:
        return f"output of {source.command.argv[0]} as {source.command.produces}"
    return "Watchbill itself" if source.watchbill else ", ".join(source.paths)


def _rpo(ground: Ground, plan: BackupPlan, known_since: datetime, period: Period) -> RpoKept:
    since = max(period.since, known_since)
    good = [point for point in own_points(ground, plan) if point.has_been_good]
    points = [Point(point.key, plan.name, point.taken_at, point.state) for point in good]
    kept = rpo_over(points, plan.rpo, since, period.until)
    keys = [point.key for point in points if period.holds(point.taken_at)]
    return RpoKept(since, kept.part_met, kept.longest_gap, tuple(keys))


def own_points(ground: Ground, plan: BackupPlan) -> list[PointFact]:
    """The plan's points in its own repository, removed ones too; oldest first."""
    return [point for point in ground.points if point.plan == plan.name and point.repository == plan.to]


def _sizes(ground: Ground, plan: BackupPlan, period: Period) -> Sizes | None:
    points = [point for point in own_points(ground, plan) if period.holds(point.taken_at)]
    if not points:
        return None
    sizes = [point.size_bytes for point in points]
    return Sizes(
        points=tuple(point.key for point in points),
        newest_bytes=points[-1].size_bytes,
        newest_files=points[-1].files,
        smallest_bytes=min(sizes),
        median_bytes=round(statistics.median(sizes)),
        largest_bytes=max(sizes),
        added_bytes=sum(point.added_bytes for point in points),
    )
