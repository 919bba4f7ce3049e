"""The backup and restore evidence report: what was promised, what was taken, what a restore has proven."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import backup_standing
from models.queries.backup_evidence import plans, repositories, restore_tests
from models.queries.backup_evidence.access import access
from models.queries.backup_evidence.content import BackupEvidence, Found, Hold
from models.queries.backup_evidence.facts import PointFact, RunFact
from models.queries.backup_evidence.reading import BackupJob, Ground, read_ground
from models.queries.backup_evidence.verdict import verdict
from models.queries.daily_operations import moment
from models.queries.daily_operations.content import Count
from models.queries.daily_operations.reading import Item, read_site
from models.queries.daily_operations.standing import Period
from models.rules.coverage import Coverage
from models.rules.wall_clock import zone_of
from models.vocabulary import PointState

__all__ = ["BackupEvidence", "backup_evidence"]


def backup_evidence(session: Session, period: Period, now: datetime, own_run: int | None = None) -> BackupEvidence:
    """Everything the report shows of a period, as known at `now`; the same rows give the same answer.

    `own_run` is the run that makes the report.
    """
    site, ground = read_site(session), read_ground(session, period)
    standings = backup_standing.standings(session, ground.book, now) if ground.book else []
    every_test = [restore_tests.as_fact(done, ground.book.backups if ground.book else {}) for done in ground.tests]
    tests = tuple(test for test in every_test if period.holds(test.started_at))
    complete_to = moment.complete_to(period, moment.read_now(session, now, own_run), now)
    found = Found(
        plans=tuple(plans.plan_evidence(session, ground, standings, period)),
        runs=plans.count(ground, plans.of_kind(ground, "backup")),
        passed=Count(sum(test.has_passed for test in tests), len(tests), runs=tuple(test.run for test in tests)),
        failures=restore_tests.failures(ground, every_test, period),
        coverage=_coverage(session, ground, now),
        repositories=repositories.repository_evidence(ground, period),
        is_complete=complete_to is not None and complete_to >= min(period.until, now),
    )
    points = tuple(p for p in ground.points if period.holds(p.taken_at) or period.holds(p.expired_at))
    runs = tuple(_runs(ground))
    return BackupEvidence(
        site=site.title,
        zone=zone_of(site.zone).key,
        period=period,
        made_at=now,
        made_by=own_run,
        complete_to=complete_to,
        verdict=verdict(found),
        found=found,
        tests=tests,
        untested=restore_tests.untested(standings, plans.known_since(session), now),
        unusual=tuple(point for point in points if period.holds(point.taken_at) and _is_unusual(point)),
        removed=tuple(point for point in points if period.holds(point.expired_at)),
        holds=tuple(
            Hold(one.plan.name, one.plan.legal_hold, len(one.points)) for one in standings if one.plan.legal_hold
        ),
        access=access(session, ground.book.repositories if ground.book else {}),
        restores=tuple(run for run in runs if run.kind == "restore"),
        all_runs=runs,
        points=points,
    )


def _coverage(session: Session, ground: Ground, now: datetime) -> Coverage:
    if ground.book is None:
        return Coverage((), (), (), ())
    return backup_standing.covered(session, ground.book, backup_standing.stages(session), now)


def _is_unusual(point: PointFact) -> bool:
    return bool(point.unusual or point.warnings) or point.state is PointState.BAD or point.was_bad


def _runs(ground: Ground) -> Iterator[RunFact]:
    taken: dict[int, list[str]] = {}
    for point in ground.points:
        taken.setdefault(point.run, []).append(point.key)
    for item in sorted(ground.items, key=lambda item: (item.at, item.job, item.run.id if item.run else 0)):
        yield _run(item, ground.jobs[item.job], tuple(taken.get(item.run.id, ())) if item.run else ())


def _run(item: Item, job: BackupJob, points: tuple[str, ...]) -> RunFact:
    run = item.run
    ended = run.outcome.value if run and run.outcome else None
    state = run.state.value if run else item.state.value if item.state else ""
    return RunFact(
        kind=job.kind,
        subject=job.subject,
        job=item.job,
        due_at=item.at,
        slot=item.slot,
        run=run.id if run else None,
        state=ended or state,
        attempt=run.attempt if run else 0,
        started_at=run.started_at if run else None,
        ended_at=run.ended_at if run else None,
        was_late=item.was_late,
        asked_by=run.requested_by if run else None,
        said=_said(item),
        points=points,
    )


def _said(item: Item) -> str | None:
    said = (item.run.summary if item.run else None) or item.reason
    if item.run is None or not item.run.taken_up:
        return said
    times = f" {item.run.taken_up} times" if item.run.taken_up > 1 else ""
    again = f"taken up again{times} since its worker was lost"
    return f"{said}; {again}" if said else again
