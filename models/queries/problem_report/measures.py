"""The eight measures of the first page, each with the months before it, and what control limits say of the newest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from models.queries.problem_report.fixes import fixes_of
from models.queries.problem_report.measured import Figure, Measure, Point, Result, Spread
from models.queries.problem_report.reading import LOOK_BACK, SHORTLY, Ground
from models.queries.problem_report.standing import is_open_at, solved_in
from models.rules.incidents import ticket_number
from models.rules.trends.control_limits import Judged, Signal, judge
from models.rules.trends.time_windows import TimeWindow, working_days_after
from models.vocabulary import ProblemOrigin, ProblemState, ResolutionCode, TicketKind

WORKING_DAYS = 10
ENOUGH = 10
"""Of fewer things there is no percentage, and no p90 of fewer times."""
FOUND = (
    ProblemState.ROOT_CAUSE_KNOWN,
    ProblemState.KNOWN_ERROR,
    ProblemState.FIX_IN_PROGRESS,
    ProblemState.WATCHING,
    ProblemState.RESOLVED,
)
WORSE_WHEN_HIGH = {
    Signal.ABOVE: Result.WORSE,
    Signal.BELOW: Result.BETTER,
    Signal.LONG_ABOVE: Result.LONG_WORSE,
    Signal.LONG_BELOW: Result.LONG_BETTER,
    Signal.LEAP: Result.SUDDENLY_WORSE,
    Signal.DROP: Result.SUDDENLY_BETTER,
}
BETTER_WHEN_HIGH = {
    Signal.ABOVE: Result.BETTER,
    Signal.BELOW: Result.WORSE,
    Signal.LONG_ABOVE: Result.LONG_BETTER,
    Signal.LONG_BELOW: Result.LONG_WORSE,
    Signal.LEAP: Result.SUDDENLY_BETTER,
    Signal.DROP: Result.SUDDENLY_WORSE,
}
In = Callable[[Ground, TimeWindow], Figure]


def measures(ground: Ground) -> tuple[Measure, ...]:
    """All of them, in their order."""
    old = sum(
        ground.period.until - row.opened_at > SHORTLY
        for key, row in ground.problems.items()
        if is_open_at(ground, key, ground.period.until)
    )
    solutions = _solved_incidents(ground)
    return (
        _counted(ground, _open, Said("open_problems", "Open problems", OPEN, True, f"{old} older than 30 days")),
        _counted(ground, _proactive, Said("raised_proactively", "Raised before they hurt", PROACTIVE)),
        _counted(ground, _cause_in_time, Said("root_cause_in_time", CAUSE_NAME, CAUSE)),
        _counted(ground, _with_workaround, Said("with_workaround", "Open problems with a workaround", WORKAROUND)),
        _counted(
            ground,
            lambda _, window: _matched(solutions, window),
            Said("matched", "Incidents matched to a known error", MATCHED, is_of_problems=False),
        ),
        _median(ground, solutions),
        _counted(ground, _came_back, Said("came_back", "Came back after the fix", CAME_BACK, True)),
        _counted(ground, _solved, Said("solved", "Problems solved", SOLVED)),
    )


@dataclass(frozen=True)
class Said:
    """What a measure is called, and whether less is better."""

    key: str
    name: str
    definition: str
    at_most: bool = False
    note: str = ""
    is_of_problems: bool = True
    """Of a month before the first problem, or the first incident, nothing is known."""


CAUSE_NAME = f"Root cause within {WORKING_DAYS} working days"
OPEN = "Problems at the end of the period that are not closed and whose risk nobody accepted."
PROACTIVE = (
    "Of the problems raised in the period, those found in the history before a person or a rule escalated an incident."
)
CAUSE = (
    f"Of the problems whose {WORKING_DAYS} working days (Monday to Friday) since they were raised ended in the period,"
    " those whose root cause was written down by then."
)
WORKAROUND = "Of the open problems, those with a published workaround or a published known error."
MATCHED = "Of the incidents solved in the period, those on which a known error was used, or solved as one."
MEDIAN = (
    "From opening to solution, every hour of the clock, of the incidents solved in the period: those matched to a known"
    " error, and all others."
)
CAME_BACK = (
    "Of the fixes that went in within the 90 days up to the end, those after which the problem had a new incident, or"
    " was reopened."
)
SOLVED = "Problems that were resolved in the period, of those that were open at its beginning or raised in it."


def _open(ground: Ground, window: TimeWindow) -> Figure:
    found = [key for key in ground.problems if is_open_at(ground, key, window.until)]
    return Figure(len(found), None, _numbers(ground, found))


def _proactive(ground: Ground, window: TimeWindow) -> Figure:
    raised = [row for row in ground.problems.values() if window.since <= row.opened_at < window.until]
    found = [row.id for row in raised if row.origin is ProblemOrigin.PROACTIVE]
    return Figure(len(found), len(raised), _numbers(ground, found))


def _cause_in_time(ground: Ground, window: TimeWindow) -> Figure:
    found, of = [], 0
    for key, row in ground.problems.items():
        due = working_days_after(row.opened_at, WORKING_DAYS, ground.zone)
        if window.since <= due < window.until:
            is_found = any(step.state in FOUND and step.at <= due for step in ground.steps[key])
            # What turned out to be none, or another one, within the time had no cause to be found.
            if is_found or ground.state_at(key, due) is not ProblemState.CLOSED:
                of += 1
                found += [key] if is_found else []
    return Figure(len(found), of, _numbers(ground, found))


def _with_workaround(ground: Ground, window: TimeWindow) -> Figure:
    still_open = [key for key in ground.problems if is_open_at(ground, key, window.until)]
    published = {
        row.problem_id
        for row in ground.known_errors
        if row.published_at is not None
        and row.published_at < window.until
        and (row.retired_at is None or row.retired_at >= window.until)
    }
    found = [key for key in still_open if key in published or _has_workaround(ground, key, window.until)]
    return Figure(len(found), len(still_open), _numbers(ground, found))


def _has_workaround(ground: Ground, key: int, at: datetime) -> bool:
    told = ground.problems[key].workaround_at
    accepted = any(step.state is ProblemState.KNOWN_ERROR and step.at < at for step in ground.steps[key])
    return accepted or (told is not None and told < at)


def _solved_incidents(ground: Ground) -> pd.DataFrame:
    """The incidents that have a solution: when, how long it took, whether a known error was used."""
    used = {use.incident for use in ground.uses}
    rows = [
        (one.id, one.resolved_at, one.hours, one.id in used or one.code is ResolutionCode.KNOWN_ERROR)
        for one in ground.incidents.values()
        if one.resolved_at is not None
    ]
    return pd.DataFrame(rows, columns=["incident", "at", "hours", "matched"])


def _in(frame: pd.DataFrame, window: TimeWindow) -> pd.DataFrame:
    return frame[(frame["at"] >= window.since) & (frame["at"] < window.until)] if len(frame) else frame


def _matched(solutions: pd.DataFrame, window: TimeWindow) -> Figure:
    solved = _in(solutions, window)
    found = [ticket_number(TicketKind.INCIDENT, int(key)) for key in solved.loc[solved["matched"] == True, "incident"]]  # noqa: E712 - a column
    return Figure(len(found), len(solved), tuple(found))


def _came_back(ground: Ground, window: TimeWindow) -> Figure:
    fixes = [
        fix
        for key in ground.problems
        for fix in fixes_of(ground, key)
        if window.until - LOOK_BACK <= fix.at < window.until
    ]
    back = [fix.problem for fix in fixes if fix.has_failed(ground, window.until)]
    return Figure(len(back), len(fixes), _numbers(ground, back))


def _solved(ground: Ground, window: TimeWindow) -> Figure:
    found = solved_in(ground, window.since, window.until)
    there = [
        key
        for key, row in ground.problems.items()
        if window.since <= row.opened_at < window.until or is_open_at(ground, key, window.since)
    ]
    return Figure(len(found), len(there), _numbers(ground, found))


def _counted(ground: Ground, count: In, said: Said) -> Measure:
    figures = [count(ground, window) for window in ground.windows]
    is_percent = figures[-1].of is not None
    rows = ground.problems if said.is_of_problems else ground.incidents
    began = min((row.opened_at for row in rows.values()), default=ground.period.until)
    # A month of which nothing is known had not none of it.
    known = [began < window.until for window in ground.windows]
    values = [_value(figure) if there else None for figure, there in zip(figures, known, strict=True)]
    judged = judge(_whole(ground, values), ceiling=100.0 if is_percent else None)
    nothing = figures[-1].of == 0
    return Measure(
        key=said.key,
        name=said.name,
        definition=said.definition,
        figure=figures[-1],
        before=figures[-2] if known[-2] else None,
        took=None,
        beside=None,
        note=said.note,
        is_percent=is_percent,
        history=_history(ground, values),
        limits=judged.limits,
        result=Result.NOT_MEASURED if nothing else _result(judged, _words(said.at_most)),
        at_most=said.at_most,
    )


def _words(at_most: bool) -> dict[Signal, Result]:
    return WORSE_WHEN_HIGH if at_most else BETTER_WHEN_HIGH


def _value(figure: Figure) -> float | None:
    if figure.of is None:
        return float(figure.number)
    return 100 * figure.number / figure.of if figure.of >= ENOUGH else None


def _median(ground: Ground, solved: pd.DataFrame) -> Measure:
    parts = [_in(solved, window) for window in ground.windows]
    values = [_middle(part.loc[part["matched"] == True, "hours"]) for part in parts]  # noqa: E712 - a column
    matched, others = (parts[-1].loc[parts[-1]["matched"] == which, "hours"] for which in (True, False))
    judged = judge(_whole(ground, values))
    return Measure(
        key="time_to_solve",
        name="Time to solve, matched and others",
        definition=MEDIAN,
        figure=None,
        before=None,
        took=_spread(matched),
        beside=_spread(others),
        note="",
        is_percent=False,
        history=_history(ground, values),
        limits=judged.limits,
        result=_result(judged, WORSE_WHEN_HIGH) if len(matched) else Result.NOT_MEASURED,
        at_most=True,
    )


def _middle(hours: "pd.Series[float]") -> float | None:
    return float(hours.median()) if len(hours) else None


def _spread(hours: "pd.Series[float]") -> Spread:
    if not len(hours):
        return Spread(0, None, None)
    ninety = timedelta(hours=float(hours.quantile(0.9))) if len(hours) >= ENOUGH else None
    return Spread(len(hours), timedelta(hours=float(hours.median())), ninety)


def _whole(ground: Ground, values: list[float | None]) -> list[float | None]:
    """A month that is not over is not judged by those that are."""
    return values if ground.windows[-1].is_whole else [*values[:-1], None]


def _history(ground: Ground, values: list[float | None]) -> tuple[Point, ...]:
    return tuple(Point(window.name, value) for window, value in zip(ground.windows, values, strict=True))


def _result(judged: Judged, words: dict[Signal, Result]) -> Result:
    return words.get(judged.signal, Result.USUAL if judged.signal is Signal.USUAL else Result.TOO_EARLY)


def _numbers(ground: Ground, keys: Iterable[int]) -> tuple[str, ...]:
    return tuple(ground.problems[key].number for key in sorted(keys))
