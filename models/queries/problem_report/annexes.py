"""The annexes of the problem and known-error report: rows for a spreadsheet, spans in seconds, money by currency."""

from collections.abc import Iterable, Iterator, Sequence

from models.queries.problem_report.facts import Accepted, LinkedIncident, Load, Money, OpenProblem, Sheet, Solved
from models.queries.problem_report.measured import Measure, Spread
from models.queries.tables import Cell, Table

MEASURE_COLUMNS = (
    "measure", "month", "value", "of", "percent", "median_seconds", "p90_seconds", "number", "others_median_seconds",
    "others_p90_seconds", "others_number", "mean_before", "lower_limit", "upper_limit", "result", "target", "met",
    "rows",
)  # fmt: skip
PROBLEM_COLUMNS = (
    "problem", "title", "service", "standing", "state", "origin", "incidents_30_days", "incidents_90_days",
    "hours_90_days", "cost_90_days", "age_seconds", "team", "owner", "next_step", "who", "due_at", "change", "reopened",
    "last_incident_at", "fix", "fixed_at", "incidents_before_fix", "incidents_after_fix", "proof", "lesson",
)  # fmt: skip
PARETO_COLUMNS = (
    "problem", "title", "incidents", "hours", "cost", "part_of_hours", "parts_together", "one_of_the_few",
    "cause_known",
)  # fmt: skip
INCIDENT_COLUMNS = (
    "incident", "title", "service", "priority", "opened_at", "resolved_at", "hours", "cost", "currency", "problems",
    "known_errors",
)  # fmt: skip
KNOWN_ERROR_COLUMNS = (
    "known_error", "title", "state", "symptom", "recognised_by", "workaround", "how", "risk", "root_cause",
    "permanent_fix", "problem", "owner", "review_on", "published_at", "suggested", "used", "used_in_period", "worked",
    "settled",
)  # fmt: skip


def measures_table(measures: Iterable[Measure]) -> Table:
    """Each measure in the period, and in each month before it."""
    return Table(MEASURE_COLUMNS, tuple(row for measure in measures for row in _measure(measure)))


def problems_table(open_ones: Iterable[OpenProblem], solved: Iterable[Solved], accepted: Iterable[Accepted]) -> Table:
    """Every problem of the report; the standing says in which part of it."""
    rows = [*map(_open, open_ones), *map(_solved, solved), *map(_accepted, accepted)]
    return Table(PROBLEM_COLUMNS, tuple(rows))


def pareto_table(loads: Iterable[Load]) -> Table:
    """What each problem weighs, the heaviest first."""
    return Table(PARETO_COLUMNS, tuple(map(_load, loads)))


def incidents_table(incidents: Iterable[LinkedIncident]) -> Table:
    """Every incident of the 90 days with its hours: the sum of the parts of the Pareto."""
    return Table(INCIDENT_COLUMNS, tuple(map(_incident, incidents)))


def known_errors_table(sheets: Iterable[Sheet]) -> Table:
    """Every known error sheet."""
    return Table(KNOWN_ERROR_COLUMNS, tuple(map(_sheet, sheets)))


def _load(one: Load) -> tuple[Cell, ...]:
    return (
        one.problem, one.title, one.incidents.number, one.hours, _money(one.cost), one.part, one.together,
        _yes(one.is_vital), _yes(one.cause_known),
    )  # fmt: skip


def _incident(one: LinkedIncident) -> tuple[Cell, ...]:
    return (
        one.number, one.title, one.service, one.priority, one.opened_at, one.resolved_at, one.hours, one.cost,
        one.currency, _several(one.problems), _several(one.known_errors),
    )  # fmt: skip


def _sheet(one: Sheet) -> tuple[Cell, ...]:
    review_on = one.review_on.isoformat() if one.review_on else None
    return (
        one.number, one.title, one.state, one.symptom, one.recognise, _several(one.steps), one.how, one.risk, one.cause,
        one.permanent_fix, one.problem, one.owner, review_on, one.published_at, one.suggested, one.used_ever,
        one.used.number, one.worked.number, one.worked.of,
    )  # fmt: skip


def _measure(one: Measure) -> Iterator[tuple[Cell, ...]]:
    *before, last = one.history
    for point in before:
        yield (one.name, point.month, point.value, *(None,) * (len(MEASURE_COLUMNS) - 3))
    figure = one.figure
    limits = (one.limits.mean, one.limits.lower, one.limits.upper) if one.limits else (None,) * 3
    yield (
        one.name,
        last.month,
        figure.number if figure else last.value,
        figure.of if figure else None,
        last.value if one.is_percent else None,
        *_spread(one.took),
        *_spread(one.beside),
        *limits,
        one.result.value,
        one.target,
        None if one.is_met is None else _yes(one.is_met),
        _several(figure.rows if figure else ()),
    )


def _spread(took: Spread | None) -> tuple[Cell, ...]:
    """Median and p90 in seconds, and of how many."""
    if took is None:
        return (None, None, None)
    middle, ninety = (span.total_seconds() if span is not None else None for span in (took.median, took.ninety))
    return (middle, ninety, took.number)


def _open(one: OpenProblem) -> tuple[Cell, ...]:
    return (
        one.number, one.title, one.service, "open", one.state.value, one.origin.value, one.incidents_30,
        one.incidents_90, one.hours_90, _money(one.cost_90), one.age.total_seconds(), one.team, one.owner,
        one.step.text, one.step.who, one.step.due_at, one.change, one.reopened, one.last_at, *(None,) * 6,
    )  # fmt: skip


def _solved(one: Solved) -> tuple[Cell, ...]:
    return (
        one.number, one.title, None, "solved", one.outcome, *(None,) * 11, one.change, None, None, one.fix,
        one.fixed_at, one.before, one.after.number, one.proof, one.lesson,
    )  # fmt: skip


def _accepted(one: Accepted) -> tuple[Cell, ...]:
    return (
        one.number, one.title, None, "risk accepted", None, None, None, one.incidents_90, one.hours_90,
        _money(one.cost_90), None, None, one.by, one.why, one.by, one.until, *(None,) * 9,
    )  # fmt: skip


def _money(cost: Money) -> str:
    return " | ".join(f"{amount:.2f} {currency}" for currency, amount in sorted(cost.items()))


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _several(texts: Sequence[str]) -> str:
    return " | ".join(texts)
