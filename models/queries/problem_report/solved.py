"""The problems that were solved in the period, and the proof that their fixes hold."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from models.queries.problem_report.facts import Solved
from models.queries.problem_report.fixes import Fix, fixes_of
from models.queries.problem_report.measured import Figure
from models.queries.problem_report.reading import LOOK_BACK, SHORTLY, Ground
from models.queries.problem_report.standing import ended_in_period
from models.records import Problem
from models.rules.incidents import ticket_number
from models.vocabulary import ProblemOutcome, ProblemState, TicketKind

DAY = timedelta(days=1)


def solved(ground: Ground) -> Iterator[Solved]:
    """In the order in which they were."""
    found = [(ground.problems[key], _ended_at(ground, key)) for key in ended_in_period(ground)]
    for row, at in sorted(found, key=lambda pair: (pair[1], pair[0].id)):
        fixes = list(fixes_of(ground, row.id))
        is_fixed = row.outcome in (None, ProblemOutcome.FIXED)
        yield _solved(ground, row, at, fixes[-1] if fixes and is_fixed else None)


def _ended_at(ground: Ground, key: int) -> datetime:
    over = (ProblemState.RESOLVED, ProblemState.CLOSED)
    steps = [step for step in ground.steps[key] if step.at < ground.period.until]
    # From the last state in which it was not over.
    last = max((place for place, step in enumerate(steps) if step.state not in over), default=-1)
    return steps[min(last + 1, len(steps) - 1)].at


def _solved(ground: Ground, row: Problem, at: datetime, fix: Fix | None) -> Solved:
    until = ground.period.until
    after = fix.came_back(ground, until) if fix else []
    proof, is_proven = _proof(fix, after, until)
    articles = [known for known in ground.known_errors if known.problem_id == row.id and known.published_at]
    return Solved(
        number=row.number,
        title=row.title,
        outcome=row.outcome.value if row.outcome else ProblemState.RESOLVED.value,
        at=at,
        fix=row.fix if fix else None,
        change=row.change_reference,
        fixed_at=fix.at if fix else None,
        before=len(fix.before(ground, fix.at - SHORTLY)) if fix else 0,
        after=Figure(len(after), None, tuple(ticket_number(TicketKind.INCIDENT, key) for key in after)),
        watched=until - fix.at if fix else None,
        proof=proof,
        is_proven=is_proven,
        avoided=_avoided(ground, fix, len(after)) if fix else None,
        lesson=row.review_changes,
        articles=tuple(known.number for known in articles),
    )


def _proof(fix: Fix | None, after: list[int], until: datetime) -> tuple[str, bool | None]:
    if fix is None:
        return "there was nothing to fix", None
    days = int((until - fix.at) / DAY)
    if after:
        times = "once" if len(after) == 1 else f"{len(after)} times"
        return f"came back {times} in {_days(days)}", False
    if until - fix.at < SHORTLY:
        return f"none in {_days(days)}: too early for the proof of 30", None
    return f"none in {_days(days)}", True


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _avoided(ground: Ground, fix: Fix, after: int) -> int | None:
    """Incidents by the rate of the 90 days before the fix that did not come since; None without a rate."""
    before = len(fix.before(ground, fix.at - LOOK_BACK))
    return round(before * ((ground.period.until - fix.at) / LOOK_BACK)) - after if before else None
