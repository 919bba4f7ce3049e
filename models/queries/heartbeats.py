"""Signs of life of the engine's parts: a part that was silent for too long is red."""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.records import Heartbeat

SILENT_AFTER = {
    "planner": timedelta(minutes=2),
    "relay": timedelta(minutes=2),
    "worker": timedelta(minutes=3),
    "desk": timedelta(minutes=2),
    "events": timedelta(minutes=2),
    "anchor": timedelta(minutes=15),
}
"""The parts that must give signs of life, and how long each may be silent."""
SILENT_AFTER_ELSE = timedelta(minutes=15)
"""The same of any other part that was ever heard."""


@dataclass(frozen=True)
class Part:
    """A part, its last sign of life (None: it never gave one), and whether it is silent for too long."""

    name: str
    heard: Heartbeat | None
    is_silent: bool


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


def judge(session: Session, now: datetime) -> list[Part]:
    """Every part that must give signs of life, in the order of SILENT_AFTER, and then any other that ever did."""
    heard = {beat.part: beat for beat in all_parts(session)}
    return [_judged(name, heard.get(name), now) for name in dict.fromkeys((*SILENT_AFTER, *heard))]


def _judged(name: str, heard: Heartbeat | None, now: datetime) -> Part:
    most = SILENT_AFTER.get(name, SILENT_AFTER_ELSE)
    return Part(name, heard, is_silent=heard is None or now - heard.at > most)
