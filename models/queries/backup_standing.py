"""Where each backup plan stands: its points, drills and copies put before the rules, and the coverage of the site."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import register, restore_points
from models.queries.book import Book
from models.records import BackupPlanEntry, DrillRow, RestorePoint, Run
from models.rules import coverage
from models.rules.copies import CopiesVerdict, Copy, three_two_one
from models.rules.coverage import Asset, AssetKind, PlanScope
from models.rules.keeping import Removals, Shelf, removals
from models.rules.read_slices import ReadShare, read_share
from models.rules.recovery_figures import Figure, rpo_of, rto_of
from models.rules.restore_points import GOOD, Drill, PlanFacts, PlanVerdict, Targets, newest_of, plan_verdict, short_key
from models.rules.retention import Semantics
from models.site.backups import BackupPlan
from models.site.derived import names_of
from models.site.jobs import LOCAL
from models.site.services import Stage
from models.vocabulary import BackupFault, Outcome, PointState, RunState

DRILL_EVERY = timedelta(days=31)
"""What a plan without drills is measured by: it is never green, and says so."""
NEEDS_NONE = (Stage.PLANNED, Stage.RETIRED)


@dataclass(frozen=True)
class Standing:
    """One plan: what it is worth now, and everything that says so."""

    plan: BackupPlan
    verdict: PlanVerdict
    copies: CopiesVerdict
    rpo: Figure
    """Of the newest proven point."""
    rto: Figure
    points: tuple[RestorePoint, ...]
    """In the plan's own repository, oldest first; not the removed ones."""
    copied: tuple[RestorePoint, ...]
    """In its second repository."""
    drills: tuple[tuple[DrillRow, RestorePoint], ...]
    last_run: Run | None


@dataclass(frozen=True)
class RepositoryStanding:
    """One repository: how much of it was read lately, and what the last check said."""

    name: str
    share: ReadShare
    last_checked: datetime | None
    faults: tuple[str, ...]


def standings(session: Session, book: Book, now: datetime) -> list[Standing]:
    """Every plan in force, by name."""
    return [standing_of(session, book, book.backups[name], now) for name in sorted(book.backups)]


def standing_of(session: Session, book: Book, plan: BackupPlan, now: datetime) -> Standing:
    """One plan."""
    points = restore_points.of_plan(session, plan.name, plan.to)
    second = plan.copy_to.repository if plan.copy_to else None
    copied = restore_points.of_plan(session, plan.name, second) if second else []
    drills = restore_points.drills_of(session, plan.name)
    copies = _copies(book, plan, {plan.to: points, **({second: copied} if second else {})}, now)
    last_run = _last_run(session, names_of(plan.name)["backup"])
    targets = Targets(plan.rpo, plan.drill.at_least_every if plan.drill else DRILL_EVERY, plan.rto)
    ruled = restore_points.as_rule(points, plan.legal_hold)
    facts = PlanFacts(
        known_since=_known_since(session, plan.name) or now,
        points=ruled,
        drills=tuple(_drill(row, point) for row, point in drills),
        last_run=last_run.outcome if last_run else None,
        warnings=tuple(_warnings(plan, copies, points)),
    )
    return Standing(
        plan=plan,
        verdict=plan_verdict(targets, facts, now),
        copies=copies,
        rpo=rpo_of(newest_of(ruled, {PointState.PROVEN}, now), plan.rpo, now),
        rto=rto_of(facts.drills, plan.rto),
        points=tuple(points),
        copied=tuple(copied),
        drills=tuple(drills),
        last_run=last_run,
    )


def repository_standings(session: Session, book: Book, since: datetime) -> list[RepositoryStanding]:
    """Every repository with a regular check, by name; the share is of what was read since an instant."""
    found = []
    for name, repository in sorted(book.repositories.items()):
        checks = restore_points.checks_of(session, name)
        if repository.check is None and not checks:
            continue
        parts = repository.check.parts if repository.check else 1
        share = read_share(restore_points.slice_history(session, name), parts, since)
        last = checks[-1] if checks else None
        found.append(
            RepositoryStanding(name, share, last.ended_at if last else None, tuple(last.faults) if last else ())
        )
    return found


def stages(session: Session) -> dict[str, Stage]:
    """The services in force, by their stage."""
    return {row.name: Stage(row.spec.get("stage", Stage.LIVE)) for row in register.in_force(session, "service")}


def decided(session: Session, plan: BackupPlan, semantics: Semantics, now: datetime) -> Removals:
    """What the plan's retention removes after a good run now, and why the rest stays."""
    points = restore_points.as_rule(restore_points.of_plan(session, plan.name, plan.to), plan.legal_hold)
    return removals(Shelf(plan.name, points, plan.keep, Outcome.OK, semantics), plan.safeguards, now)


def covered(session: Session, book: Book, services: dict[str, Stage], now: datetime) -> coverage.Coverage:
    """Which services and hosts have a plan with a good point; `services` are those in force, by their stage."""
    hosts_of: dict[str, list[str]] = {}
    for name, host in book.hosts.items():
        if host.service:
            hosts_of.setdefault(host.service, []).append(name)
    assets = [
        Asset(AssetKind.SERVICE, name, stage not in NEEDS_NONE, _exemption(book, name), tuple(hosts_of.get(name, ())))
        for name, stage in sorted(services.items())
    ]
    assets += [Asset(AssetKind.HOST, name, True, _exemption(book, name)) for name in sorted(book.hosts)]
    scopes = [_scope(session, plan) for _, plan in sorted(book.backups.items())]
    return coverage.coverage(assets, scopes, now)


def _copies(book: Book, plan: BackupPlan, points: dict[str, list[RestorePoint]], now: datetime) -> CopiesVerdict:
    original = plan.source.on
    copies = []
    for name, there in points.items():
        repository = book.repositories[name]
        good = newest_of(restore_points.as_rule(there), GOOD, now)
        copies.append(Copy(name, repository.medium, repository.off_site, good.taken_at if good else None))
    return three_two_one(f"host {original}", copies, 2 * plan.rpo, now)


def _warnings(plan: BackupPlan, copies: CopiesVerdict, points: list[RestorePoint]) -> list[str]:
    found = []
    if plan.copy_to is not None and not copies.is_met:
        found.append(f"{copies}: {'; '.join(copies.reasons)}")
    if points and points[-1].anomalies:
        found += [f"unusual: {text}" for text in points[-1].anomalies]
    if plan.drill is None:
        found.append("the plan has no drill")
    return found


def _drill(row: DrillRow, point: RestorePoint) -> Drill:
    return Drill(
        point=short_key(point.key),
        point_taken_at=point.taken_at,
        started=row.started_at,
        duration=row.ended_at - row.started_at,
        outcome=row.outcome,
        reason=row.reason,
    )


def _known_since(session: Session, plan: str) -> datetime | None:
    return session.scalar(select(BackupPlanEntry.registered_at).where(BackupPlanEntry.name == plan))


def _last_run(session: Session, job: str) -> Run | None:
    query = select(Run).where(Run.job == job, Run.state == RunState.ENDED).order_by(Run.ended_at.desc()).limit(1)
    return session.scalar(query)


def _scope(session: Session, plan: BackupPlan) -> PlanScope:
    points = restore_points.of_plan(session, plan.name)
    last = _last_run(session, names_of(plan.name)["backup"])
    gone = last is not None and BackupFault.SOURCE_MISSING.value in (last.summary or "")
    return PlanScope(
        plan=plan.name,
        service=plan.service,
        host=plan.source.on if plan.source.on != LOCAL else None,
        has_good_point=any(point.state in GOOD for point in points),
        missing_source=last.summary if last is not None and gone else None,
    )


def _exemption(book: Book, name: str) -> coverage.Exemption | None:
    found = book.exemptions.get(name)
    if found is None:
        return None
    until = None
    if found.until:
        # Its last moment, so that what is said of it names the day that the site names.
        until = datetime.fromisoformat(found.until).replace(tzinfo=UTC) + timedelta(days=1, microseconds=-1)
    return coverage.Exemption(found.agreed_by, found.reason.strip(), until)
