"""Kind `flapping`: results in order, and what Nagios says of them: the percentage, whether it flaps, starts, ends."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.rules.flapping import HISTORY, FlapThresholds, after_state, first_record
from tests.conformance.cases import Case, VectorError, fields, rows

_ALL_RIGHT = 0
# What a file may say about the formula; another formula would be another kind.
_RULES = {
    "history": HISTORY,
    "initial_history": "all OK(0)",
    "weight": "change between slot x-1 and x (oldest first, x=1..20) counts 0.75+(x-1)*0.5/19; percent=sum*100/20",
    "start": "percent>=high",
    "stop": "percent<=low (log prints <)",
}


def run(document: Mapping[str, Any]) -> Iterator[Case]:
    fields(document, "flapping", {"kind", "rules", "vectors"}, {"oracle", "note"})
    thresholds = _thresholds(document["rules"])
    needed = {"states", "percent_state_change", "is_flapping", "events"}
    for where, element in rows(document["vectors"], "vectors"):
        case = fields(element, where, needed, {"matches_formula"})
        yield Case(where, _fault(case, thresholds, where))


def _thresholds(value: Any) -> FlapThresholds:
    found = fields(value, "rules", {*_RULES, "low_threshold", "high_threshold"})
    for key, known in _RULES.items():
        if found[key] != known:
            raise VectorError(f"rules.{key}: {found[key]!r} is not known, only {known!r}")
    try:
        return FlapThresholds(*(_number(found[key], f"rules.{key}") for key in ("low_threshold", "high_threshold")))
    except ValueError as error:
        raise VectorError(f"rules: {error}") from error


def _fault(case: Mapping[str, Any], thresholds: FlapThresholds, where: str) -> str | None:
    expected = [_event(element, place) for place, element in _each(case["events"], f"{where}.events")]
    record, events = first_record(_ALL_RIGHT), []
    for place, state in rows(case["states"], f"{where}.states"):
        before, record = record, after_state(record, _state(state, place), thresholds)
        if record.is_flapping != before.is_flapping:
            events.append(("started" if record.is_flapping else "stopped", f"{record.percent:.1f}"))
    wanted = (f"{_number(case['percent_state_change'], where):.2f}", case["is_flapping"], expected)
    found = (f"{record.percent:.2f}", record.is_flapping, events)
    return None if found == wanted else f"expected {wanted}, found {found}"


def _each(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    return rows(value, where) if value != [] else iter(())


def _event(value: Any, where: str) -> tuple[str, str]:
    found = fields(value, where, {"event", "percent"})
    if found["event"] not in ("started", "stopped"):
        raise VectorError(f"{where}: the event {found['event']!r} is not known")
    return found["event"], f"{_number(found['percent'], where):.1f}"


def _state(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value <= 3:
        raise VectorError(f"{where}: a state is 0 to 3")
    return value


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float):
        raise VectorError(f"{where}: {value!r} is not a number")
    return float(value)
