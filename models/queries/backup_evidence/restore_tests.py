"""Restore tests: each with its targets; what became of the failed ones; the plans that have none in time."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from models.queries.backup_evidence.content import Untested
from models.queries.backup_evidence.facts import Failure, RestoreTest, Retest
from models.queries.backup_evidence.reading import DoneTest, Ground
from models.queries.backup_standing import DRILL_EVERY, Standing
from models.queries.daily_operations.reading import Item
from models.queries.daily_operations.standing import Period
from models.rules.durations import parse_duration
from models.site.backups import BackupPlan, Which
from models.vocabulary import Outcome, RunState, SlotState

BY_NAME = "by name"


def as_fact(done: DoneTest, plans: Mapping[str, BackupPlan]) -> RestoreTest:
    """One test. Its targets are those of its own time: the run keeps the plan that it worked by."""
    drill, point, run = done.drill, done.point, done.run
    spec: dict[str, Any] = run.plan.get("specs", {}).get(f"backup/{drill.plan}", {})
    plan = plans.get(drill.plan)
    words = run.plan.get("parameters", {}).get("point", Which.LATEST.value)
    return RestoreTest(
        drill=drill.id,
        run=drill.run_id,
        plan=drill.plan,
        point=point.key,
        repository=point.repository,
        point_run=point.run_id,
        point_taken_at=point.taken_at,
        point_state=point.state,
        chosen=words if words in list(Which) else BY_NAME,
        started_at=drill.started_at,
        ended_at=drill.ended_at,
        asked_by=run.requested_by,
        worker=run.worker,
        sandbox=drill.sandbox,
        files=drill.files,
        size_bytes=drill.size_bytes,
        checks=tuple(drill.checks),
        findings=tuple(drill.findings),
        outcome=drill.outcome,
        reason=drill.reason,
        rto_target=_target(spec.get("rto"), plan.rto if plan else None),
        rpo_target=_target(spec.get("rpo"), plan.rpo if plan else None),
    )


def _target(then: object, now: timedelta | None) -> timedelta | None:
    return parse_duration(then) if then is not None else now


def failures(ground: Ground, tests: list[RestoreTest], period: Period) -> tuple[Failure, ...]:
    """Tests of the period that did not pass, and earlier ones that were open at its beginning; open ones first."""
    found = [*_failed(ground, tests, period), *_without_result(ground, tests)]
    return tuple(sorted(found, key=lambda failure: (not failure.is_open, failure.at, failure.plan)))


def _failed(ground: Ground, tests: list[RestoreTest], period: Period) -> Iterator[Failure]:
    for test in tests:
        if test.has_passed or test.started_at >= period.until:
            continue
        retest = _retest(tests, test.plan, test.ended_at, test.point)
        is_carried = test.started_at < period.since
        if is_carried and retest is not None and retest.at < period.since:
            continue
        yield Failure(
            plan=test.plan,
            at=test.started_at,
            run=test.run,
            slot=None,
            drill=test.drill,
            word=test.outcome.value,
            why=test.reason,
            point=test.point,
            point_state=test.point_state,
            is_carried=is_carried,
            retest=retest,
            **_who(ground, test.plan),
        )


def _without_result(ground: Ground, tests: list[RestoreTest]) -> Iterator[Failure]:
    """Runs of tests that ended badly, or never began, and left no result: not one of them may go untold."""
    told = {test.run for test in tests}
    for item in ground.items:
        job = ground.jobs[item.job]
        if job.kind != "drill" or (item.run is not None and item.run.id in told) or not _is_bad(item):
            continue
        yield Failure(
            plan=job.subject,
            at=item.at,
            run=item.run.id if item.run else None,
            slot=item.slot,
            drill=None,
            word=_ended(item),
            why=(item.run.summary if item.run else None) or item.reason or "nothing was said",
            point=None,
            point_state=None,
            is_carried=False,
            retest=_retest(tests, job.subject, item.ended_at or item.at, None),
            **_who(ground, job.subject),
        )


def _is_bad(item: Item) -> bool:
    if item.run is None:
        return item.state in (SlotState.MISSED, SlotState.FAILED)
    return item.run.state is RunState.ENDED and item.run.outcome not in (Outcome.OK, Outcome.SKIPPED)


def _ended(item: Item) -> str:
    outcome = item.run.outcome if item.run else None
    return (outcome or item.state or Outcome.UNKNOWN).value


def _retest(tests: list[RestoreTest], plan: str, after: datetime, point: str | None) -> Retest | None:
    for test in tests:
        if test.plan == plan and test.has_passed and test.started_at >= after:
            return Retest(test.run, test.ended_at, test.point, test.point == point)
    return None


def _who(ground: Ground, plan: str) -> dict[str, Any]:
    found = ground.book.backups.get(plan) if ground.book else None
    if found is None:
        return {"is_in_force": False, "owner": None, "runbook": None}
    return {"is_in_force": True, "owner": found.owner, "runbook": found.runbook.strip()}


def untested(standings: list[Standing], known: Mapping[str, datetime], now: datetime) -> tuple[Untested, ...]:
    """The plans in force whose last passed test is older than their interval, or that have none; longest first."""
    found = []
    for standing in standings:
        plan = standing.plan
        passed = [drill for drill, _ in standing.drills if drill.outcome is Outcome.OK]
        since = passed[-1].ended_at if passed else known.get(plan.name, now)
        every = plan.drill.at_least_every if plan.drill else None
        is_overdue = now - since > (every or DRILL_EVERY)
        if passed and every is not None and not is_overdue:
            continue
        found.append(
            Untested(
                plan=plan.name,
                owner=plan.owner,
                last_passed=passed[-1].ended_at if passed else None,
                last_run=passed[-1].run_id if passed else None,
                known_since=known.get(plan.name, now),
                every=every,
                is_overdue=is_overdue,
            )
        )
    return tuple(sorted(found, key=lambda line: (line.last_passed or line.known_since, line.plan)))
