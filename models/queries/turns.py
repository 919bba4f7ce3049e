"""One decision at a time: who decides what starts must see what the others have decided.

On SQLite every writing transaction waits for its turn anyway. PostgreSQL runs them side by side: two planners would
start one slot twice (a constraint refuses the second), and two people a job that may not overlap (nothing would).
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

DECISIONS = 5_742_001
"""Key of the advisory lock; another application in the same database has others."""


def take_turn(session: Session) -> None:
    """Wait until nobody else decides; ours ends with the transaction. First in it, or what it read may be old."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(DECISIONS)))
