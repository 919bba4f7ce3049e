"""Kind `retention`: points, policies, and which points restic keeps for which reasons, newest first."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from models.rules.calendar_span import parse_calendar_span
from models.rules.restore_points import Point
from models.rules.retention import KeepPolicy, Semantics, retain
from models.rules.wall_clock import zone_of
from tests.conformance.cases import Case, VectorError, fields, rows

_COUNTS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
_SPANS = ("within", *(f"within_{name}" for name in _COUNTS[1:]))
_POLICY = {f"keep_{name}" for name in (*_COUNTS, *_SPANS, "tag")}
# The vectors' points are of the past for whoever runs them.
_NOW = datetime(9000, 1, 1, tzinfo=UTC)


def run(document: Mapping[str, Any]) -> Iterator[Case]:
    fields(document, "retention", {"kind", "timezone", "sets"}, {"semantics"})
    for where, element in rows(document["sets"], "sets"):
        needed = {"name", "points", "cases", "keep_oldest_while_counts_remain"}
        chosen = fields(element, where, needed, {"source"})
        points = [_point(value, place) for place, value in rows(chosen["points"], f"{where}.points")]
        semantics = Semantics(_switch(chosen, where), _timezone(document["timezone"]))
        for place, value in rows(chosen["cases"], f"{where}.cases"):
            case = fields(value, place, {"policy", "keep", "n_keep", "reasons"})
            yield Case(f"{place} {case['policy']}", _fault(case, points, semantics, place))


def _fault(case: Mapping[str, Any], points: Sequence[Point], semantics: Semantics, where: str) -> str | None:
    expected = [_point(element, f"{where}.keep") for element in case["keep"]]
    if not len(expected) == case["n_keep"] == len(case["reasons"]):
        raise VectorError(f"{where}: keep, n_keep and reasons are not of one length")
    kept = retain(points, _policy(case["policy"], where), semantics, _NOW).kept
    wanted = [(point, tuple(reasons)) for point, reasons in zip(expected, case["reasons"], strict=True)]
    found = [(item.point, item.reasons) for item in kept]
    if found == wanted:
        return None
    if len(found) != len(wanted):
        return f"expected {len(wanted)} kept, found {len(found)}"
    differing = next(pair for pair in zip(wanted, found, strict=True) if pair[0] != pair[1])
    return f"expected {_show(*differing[0])}, found {_show(*differing[1])}"


def _point(value: Any, where: str) -> Point:
    found = fields(value, where, {"time", "tags", "paths"})
    try:
        taken_at = datetime.fromisoformat(found["time"])
    except (TypeError, ValueError) as error:
        raise VectorError(f"{where}: {error}") from error
    if taken_at.tzinfo is None:
        raise VectorError(f"{where}: {found['time']} has no offset")
    return Point(",".join(found["paths"]), "vectors", taken_at, tags=tuple(found["tags"]))


def _policy(value: Any, where: str) -> KeepPolicy:
    found = fields(value, f"{where}.policy", (), _POLICY)
    try:
        return _read_policy(found)
    except (TypeError, ValueError) as error:
        raise VectorError(f"{where}.policy: {error}") from error


def _read_policy(found: Mapping[str, Any]) -> KeepPolicy:
    counts = {name: found[f"keep_{name}"] for name in _COUNTS if f"keep_{name}" in found}
    spans = {name: parse_calendar_span(found[f"keep_{name}"]) for name in _SPANS if f"keep_{name}" in found}
    tags = tuple(tuple(tags) for tags in found.get("keep_tag", ()))
    return KeepPolicy(**counts, **spans, tags=tags)


def _switch(chosen: Mapping[str, Any], where: str) -> bool:
    switch = chosen["keep_oldest_while_counts_remain"]
    if not isinstance(switch, bool):
        raise VectorError(f"{where}: keep_oldest_while_counts_remain is true or false")
    return switch


def _timezone(name: Any) -> str:
    try:
        return zone_of(name).key
    except ValueError as error:
        raise VectorError(f"timezone: {error}") from error


def _show(point: Point, reasons: tuple[str, ...]) -> str:
    return f"{point.taken_at.isoformat()} for {', '.join(reasons)}"
