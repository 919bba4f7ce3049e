"""Tickets from another tool: read, replayed, and taken in batch by batch, so that a kill leaves nothing half."""

import csv
import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from desk.services.errors import Misuse
from desk.services.ticket_reading import Progress, ReadFile, read_file
from models.database import Database
from models.queries.incident_book import read_incident_book
from models.queries.ticket_import import links, planning, runs
from models.queries.ticket_import.planning import Plan
from models.queries.ticket_import.writing import Import, write
from models.rules.parent_links import Parents, sound_parents
from models.rules.source_tickets import SourceTicket
from models.rules.ticket_grades import grader
from models.rules.ticket_rows import Refusal
from tasks.tools.spreadsheets import defused

BATCH = 1000
"""Tickets of one transaction: it is short enough for others who write."""
EXAMPLES = 5
MOST_LISTED = 1000


@dataclass(frozen=True)
class ImportOrder:
    """Which file is taken in, by which map, for whom."""

    file: Path
    map: Path
    person: str
    is_trial: bool = False
    """Nothing is written: what would come is said."""
    refused: Path | None = None
    """Where each refused row is written to, as CSV."""


@dataclass(frozen=True)
class Reason:
    """Rows that were refused for one reason, and some of them."""

    reason: str
    rows: int
    examples: tuple[str, ...]
    """`line 17: ...`, the first few."""


@dataclass(frozen=True)
class Imported:
    """What became of a file."""

    source: str
    file: str
    is_trial: bool
    is_resumed: bool
    """It was begun before and cut off: it went on where it stopped."""
    rows: int
    tickets: int
    added: int
    continued: int
    same: int
    left_out: int
    """Rows of tickets that came twice, where the map wants one of them."""
    refused: int
    links: int
    kinds: Mapping[str, int]
    states: Mapping[str, int]
    """How the added and continued ones stand."""
    moves: int
    since: datetime | None
    until: datetime | None
    reasons: tuple[Reason, ...]
    refusals: tuple[Mapping[str, object], ...]
    """Line, ticket, reason and words of the first thousand refused rows."""


@dataclass
class _Tally:
    """What is counted on the way."""

    added: int = 0
    continued: int = 0
    same: int = 0
    links: int = 0
    moves: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    def count(self, plan: Plan) -> None:
        """Count one batch."""
        self.added, self.same = self.added + len(plan.new), self.same + plan.same
        self.continued += len(plan.continued)
        for change in (*plan.new, *plan.continued):
            self.moves += len(change.replayed.steps)
            self.states[change.replayed.record["state"].value] += 1
        self.kinds.update(change.ticket.kind.value for change in plan.new)


def import_tickets(database: Database, order: ImportOrder, now: datetime, progress: Progress) -> Imported:
    """Take the tickets of a file in. What cannot be taken in is in what it returns, with its line and the reason.

    Raises Misuse for a map that is wrong, or does not fit the file, and Refused for a file that cannot be read.
    """
    with _many_values():
        return _import_tickets(database, order, now, progress)


@contextmanager
def _many_values() -> Iterator[None]:
    """Without the collector of circles, which would look through everything that was read again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _import_tickets(database: Database, order: ImportOrder, now: datetime, progress: Progress) -> Imported:
    if order.refused is not None:
        _write_refused(order.refused, [])  # what cannot be written is told before anything is taken in
    read = read_file(order.file, order.map, progress)
    tally = _Tally()
    is_resumed = False
    if order.is_trial:
        with database.read() as session:
            for batch in _batches(read.tickets):
                _plan(session, read, batch, tally)
            parents = _parents(read)
            known = links.known_ids(session, read.loaded.map.source, parents) | {one.id for one in read.tickets}
            read.refused.extend(sound_parents(parents, known)[1])
    else:
        is_resumed = _take_in(database, order, (read, tally), now, progress)
    refused = sorted(read.refused)
    if order.refused is not None:
        _write_refused(order.refused, refused)
    times = [at for ticket in read.tickets for at in (ticket.opened_at, ticket.events[-1].at)]
    return Imported(
        source=read.loaded.map.source,
        file=str(order.file),
        is_trial=order.is_trial,
        is_resumed=is_resumed,
        rows=read.rows,
        tickets=len(read.tickets),
        added=tally.added,
        continued=tally.continued,
        same=tally.same,
        left_out=read.left_out,
        refused=len(refused),
        links=tally.links,
        kinds=dict(tally.kinds),
        states=dict(tally.states),
        moves=tally.moves,
        since=min(times, default=None),
        until=max(times, default=None),
        reasons=_reasons(refused),
        refusals=tuple(one._asdict() for one in refused[:MOST_LISTED]),
    )


def _batches(tickets: Sequence[SourceTicket]) -> Iterator[Sequence[SourceTicket]]:
    yield from (tickets[begin : begin + BATCH] for begin in range(0, len(tickets), BATCH))


def _plan(session: Session, read: ReadFile, batch: Sequence[SourceTicket], tally: _Tally) -> Plan:
    grade = grader(read_incident_book(session).rules)
    found = planning.plan(session, read.loaded.map.source, batch, grade)
    read.refused.extend(found.refused)
    tally.count(found)
    return found


def _take_in(
    database: Database, order: ImportOrder, known: tuple[ReadFile, _Tally], now: datetime, progress: Progress
) -> bool:
    """Everything that writes. Whether it was begun before and cut off."""
    read, tally = known
    source = read.loaded.map.source
    seen = runs.FileSeen(source, order.file.name, read.digest, len(read.tickets), len(read.refused))
    with database.write() as session:
        if runs.ended(session, source, read.digest) is not None:
            tally.same = len(read.tickets)
            return False
        run_id, is_resumed = runs.begin(session, seen, order.person, now)
    done = 0
    for batch in _batches(read.tickets):
        before = len(read.refused)
        with database.write() as session:
            plan = _plan(session, read, batch, tally)
            read.refused.extend(write(session, _import(session, read, now), plan))
            counts = runs.Progress(len(batch), len(plan.new), len(plan.continued), len(read.refused) - before)
            runs.note(session, run_id, counts)
        done += len(batch)
        progress("tickets taken in", done, len(read.tickets))
    with database.write() as session:
        _link(session, read, tally, now)
        runs.end(session, run_id, now)
    return is_resumed


def _import(session: Session, read: ReadFile, now: datetime) -> Import:
    missing = frozenset({"", *read.loaded.map.file.missing})
    book = read_incident_book(session)
    return Import(read.loaded.map.source, read.reader.extra_columns, missing, book, now)


def _parents(read: ReadFile) -> Parents:
    return {ticket.id: ticket.parent for ticket in read.tickets if ticket.parent is not None}


def _link(session: Session, read: ReadFile, tally: _Tally, now: datetime) -> None:
    parents = _parents(read)
    if not parents:
        return
    sound, refused = sound_parents(parents, links.known_ids(session, read.loaded.map.source, parents))
    tally.links, taken = links.add(session, _import(session, read, now), sound)
    for child, parent in taken:
        words = f"{child} is part of another ticket here, and not of {parent}"
        refused.append(Refusal(parents[child][0], child, "a second parent", words))
    read.refused.extend(refused)


def _reasons(refused: Sequence[Refusal]) -> tuple[Reason, ...]:
    """The most frequent reason first."""
    counted = Counter(one.reason for one in refused)
    examples: dict[str, dict[str, int]] = {reason: {} for reason in counted}
    for one in refused:
        if len(examples[one.reason]) < EXAMPLES:
            examples[one.reason].setdefault(one.words, one.line)  # of a ticket that is refused whole, the first line
    return tuple(
        Reason(reason, rows, tuple(f"line {line}: {words}" for words, line in examples[reason].items()))
        for reason, rows in counted.most_common()
    )


def _write_refused(file: Path, refused: Sequence[Refusal]) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(Refusal._fields)
            writer.writerows([defused(str(cell)) for cell in one] for one in refused)
    except OSError as error:
        raise Misuse(f"--refused {file}: cannot be written: {error.strerror}") from None
