"""Signs of life of the engine's parts: a part that was silent for too long is red."""

import os
import socket
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.records import Heartbeat


def beat(session: Session, part: str, now: datetime, note: str | None = None) -> None:
    """This part did its work with success just now."""
    row = session.get(Heartbeat, part)
    if row is None:
        row = Heartbeat(part=part)
        session.add(row)
    row.at, row.note = now, note
    row.worker = f"{socket.gethostname()}:{os.getpid()}"


def all_parts(session: Session) -> list[Heartbeat]:
    """Every part that ever gave a sign of life, by name."""
    return list(session.scalars(select(Heartbeat).order_by(Heartbeat.part)))
