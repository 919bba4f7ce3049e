"""The hours and the money that incidents have cost over 90 days, and which problems they come from (Pareto)."""

from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

from models.queries.problem_report.facts import LinkedIncident, Load, Lost, Money
from models.queries.problem_report.measured import Figure
from models.queries.problem_report.reading import Ground, IncidentFact
from models.rules.incidents import ticket_number
from models.rules.trends.pareto import pareto
from models.vocabulary import TicketKind

NONE = 0
"""The key of incidents without a problem: no problem has it."""
WITHOUT = "incidents without a problem"
COLUMNS = ("incident", "problem", "hours", "currency", "cost")


def loads_of(ground: Ground) -> pd.DataFrame:
    """One row for each incident of the 90 days and each of its problems, with its part of the hours and of the cost."""
    rows = []
    for one in recent(ground):
        problems = ground.problems_of.get(one.id, (NONE,))
        currency, cost = cost_of(ground, one)
        for problem in problems:
            rows.append((one.id, problem, one.hours / len(problems), currency or "", (cost or 0.0) / len(problems)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def recent(ground: Ground) -> list[IncidentFact]:
    """The incidents that were opened in the 90 days."""
    return [one for one in ground.incidents.values() if one.opened_at >= ground.since_90]


def cost_of(ground: Ground, incident: IncidentFact) -> tuple[str | None, float | None]:
    """What an incident has cost, when its service says what an hour costs."""
    price = ground.prices.get(incident.service or "")
    return (price[0], price[1] * incident.hours) if price else (None, None)


def money_of(frame: pd.DataFrame) -> Money:
    """The cost of these rows, by currency."""
    priced = frame[frame["currency"] != ""]
    return {str(name): round(float(cost), 2) for name, cost in priced.groupby("currency")["cost"].sum().items()}


def lost(ground: Ground, loads: pd.DataFrame) -> Lost:
    """What the 90 days have cost, and the problems by what they weigh."""
    hours = float(loads["hours"].sum())
    known = [key for key in ground.problems if is_cause_known(ground, key)]
    return Lost(
        since=ground.since_90,
        until=ground.period.until,
        incidents=int(loads["incident"].nunique()),
        hours=hours,
        cost=money_of(loads),
        hours_known=float(loads.loc[loads["problem"].isin(known), "hours"].sum()),
        hours_with_problem=float(loads.loc[loads["problem"] != NONE, "hours"].sum()),
        hours_without_price=float(loads.loc[loads["currency"] == "", "hours"].sum()),
        pareto=tuple(_bars(ground, loads)),
        by_cost=_vital_by_cost(loads),
    )


def is_cause_known(ground: Ground, problem: int) -> bool:
    """Whether its root cause was found by the end of the period, and nobody had thrown it away."""
    said = [
        step.facts["cause"] for step in ground.steps[problem] if step.at < ground.period.until and "cause" in step.facts
    ]
    return bool(said and said[-1] is not None)


def _bars(ground: Ground, loads: pd.DataFrame) -> Iterator[Load]:
    groups = {int(key): rows for key, rows in loads.groupby("problem")}
    weights = [(str(key), float(rows["hours"].sum())) for key, rows in groups.items()]
    for bar in pareto(weights):
        key = int(bar.name)
        rows = groups[key]
        incidents = tuple(ticket_number(TicketKind.INCIDENT, int(one)) for one in sorted(rows["incident"]))
        problem = ground.problems.get(key)
        yield Load(
            problem=problem.number if problem else None,
            title=problem.title if problem else WITHOUT,
            incidents=Figure(len(incidents), None, incidents),
            hours=bar.weight,
            cost=money_of(rows),
            part=bar.part,
            together=bar.together,
            is_vital=bar.is_vital,
            cause_known=problem is not None and is_cause_known(ground, key),
        )


def _vital_by_cost(loads: pd.DataFrame) -> tuple[str, ...]:
    priced = loads[loads["currency"] != ""]
    if priced["currency"].nunique() != 1:
        return ()
    costs = priced.groupby("problem")["cost"].sum()
    bars = pareto((_name_of(int(key)), float(cost)) for key, cost in costs.items())
    return tuple(bar.name for bar in bars if bar.is_vital)


def _name_of(problem: int) -> str:
    return WITHOUT if problem == NONE else ticket_number(TicketKind.PROBLEM, problem)


def linked(ground: Ground) -> Iterator[LinkedIncident]:
    """The incidents of the 90 days, the longest first."""
    used: dict[int, list[str]] = defaultdict(list)
    numbers = {row.id: row.number for row in ground.known_errors}
    for use in ground.uses:
        used[use.incident].append(numbers[use.known_error])
    for one in sorted(recent(ground), key=lambda found: (-found.hours, found.id)):
        currency, cost = cost_of(ground, one)
        yield LinkedIncident(
            number=ticket_number(TicketKind.INCIDENT, one.id),
            title=one.title,
            service=one.service,
            priority=one.priority,
            opened_at=one.opened_at,
            resolved_at=one.resolved_at,
            hours=one.hours,
            cost=cost,
            currency=currency,
            problems=tuple(ground.problems[key].number for key in ground.problems_of.get(one.id, ())),
            known_errors=tuple(used[one.id]),
        )
