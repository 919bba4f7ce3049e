"""Where problems stood at a moment: open, over, or left as they are; and what moved them in between."""

from datetime import datetime, timedelta

from models.queries.problem_report.facts import AgeRow, Balance
from models.queries.problem_report.reading import Ground
from models.vocabulary import ProblemOutcome, ProblemState

DECIDED = (ProblemState.CLOSED, ProblemState.RISK_ACCEPTED)
"""Nobody has to do anything about it."""
DAY = timedelta(days=1)
AGES = (("to 7 days", 7), ("8 to 30", 30), ("31 to 90", 90), ("91 to 180", 180), ("over 180", None))


def is_open_at(ground: Ground, problem: int, at: datetime) -> bool:
    """Whether it was there and asked for somebody, just before a moment."""
    return ground.state_at(problem, at) not in (None, *DECIDED)


def open_now(ground: Ground) -> list[int]:
    """The open problems at the end of the period."""
    return [key for key in ground.problems if is_open_at(ground, key, ground.period.until)]


def solved_in(ground: Ground, since: datetime, until: datetime) -> list[int]:
    """The problems that were resolved in a time and not reopened in it."""
    return [
        key
        for key, steps in ground.steps.items()
        if any(step.state is ProblemState.RESOLVED and since <= step.at < until for step in steps)
        and ground.state_at(key, until) in (ProblemState.RESOLVED, ProblemState.CLOSED)
    ]


def ended_in_period(ground: Ground) -> list[int]:
    """The problems that were resolved or closed in the period, and are it at its end."""
    closed = [
        key
        for key, steps in ground.steps.items()
        if any(step.state is ProblemState.CLOSED and ground.period.holds(step.at) for step in steps)
        and ground.state_at(key, ground.period.until) is ProblemState.CLOSED
    ]
    # One that was resolved the month before and closed by the clock in this one was told already.
    unsolved = [key for key in closed if ground.problems[key].outcome is not ProblemOutcome.FIXED]
    return sorted({*solved_in(ground, ground.period.since, ground.period.until), *unsolved})


def balance(ground: Ground) -> Balance:
    """Every problem that was open at the beginning, came or came again, and where it is at the end."""
    since, until = ground.period.since, ground.period.until
    carried = [key for key in ground.problems if is_open_at(ground, key, since)]
    raised = [key for key, row in ground.problems.items() if ground.period.holds(row.opened_at)]
    there = {*carried, *raised}
    at_end = {key: ground.state_at(key, until) for key in ground.problems}
    again = [key for key, state in at_end.items() if key not in there and state not in DECIDED]
    there |= set(again)
    return Balance(
        carried=len(carried),
        raised=len(raised),
        reopened=len(again),
        closed=sum(at_end[key] is ProblemState.CLOSED for key in there),
        accepted=sum(at_end[key] is ProblemState.RISK_ACCEPTED for key in there),
        open=len(open_now(ground)),
    )


def ages(ground: Ground) -> tuple[AgeRow, ...]:
    """The open problems by state and age; a state without one is left out."""
    counts: dict[ProblemState, list[int]] = {}
    for key in open_now(ground):
        state = ground.state_at(key, ground.period.until)
        if state is not None:
            old = (ground.period.until - ground.problems[key].opened_at) / DAY
            place = next(index for index, (_, days) in enumerate(AGES) if days is None or old <= days)
            counts.setdefault(state, [0] * len(AGES))[place] += 1
    return tuple(AgeRow(state, tuple(counts[state])) for state in ProblemState if state in counts)
