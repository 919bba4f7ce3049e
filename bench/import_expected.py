"""What the figures of an imported log are compared with: those that were computed from the file itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from desk.services.measures import MeasureOrder, Measures, measure
from models.database import Database
from models.rules.measures import By, Spread
from models.vocabulary import TicketKind

NEAR = 0.00011


def differences(database: Database, expected: Mapping[str, Any]) -> Iterator[str]:
    """Each figure that is not as expected."""
    kind = TicketKind.PROBLEM if "impact_cases" in expected else TicketKind.INCIDENT
    found = measure(database, MeasureOrder(kind, "all", By.IMPACT))
    for name, wanted, got in _pairs(expected, found):
        if isinstance(wanted, float):
            if abs(wanted - got) > NEAR:
                yield f"{name}: {wanted} is expected, {got} is measured"
        elif wanted != got:
            yield f"{name}: {wanted} is expected, {got} is measured"


def _pairs(expected: Mapping[str, Any], found: Measures) -> Iterator[tuple[str, Any, Any]]:
    there, all_ = found.there, found.all
    if there is None:
        yield "imported", True, False
        return
    yield "cases", expected["cases"], all_.opened
    yield "events", expected["events"], there.rows
    if "act_events" not in expected:
        yield from _of_help_desk(expected, found)
        return
    yield "act_events", expected["act_events"], dict(there.rows_by_state)
    yield "last_act", expected["last_act"], dict(there.tickets_by_last_state)
    groups = {group.name: group.figures for group in found.groups}
    yield "impact_cases", expected["impact_cases"], {name: one.opened for name, one in groups.items()}
    yield "top_products_cases", expected["top_products_cases"], dict(found.top["service"])
    yield from _spread("duration_h", expected["duration_h"], all_.course_hours)
    yield from _spread("to_completed_h", expected["to_completed_h"], all_.first_resolution_hours)
    for name, spread in expected["duration_h_by_impact"].items():
        yield from _spread(f"duration_h of {name}", spread, groups[name].course_hours)
    handovers = expected["handovers"]
    yield "handovers mean", handovers["mean"], all_.handovers_mean
    yield "handovers max", handovers["max"], all_.handovers_most
    yield "handovers zero", handovers["zero"], all_.without_handover
    yield "ping-pong", expected["pingpong_cases"], all_.ping_pong
    yield "reopened", expected["reopened_cases"], all_.reopened


def _of_help_desk(expected: Mapping[str, Any], found: Measures) -> Iterator[tuple[str, Any, Any]]:
    there, all_ = found.there, found.all
    yield "activity_events", expected["activity_events"], dict(there.rows_by_state if there else {})
    yield "last_activity", expected["last_activity"], dict(there.tickets_by_last_state if there else {})
    yield "left_resolved_or_closed_again", expected["left_resolved_or_closed_again"], all_.reopened
    days = {name: value if name == "n" else value * 24 for name, value in expected["duration_days"].items()}
    yield from (
        (f"duration {name}", round(value, 1), round(getattr(all_.course_hours, name), 1))
        for name, value in days.items()
    )


def _spread(name: str, expected: Mapping[str, float], found: Spread) -> Iterator[tuple[str, float, float]]:
    for measure_name, value in expected.items():
        yield f"{name} {measure_name}", value, getattr(found, measure_name)
