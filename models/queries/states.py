"""The one writer of state: look the move up, compare and set, journal, all in the caller's transaction."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.errors import MoveRefused
from models.queries import journal
from models.records import Run, Slot, Step
from models.rules.moves import find_move

Stateful = Run | Slot | Step
PRACTICE = {"run": "operations", "slot": "operations", "step": "operations"}


def advance(
    session: Session,
    record: Stateful,
    action: str,
    actor: str,
    *,
    reason: str | None = None,
    changes: dict[str, Any] | None = None,
    key: str | None = None,
    fence: int | None = None,
) -> bool:
    """Make one move. Returns False when the same `key` was carried out before, which is a no-op.

    `changes` are written with the state. `fence`, for a run, must still be the current one.
    Raises MoveRefused when no table of moves allows it, or when somebody else was first.
    """
    if key is not None and journal.is_known(session, key):
        return False
    kind, source = record.__tablename__, record.state
    move = find_move(kind, source, action)
    table = type(record)
    where = [table.id == record.id, table.state == source]
    if fence is not None:
        where.append(Run.fence == fence)
    values = {**(changes or {}), "state": move.target}
    result = session.execute(update(table).where(*where).values(values).execution_options(synchronize_session=False))
    if result.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        raise MoveRefused(
            f"{kind} {record.id} is no longer {source.value!r} under this claim: somebody else was first"
        )
    session.expire(record)
    journal.append(
        session,
        journal.Fact(
            tag=f"{PRACTICE[kind]}:{kind}:{action.replace(' ', '-')}",
            subject=f"{kind}/{record.id}",
            source=source.value,
            target=move.target.value,
            actor=actor,
            reason=reason,
            facts=_plain(changes or {}),
            key=key,
        ),
    )
    return True


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes as JSON keeps them; plans and outputs are large and live in their own rows."""
    return {name: value if isinstance(value, int | None) else str(value) for name, value in changes.items()}
