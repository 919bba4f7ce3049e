"""Kind `sla`: due instants, elapsed business time, working days, and whole scenarios of service desks."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from models.rules import business_time
from models.rules.calendars import Calendar, is_open
from tests.conformance import behaviours, scenarios
from tests.conformance.cases import Case, VectorError, fields, rows
from tests.conformance.sla_values import instant, number, read_calendar

SETS = ("otobo", "glpi", "rt", "zammad", "business_time")
_TOLD = {"source", "note", "schedules", "calendars"}
_NOTES = {"name", "note", "agrees_with_ref"}
Calendars = Mapping[str, Calendar]


def run(document: Mapping[str, Any]) -> Iterator[Case]:
    fields(document, "sla", {"kind", "sets"}, {"schema", "rule", "priority_matrices"})
    _check_matrices(document.get("priority_matrices", {}))
    sets = fields(document["sets"], "sets", (), SETS)
    if not sets:
        raise VectorError("sets: at least one set is expected")
    for name, value in sets.items():
        yield from _run_set(value, name)


def _run_set(value: Any, where: str) -> Iterator[Case]:
    given = fields(value, where, (), {*_TOLD, *_PARTS})
    parts = [part for part in _PARTS if part in given]
    if not parts:
        raise VectorError(f"{where}: no cases; known: {', '.join(_PARTS)}")
    named = {**_named_calendars(given, where, "calendars"), **_named_calendars(given, where, "schedules")}
    for part in parts:
        for place, element in rows(given[part], f"{where}.{part}"):
            yield _PARTS[part](element, place, named)


def _named_calendars(given: Mapping[str, Any], where: str, field: str) -> dict[str, Calendar]:
    found = given.get(field, {})
    if not isinstance(found, dict):
        raise VectorError(f"{where}.{field}: an object is expected")
    return {name: read_calendar(value, f"{where}.{field}.{name}", name) for name, value in found.items()}


def _vector(value: Any, where: str, named: Calendars) -> Case:
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind not in _KINDS:
        raise VectorError(f"{where}: unknown kind {kind!r}; known: {', '.join(_KINDS)}")
    needed, optional, fault = _KINDS[kind]
    vector = fields(value, where, {"kind", "calendar", *needed}, {*_NOTES, *optional})
    calendar = vector["calendar"]
    known = _calendar(calendar, where, named) if isinstance(calendar, str) else read_calendar(calendar, where)
    return Case(f"{where} {kind} {vector.get('name', '')}".rstrip(), fault(vector, where, known))


def _due(vector: Mapping[str, Any], where: str, calendar: Calendar) -> str | None:
    start, length = instant(vector["start"], where), timedelta(seconds=number(vector["seconds"], where))
    expected = instant(vector["expected"], where)
    if not vector.get("invalid", False):
        return _differ(expected, business_time.due, calendar, start, length)
    # The file writes no amount (0 s) for a unit that the tool refuses: then nothing is asked of the calendar.
    try:
        if length:
            return f"expected a refusal, found {business_time.due(calendar, start, length)}"
    except ValueError:
        pass
    return _compared(expected, start)


def _elapsed(vector: Mapping[str, Any], where: str, calendar: Calendar) -> str | None:
    start, end = instant(vector["start"], where), instant(vector["end"], where)
    expected = timedelta(seconds=number(vector["expected_seconds"], where))
    return _differ(expected, business_time.elapsed, calendar, start, end)


def _due_days(vector: Mapping[str, Any], where: str, calendar: Calendar) -> str | None:
    if vector.get("work_in_days", True) is not True:
        raise VectorError(f"{where}: work_in_days is true for due_days")
    start, days = instant(vector["start"], where), number(vector["days"], where)
    at_end = vector.get("end_of_day", False) is True

    def found(_: Calendar) -> datetime:
        return business_time.due_in_days(calendar, start, days, end_of_day=at_end)

    return _differ(instant(vector["expected"], where), found, calendar)


def _in_hours(vector: Mapping[str, Any], where: str, calendar: Calendar) -> str | None:
    return _differ(vector["expected"], is_open, calendar, instant(vector["at"], where))


_Fault = Callable[[Mapping[str, Any], str, Calendar], str | None]
_KINDS: Mapping[str, tuple[set[str], set[str], _Fault]] = {
    "due": ({"start", "seconds", "expected"}, {"invalid"}, _due),
    "elapsed": ({"start", "end", "expected_seconds"}, set(), _elapsed),
    "due_days": ({"start", "days", "expected"}, {"work_in_days", "end_of_day"}, _due_days),
    "in_hours": ({"at", "expected"}, set(), _in_hours),
}


def _row(value: Any, where: str, named: Calendars, columns: int) -> tuple[Calendar, list[Any]]:
    if not isinstance(value, list) or len(value) != columns:
        raise VectorError(f"{where}: a row of {columns} columns is expected")
    return _calendar(value[0], where, named), value[1:]


def _due_row(value: Any, where: str, named: Calendars) -> Case:
    calendar, (start, minutes, expected) = _row(value, where, named, 4)
    length = timedelta(minutes=number(minutes, where))
    fault = _differ(instant(expected, where), business_time.due, calendar, instant(start, where), length)
    return Case(f"{where} {value}", fault)


def _before_row(value: Any, where: str, named: Calendars) -> Case:
    calendar, (end, minutes, expected) = _row(value, where, named, 4)
    length = timedelta(minutes=number(minutes, where))
    fault = _differ(instant(expected, where), business_time.before, calendar, instant(end, where), length)
    return Case(f"{where} {value}", fault)


def _elapsed_row(value: Any, where: str, named: Calendars) -> Case:
    calendar, (start, end, seconds) = _row(value, where, named, 4)
    expected = timedelta(seconds=number(seconds, where))
    fault = _differ(expected, business_time.elapsed, calendar, instant(start, where), instant(end, where))
    return Case(f"{where} {value}", fault)


def _in_hours_row(value: Any, where: str, named: Calendars) -> Case:
    calendar, (at, expected) = _row(value, where, named, 3)
    return Case(f"{where} {value}", _differ(expected, is_open, calendar, instant(at, where)))


def _behaviour(value: Any, where: str, _: Calendars) -> Case:
    return Case(f"{where} {value}", behaviours.fault(value, where))


def _break(value: Any, where: str, _: Calendars) -> Case:
    return Case(f"{where} {value}", scenarios.break_fault(value, where))


def _scenario(value: Any, where: str, _: Calendars) -> Case:
    return scenarios.case(value, where)


_PARTS: Mapping[str, Callable[[Any, str, Calendars], Case]] = {
    "vectors": _vector,
    "behaviour": _behaviour,
    "breaks": _break,
    "scenarios": _scenario,
    "due": _due_row,
    "before": _before_row,
    "elapsed": _elapsed_row,
    "in_hours": _in_hours_row,
}
"""What a set may hold, and how one case of it is run."""


def _calendar(name: Any, where: str, named: Calendars) -> Calendar:
    if name not in named:
        raise VectorError(f"{where}: unknown calendar {name!r}; known: {', '.join(named)}")
    return named[name]


def _differ(expected: Any, rule: Callable[..., Any], *given: Any) -> str | None:
    try:
        return _compared(expected, rule(*given))
    except ValueError as error:
        return f"refused: {error}"


def _compared(expected: Any, found: Any) -> str | None:
    return None if found == expected else f"expected {expected}, found {found}"


def _check_matrices(value: Any) -> None:
    """Facts beside the cases: each priority of a matrix of impact and urgency is a number."""
    for name, matrix in fields(value, "priority_matrices", (), value).items():
        for row in fields(matrix, name, {"matrix"}, {"source"})["matrix"].values():
            if not all(isinstance(priority, int) for priority in row.values()):
                raise VectorError(f"priority_matrices.{name}: a priority is a number")
