"""The one writer of state: look the move up, compare and set, journal, all in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from models.errors import MoveRefused
from models.queries import journal
from models.records import (
    Approval,
    ApprovalStep,
    Incident,
    KnownError,
    MajorIncident,
    Problem,
    ProblemCandidate,
    Request,
    RestorePoint,
    Run,
    Slot,
    Step,
)
from models.rules.lifecycle import Move, Role
from models.rules.moves import find_move

Stateful = (
    Run
    | Slot
    | Step
    | RestorePoint
    | Incident
    | MajorIncident
    | Problem
    | ProblemCandidate
    | KnownError
    | Request
    | Approval
    | ApprovalStep
)
PRACTICES = {
    "incident": "incidents",
    "major_incident": "incidents",
    "problem": "problems",
    "known_error": "problems",
    "problem_candidate": "problems",
    "request": "requests",
    "approval": "approvals",
    "approval_step": "approvals",
}
"""The practice that each kind belongs to, for the journal's tags; all others are operations."""
NAMES = {"known_error": "known-error", "problem_candidate": "candidate", "approval_step": "approval-step"}
"""What the journal calls a kind, when its table is called otherwise."""
UNTOLD = {"look_at", "moved_with_parent"}
"""What is only bookkeeping of ours: written with a move, not told in the journal."""


@dataclass(frozen=True)
class Because:
    """Who makes a move and why; a `key` makes repeating it a no-op; a `fence` must still be the run's current one.

    `roles` are those of a person, who may do only what they allow; None is one of our own parts. `at` is when it
    counts from; None is the moment of writing.
    """

    actor: str
    reason: str | None = None
    key: str | None = None
    fence: int | None = None
    roles: frozenset[Role] | None = None
    at: datetime | None = None


def advance(session: Session, record: Stateful, action: str, because: Because, **changes: Any) -> bool:
    """Make one move and write `changes` with it. Returns False when its key was carried out before.

    Raises MoveRefused when no table of moves allows it, to this person, or when somebody else was first.
    """
    if because.key is not None and journal.is_known(session, because.key):
        return False
    kind, source = record.__tablename__, record.state
    move = find_move(kind, source, action, because.roles)
    table = type(record)
    where = [table.id == record.id, table.state == source]
    if because.fence is not None:
        where.append(Run.fence == because.fence)
    statement = update(table).where(*where).values({**changes, "state": move.target})
    result = session.execute(statement.execution_options(synchronize_session=False))
    if result.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        raise MoveRefused(f"{kind} {record.id} is no longer {source.value!r} under this claim: somebody else was first")
    session.expire(record)
    journal.append(session, fact_of(record.id, move, kind, because, changes))
    return True


@dataclass(frozen=True)
class Change:
    """One of several records that make the same move at once, and what is written with it."""

    record_id: int
    because: Because
    values: dict[str, Any]


def advance_many(
    session: Session, table: type[Stateful], source: StrEnum, action: str, changes: Sequence[Change]
) -> None:
    """Make one move of many records, all of them or none; each change has the same columns.

    Raises MoveRefused when no table of moves allows it, or when somebody else was first with one of them.
    """
    kind, columns = table.__tablename__, table.__table__.c
    move = find_move(kind, source, action)
    names = sorted(changes[0].values)
    statement = (
        update(table)
        .where(columns.id == bindparam("record_id"), columns.state == source)
        .values({**{name: bindparam(f"new_{name}") for name in names}, "state": move.target})
    )
    rows = [
        {"record_id": change.record_id, **{f"new_{name}": change.values[name] for name in names}} for change in changes
    ]
    if session.connection().execute(statement, rows).rowcount != len(changes):
        raise MoveRefused(f"one of {len(changes)} {kind}s is no longer {source.value!r}: somebody else was first")
    for change in changes:
        journal.append(session, fact_of(change.record_id, move, kind, change.because, change.values))


def fact_of(record_id: int, move: Move, kind: str, because: Because, changes: dict[str, Any]) -> journal.Fact:
    """A move as the journal tells it."""
    name = NAMES.get(kind, kind)
    return journal.Fact(
        tag=f"{PRACTICES.get(kind, 'operations')}:{name}:{move.action.replace(' ', '-')}",
        subject=f"{name}/{record_id}",
        source=move.source.value,
        target=move.target.value,
        actor=because.actor,
        reason=because.reason,
        facts=_plain(changes),
        key=because.key,
        at=because.at,
    )


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes as JSON keeps them; plans and outputs are large and live in their own rows."""
    return {
        name: value if value is None or isinstance(value, int) else str(value)
        for name, value in changes.items()
        if name not in UNTOLD
    }
