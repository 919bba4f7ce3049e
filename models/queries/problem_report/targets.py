"""The measures against what was agreed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from models.queries.problem_report.measured import Measure
from models.site.problem_targets import ProblemTargets

HOUR = timedelta(hours=1)


def with_targets(measures: Iterable[Measure], targets: ProblemTargets) -> tuple[Measure, ...]:
    """The measures, each with its target where one was agreed, and whether it is met."""
    return tuple(_against(one, getattr(targets, one.key)) for one in measures)


def _against(one: Measure, agreed: int | timedelta | None) -> Measure:
    if agreed is None:
        return one
    target = agreed / HOUR if isinstance(agreed, timedelta) else float(agreed)
    value = _measured(one)
    if value is None:
        return replace(one, target=target)
    return replace(one, target=target, is_met=value <= target if one.at_most else value >= target)


def _measured(one: Measure) -> float | None:
    """Its exact value, also of few things: whether they meet it can be said of any number."""
    if one.took is not None:
        return one.took.median / HOUR if one.took.median is not None else None
    if one.figure is None or one.figure.of == 0:
        return None
    return float(one.figure.number) if one.figure.of is None else 100 * one.figure.number / one.figure.of
