"""Kind `cron`: a line, a zone, an instant, and the next due times after it, with their offsets."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from models.rules.schedule import Schedule, due_times
from tests.conformance.cases import Case, VectorError, fields, rows

_FAR = timedelta(days=366 * 60)


def run(document: Mapping[str, Any]) -> Iterator[Case]:
    fields(document, "cron", {"kind", "cases"}, {"oracle", "note"})
    for where, element in rows(document["cases"], "cases"):
        case = fields(element, where, {"expr", "tz", "after", "next"})
        name = f"{where} {case['expr']} {case['tz']} after {case['after']}"
        yield Case(name, _fault(case, where))


def _fault(case: Mapping[str, Any], where: str) -> str | None:
    after = _instant(case["after"], where)
    expected = [_instant(text, place) for place, text in rows(case["next"], f"{where}.next")]
    try:
        schedule = Schedule(cron=case["expr"], timezone=case["tz"])
    except ValueError as error:
        return f"refused: {error}"
    found = list(islice(due_times(schedule, after, after + _FAR), len(expected)))
    if found == [instant.astimezone(UTC) for instant in expected]:
        return None
    return f"expected {_show(expected)}, found {_show([instant.astimezone(schedule.zone) for instant in found])}"


def _instant(text: Any, where: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise VectorError(f"{where}: {error}") from error
    if instant.tzinfo is None:
        raise VectorError(f"{where}: {text} has no offset")
    return instant


def _show(instants: list[datetime]) -> str:
    return ", ".join(instant.isoformat() for instant in instants)
