"""What the journal says of restore points, drills and repositories, as lines: style, run and words."""

import json
from collections.abc import Callable

from sqlalchemy.orm import Session

from models.queries import restore_points
from models.records import DrillRow, JournalRow, RestorePoint
from models.rules.figure_words import bytes_text
from models.rules.restore_points import short_key
from models.rules.wall_clock import stamp
from models.vocabulary import Outcome, PointState

Told = tuple[str, int, str]


def told(session: Session, row: JournalRow) -> Told | None:
    """The line of a journal row that is about backups; None for any other, and for moves that another line tells."""
    tell = LINES.get(row.tag.partition(":")[2])
    return tell(session, row) if tell else None


def _taken(session: Session, row: JournalRow) -> Told:
    point = session.get_one(RestorePoint, _number(row))
    what = "copied to" if point.copy_of else "taken into"
    return "", point.run_id, f"point {short_key(point.key)} {what} {point.repository}: {_size(point)}"


def _drilled(session: Session, row: JournalRow) -> Told:
    drill = session.get_one(DrillRow, _number(row))
    point = session.get_one(RestorePoint, drill.restore_point_id)
    name = f"point {short_key(point.key)}"
    if drill.outcome is Outcome.OK:
        seconds = (drill.ended_at - drill.started_at).total_seconds()
        asked = f"; it answers {len(drill.checks)} questions as expected" if drill.checks else ""
        return "green", drill.run_id, f"{name} restored and compared in {seconds:.1f} s: {_size(point)}{asked}"
    return "bold red", drill.run_id, f"{name} is {point.state.value}; {_instead(session, point)}"


def _instead(session: Session, point: RestorePoint) -> str:
    proven = [
        (short_key(other.key), other.taken_at)
        for other in restore_points.of_plan(session, point.plan, point.repository)
        if other.state is PointState.PROVEN
    ]
    return f"the last proven point is {proven[-1][0]} of {stamp(proven[-1][1])}" if proven else "no point is proven"


def _checked(_session: Session, row: JournalRow) -> Told:
    facts = json.loads(row.facts)
    part = f"part {facts['part']} of {facts['parts']} of {row.subject.partition('/')[2]} is read"
    if row.reason:
        return "bold red", facts["run"], f"{part}: {row.reason}"
    return "green", facts["run"], f"{part}: nothing is wrong with it"


def _size(point: RestorePoint) -> str:
    return f"{point.files} file{'s' if point.files != 1 else ''}, {bytes_text(point.size_bytes)}"


def _number(row: JournalRow) -> int:
    return int(row.subject.partition("/")[2])


LINES: dict[str, Callable[[Session, JournalRow], Told]] = {
    "restore_point:take": _taken,
    "drill:end": _drilled,
    "repository:check": _checked,
}
