"""What the evidence says in one sentence made by rule, and what is against it, worst first."""

from collections.abc import Iterator

from models.queries.backup_evidence.content import Found, PlanEvidence
from models.queries.daily_operations.content import Count, Counts, Mood, Verdict
from models.rules.coverage import Finding
from models.vocabulary import Health, Outcome


def verdict(found: Found) -> Verdict:
    """The verdict. Without a plan and without a run there is no data, which is not well."""
    needs = tuple(_needs(found))
    runs = found.runs
    if not (found.plans or runs.expected.number or runs.by_hand.number or found.passed.of):
        return Verdict(Mood.NO_DATA, "No data: the site has no backup plan, and no backup ran.", needs)
    headline = f"{_backups(runs)} {_tests(found.passed)} {_green(found.plans)}"
    return Verdict(Mood.NEEDS_YOU if needs else Mood.WELL, headline, needs)


def _backups(runs: Counts) -> str:
    well = runs.ended_well
    if not well.of:
        asked = f"; {runs.by_hand.number} asked for by hand" if runs.by_hand.number else ""
        return f"No planned backup has ended{asked}."
    return f"{well.number} of {well.of} planned backups were taken."


def _tests(passed: Count) -> str:
    if not passed.of:
        return "No restore was tested."
    return f"{passed.number} of {passed.of} restore tests passed."


def _green(plans: tuple[PlanEvidence, ...]) -> str:
    if not plans:
        return "No plan is in force."
    green = sum(plan.health is Health.GREEN for plan in plans)
    if len(plans) == 1:
        return f"The one plan is {'' if green else 'not '}proven and in order today."
    return f"{green} of {len(plans)} plans are proven and in order today."


def _needs(found: Found) -> Iterator[str]:
    if not found.is_complete:
        yield "The planner was silent: these rows may not be all."
    yield from _unhealthy(found.plans, Health.RED)
    named = {plan.plan for plan in found.plans if plan.health is Health.RED}
    open_ones = [failure for failure in found.failures if failure.is_open and failure.plan not in named]
    for plan in sorted({failure.plan for failure in open_ones}):
        yield f"{plan}: a restore test did not pass, and none has passed since."
    if found.coverage.not_covered:
        yield f"Without a good backup: {_some(found.coverage.not_covered)}."
    for lost in found.coverage.lost_plans:
        yield f"{lost.name}: {lost.text}."
    for repository in found.repositories:
        if repository.last_outcome not in (None, Outcome.OK):
            yield f"The last check of the repository {repository.name} did not end well."
    yield from _unhealthy(found.plans, Health.AMBER)


def _unhealthy(plans: tuple[PlanEvidence, ...], health: Health) -> Iterator[str]:
    for plan in plans:
        if plan.health is health:
            texts = [reason.text for reason in plan.reasons if reason.health is health]
            yield f"{plan.plan} is {health.value}: {'; '.join(texts)}."


def _some(findings: tuple[Finding, ...], most: int = 5) -> str:
    more = f" and {len(findings) - most} more" if len(findings) > most else ""
    return ", ".join(finding.name for finding in findings[:most]) + more
