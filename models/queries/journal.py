"""The journal: append, verify, anchor, export.

Rows are queued on the session and written last in its transaction, under a lock on the head row: the lock is short,
and transactions that change several things cannot deadlock on it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models import clock
from models.database import LAST_ACT
from models.errors import JournalBroken
from models.queries.bulk import Bulk
from models.records import JournalHead, JournalRow

DOMAIN = "watchbill journal 1"
GENESIS = hashlib.sha256(DOMAIN.encode()).hexdigest()
QUEUE = "watchbill.journal"
PAGE_ROWS = 2000
_TABLE = JournalRow.metadata.tables["journal"]
_WRITE = Bulk(insert(_TABLE), _TABLE.c.keys())
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
"""The JSON that is hashed."""
_BEGINNING = f"{DOMAIN}\n".encode()


@dataclass(frozen=True)
class Fact:
    """One thing that happened, before it has its number."""

    tag: str
    """`practice:subject:action`."""
    subject: str
    """`kind/id`."""
    actor: str
    source: str | None = None
    target: str | None = None
    reason: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    at: datetime | None = None


def append(session: Session, fact: Fact) -> None:
    """Queue a fact; it is written in this transaction or not at all."""
    session.info.setdefault(QUEUE, []).append(fact)
    session.info[LAST_ACT] = write_queued


def is_known(session: Session, key: str) -> bool:
    """Whether a fact with this key was written, or is queued in this transaction."""
    if any(fact.key == key for fact in session.info.get(QUEUE, [])):
        return True
    return session.scalar(select(JournalRow.seq).where(JournalRow.key == key)) is not None


def write_queued(session: Session) -> None:
    """Give the queued facts their numbers and hashes. `Database.write` calls this last, just before the commit."""
    queue: list[Fact] = session.info.pop(QUEUE, [])
    if not queue:
        return
    head = session.execute(select(JournalHead.seq, JournalHead.hash).where(JournalHead.id == 1).with_for_update()).one()
    seq, previous, rows = head.seq, head.hash, []
    for fact in queue:
        seq += 1
        row = _row(seq, fact, previous)
        previous = row["hash"]
        rows.append(row)
    _WRITE.run(session.connection(), rows)
    session.execute(update(JournalHead).where(JournalHead.id == 1).values(seq=seq, hash=previous))


def _row(seq: int, fact: Fact, previous: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "seq": seq,
        "at": (fact.at or clock.now()).isoformat(timespec="microseconds"),
        "tag": fact.tag,
        "subject": fact.subject,
        "source": fact.source,
        "target": fact.target,
        "actor": fact.actor,
        "reason": fact.reason,
        "facts": CANONICAL.encode(fact.facts),
        "key": fact.key,
        "previous": previous,
    }
    row["hash"] = hash_of(row)
    return row


def hash_of(row: dict[str, Any]) -> str:
    """SHA-256 of the domain tag and the row's canonical JSON, which holds the previous hash."""
    body = {name: value for name, value in row.items() if name != "hash"} if "hash" in row else row
    # Texts and one number: the same bytes as those of CANONICAL, at a tenth of its time.
    return hashlib.sha256(_BEGINNING + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True)
class Verified:
    """What `verify` read: so many rows, up to this hash, against so many anchors."""

    rows: int
    hash: str
    anchors: int


def verify(session: Session, anchors: Path | None = None) -> Verified:
    """Read the whole journal. Raises JournalBroken naming the first bad row, also for a cut tail or a rewrite."""
    anchored = dict(read_anchors(anchors)) if anchors else {}
    seq, previous = 0, GENESIS
    for row in _rows(session):
        seq += 1
        if row["seq"] != seq:
            raise JournalBroken(seq, f"is missing: the next row there is {row['seq']}")
        if row["previous"] != previous:
            raise JournalBroken(seq, "does not follow the row before it")
        if row["hash"] != hash_of(row):
            raise JournalBroken(seq, "was changed after it was written")
        if anchored.get(seq, row["hash"]) != row["hash"]:
            raise JournalBroken(seq, "differs from what was anchored outside the database: history was rewritten")
        previous = row["hash"]
    beyond = min((number for number in anchored if number > seq), default=None)
    if beyond is not None:
        raise JournalBroken(seq + 1, f"is missing: row {beyond} was anchored outside the database, the tail was cut")
    head = session.execute(select(JournalHead.seq, JournalHead.hash).where(JournalHead.id == 1)).one()
    if (head.seq, head.hash) != (seq, previous):
        raise JournalBroken(seq + 1, f"is missing: the head says {head.seq} rows, the tail was cut")
    return Verified(rows=seq, hash=previous, anchors=len(anchored))


def _rows(session: Session) -> Iterator[dict[str, Any]]:
    """Every row, oldest first, a page at a time."""
    columns, last = list(JournalRow.__table__.columns), 0
    while True:
        query = select(*columns).where(JournalRow.seq > last).order_by(JournalRow.seq).limit(PAGE_ROWS)
        page = session.execute(query).all()
        for row in page:
            yield dict(row._mapping)
        if len(page) < PAGE_ROWS:
            return
        last = page[-1].seq


def rows_about(session: Session, subject: str) -> list[JournalRow]:
    """The timeline of one thing, oldest first."""
    query = select(JournalRow).where(JournalRow.subject == subject).order_by(JournalRow.seq)
    return list(session.scalars(query))


def queued(session: Session) -> int:
    """How many facts this transaction has said and not yet written."""
    return len(session.info.get(QUEUE, []))


def unqueue(session: Session, count: int) -> None:
    """Forget all but the first so many of them: what they tell of was rolled back."""
    del session.info.get(QUEUE, [])[count:]


def queued_about(session: Session, subject: str) -> list[Fact]:
    """What this transaction has said of one thing and not yet written, in order."""
    return [fact for fact in session.info.get(QUEUE, []) if fact.subject == subject]


def queued_by_subject(session: Session) -> dict[str, list[Fact]]:
    """The same of each thing."""
    found: dict[str, list[Fact]] = {}
    for fact in session.info.get(QUEUE, []):
        found.setdefault(fact.subject, []).append(fact)
    return found


def export(session: Session) -> Iterator[str]:
    """The journal as JSON lines, oldest first."""
    for row in _rows(session):
        yield json.dumps(row, sort_keys=True, ensure_ascii=False)


def anchor(session: Session, anchors: Path) -> int:
    """Append the head to a file outside the database. Returns the number that is anchored."""
    head = session.execute(select(JournalHead.seq, JournalHead.hash).where(JournalHead.id == 1)).one()
    last = [seq for seq, _ in read_anchors(anchors)][-1:]
    if last != [head.seq]:
        anchors.parent.mkdir(parents=True, exist_ok=True)
        with anchors.open("a", encoding="utf-8") as file:
            file.write(f"{clock.now().isoformat(timespec='seconds')} {head.seq} {head.hash}\n")
    return int(head.seq)


def read_anchors(anchors: Path) -> list[tuple[int, str]]:
    """The anchored numbers and hashes, oldest first. Raises JournalBroken for a line that cannot be read."""
    if not anchors.exists():
        return []
    found = []
    for number, line in enumerate(anchors.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            _, seq, digest = line.split(" ")
            found.append((int(seq), digest))
        except ValueError as error:
            raise JournalBroken(0, f"{anchors}:{number}: not an anchor line: {line[:60]!r}") from error
    return found
