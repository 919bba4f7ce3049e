"""Signs of life of the engine's parts: a part that was silent for too long is red."""

import os
import socket
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.records import Heartbeat


def beat(session: Session, part: str, now: datetime, note: str | None = None) -> None:
    """This part did its work with success just now."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    sign = {"at": now, "note": note, "worker": f"{socket.gethostname()}:{os.getpid()}"}
    # Of two machines that give the first sign of one part at once, neither may be refused.
    session.execute(
        insert(Heartbeat).values(part=part, **sign).on_conflict_do_update(index_elements=["part"], set_=sign)
    )


def all_parts(session: Session) -> list[Heartbeat]:
    """Every part that ever gave a sign of life, by name."""
    return list(session.scalars(select(Heartbeat).order_by(Heartbeat.part)))
