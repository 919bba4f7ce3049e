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
    _write(session, part, {"at": now, "note": note, "worker": f"{socket.gethostname()}:{os.getpid()}"})


def vouch(session: Session, part: str, worker: str, now: datetime) -> None:
    """This part was seen alive just now by us: Prefect's own workers know nothing of this database."""
    _write(session, part, {"at": now, "note": None, "worker": worker[:128]})


def _write(session: Session, part: str, sign: dict[str, datetime | str | None]) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # Of two machines that give the first sign of one part at once, neither may be refused.
    session.execute(
        insert(Heartbeat).values(part=part, **sign).on_conflict_do_update(index_elements=["part"], set_=sign)
    )


def all_parts(session: Session) -> list[Heartbeat]:
    """Every part that ever gave a sign of life, by name."""
    return list(session.scalars(select(Heartbeat).order_by(Heartbeat.part)))
