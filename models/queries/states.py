"""The one writer of state: look the move up, compare and set, journal, all in the caller's transaction."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.errors import MoveRefused
from models.queries import journal
from models.records import Run, Slot, Step
from models.rules.moves import find_move

Stateful = Run | Slot | Step


@dataclass(frozen=True)
class Because:
    """Who makes a move and why; a `key` makes repeating it a no-op; a `fence` must still be the run's current one."""

    actor: str
    reason: str | None = None
    key: str | None = None
    fence: int | None = None


def advance(session: Session, record: Stateful, action: str, because: Because, **changes: Any) -> bool:
    """Make one move and write `changes` with it. Returns False when its key was carried out before.

    Raises MoveRefused when no table of moves allows it, or when somebody else was first.
    """
    if because.key is not None and journal.is_known(session, because.key):
        return False
    kind, source = record.__tablename__, record.state
    move = find_move(kind, source, action)
    table = type(record)
    where = [table.id == record.id, table.state == source]
    if because.fence is not None:
        where.append(Run.fence == because.fence)
    statement = update(table).where(*where).values({**changes, "state": move.target})
    result = session.execute(statement.execution_options(synchronize_session=False))
    if result.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
        raise MoveRefused(f"{kind} {record.id} is no longer {source.value!r} under this claim: somebody else was first")
    session.expire(record)
    fact = journal.Fact(
        tag=f"operations:{kind}:{action.replace(' ', '-')}",
        subject=f"{kind}/{record.id}",
        source=source.value,
        target=move.target.value,
        actor=because.actor,
        reason=because.reason,
        facts=_plain(changes),
        key=because.key,
    )
    journal.append(session, fact)
    return True


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes as JSON keeps them; plans and outputs are large and live in their own rows."""
    return {name: value if isinstance(value, int | None) else str(value) for name, value in changes.items()}
