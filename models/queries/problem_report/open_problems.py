"""The open problems, those that cost the most first: what is next, by whom and until when."""

from collections.abc import Iterator
from datetime import datetime

import pandas as pd

from models.queries.problem_report.facts import Accepted, NextStep, OpenProblem, Promise
from models.queries.problem_report.lost import money_of
from models.queries.problem_report.reading import SHORTLY, Ground
from models.queries.problem_report.standing import open_now
from models.records import Problem, ProblemTask
from models.vocabulary import ProblemState

NEXT = {
    ProblemState.NEW: "Judge how grave it is",
    ProblemState.ASSESSED: "Look for its cause",
    ProblemState.UNDER_INVESTIGATION: "Find its root cause",
    ProblemState.ROOT_CAUSE_KNOWN: "Write down a workaround, or begin the fix",
    ProblemState.KNOWN_ERROR: "Decide on the fix",
    ProblemState.FIX_IN_PROGRESS: "Bring the fix in",
    ProblemState.WATCHING: "Watch that nothing comes back",
    ProblemState.RESOLVED: "Closes unless something comes back",
}


def open_problems(ground: Ground, loads: pd.DataFrame) -> tuple[OpenProblem, ...]:
    """Those that cost the most hours in 90 days first."""
    weights = {int(key): rows for key, rows in loads.groupby("problem")}
    none = loads.iloc[:0]
    found = [_open(ground, key, weights.get(key, none)) for key in open_now(ground)]
    return tuple(
        sorted(found, key=lambda one: (-one.hours_90, -one.incidents_90, -one.age.total_seconds(), one.number))
    )


def _open(ground: Ground, key: int, load: pd.DataFrame) -> OpenProblem:
    row, until = ground.problems[key], ground.period.until
    opened = [ground.incidents[one].opened_at for one in ground.incidents_of.get(key, ())]
    state = ground.state_at(key, until) or row.state
    return OpenProblem(
        number=row.number,
        title=row.title,
        service=row.service,
        effect=f"{row.priority}, impact {row.impact}",
        state=state,
        origin=row.origin,
        incidents_30=sum(at >= until - SHORTLY for at in opened),
        incidents_90=sum(at >= ground.since_90 for at in opened),
        hours_90=float(load["hours"].sum()),
        cost_90=money_of(load),
        age=until - row.opened_at,
        team=row.team,
        owner=row.owner,
        step=_step(ground, row, state),
        change=row.change_reference,
        reopened=row.reopened,
        last_at=max(opened, default=None),
    )


def _step(ground: Ground, row: Problem, state: ProblemState) -> NextStep:
    """The first task that is to be done; without one, what its state asks for."""
    until = ground.period.until
    tasks = [task for task in ground.tasks[row.id] if not _is_done(task, until) and task.added_at < until]
    if tasks:
        first = min(tasks, key=lambda task: (task.due_at is None, task.due_at or task.added_at, task.id))
        return NextStep(first.title, first.owner or row.owner, first.due_at, _is_past(first.due_at, until))
    due = (
        row.watch_until if state is ProblemState.WATCHING else row.close_at if state is ProblemState.RESOLVED else None
    )
    due = due or row.target_at
    return NextStep(NEXT[state], row.owner, due, _is_past(due, until))


def _is_done(task: ProblemTask, until: datetime) -> bool:
    return task.done_at is not None and task.done_at < until


def _is_past(at: datetime | None, until: datetime) -> bool:
    return at is not None and at < until


def promises(ground: Ground) -> Iterator[Promise]:
    """The tasks that were due in the period, the earliest first."""
    until = ground.period.until
    found = [(task, key) for key, tasks in ground.tasks.items() for task in tasks if ground.period.holds(task.due_at)]
    for task, key in sorted(found, key=lambda pair: (pair[0].due_at, pair[0].id)):
        done = task.done_at if _is_done(task, until) else None
        if task.due_at is not None:
            yield Promise(ground.problems[key].number, task.title, task.owner, task.due_at, done)


def accepted(ground: Ground, loads: pd.DataFrame) -> Iterator[Accepted]:
    """The problems that are lived with at the end of the period; that end first first."""
    until = ground.period.until
    rows = [row for key, row in ground.problems.items() if ground.state_at(key, until) is ProblemState.RISK_ACCEPTED]
    for row in sorted(rows, key=lambda one: (one.risk_until is None, one.risk_until or until, one.id)):
        load = loads[loads["problem"] == row.id]
        if row.risk_until is not None:
            yield Accepted(
                number=row.number,
                title=row.title,
                by=row.risk_by or "nobody is named",
                until=row.risk_until,
                why=row.risk_words or "",
                incidents_90=len(load),
                hours_90=float(load["hours"].sum()),
                cost_90=money_of(load),
                ends_soon=row.risk_until <= until + SHORTLY,
            )
