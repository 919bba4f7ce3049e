"""What the journal says of problems, as lines: style and words."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from models.queries import known_errors, problem_candidates, problems
from models.records import JournalRow


def told(session: Session, row: JournalRow) -> tuple[str, str] | None:
    """The line of a journal row that is about a problem; None for any other, and for what is of no interest."""
    tell = LINES.get(row.tag)
    return tell(session, row, int(row.subject.partition("/")[2])) if tell else None


def _found(session: Session, row: JournalRow, key: int) -> tuple[str, str]:
    one = problem_candidates.get(session, key)
    return "yellow", f"{one.number:<18} recurs: {one.title}: {row.reason}"


def _opened(session: Session, row: JournalRow, key: int) -> tuple[str, str]:
    one = problems.get(session, key)
    count = len(problems.incidents_of(session, key))
    return "magenta", f"{one.number:<18} opened by {row.actor} ({one.origin}, {count} incidents): {one.title}"


def _published(session: Session, row: JournalRow, key: int) -> tuple[str, str]:
    one = known_errors.get(session, key)
    return "magenta", f"{one.number:<18} published by {row.actor}: {one.title}"


LINES: dict[str, Callable[[Session, JournalRow, int], tuple[str, str]]] = {
    "problems:candidate:find": _found,
    "problems:problem:open": _opened,
    "problems:known-error:publish": _published,
}
