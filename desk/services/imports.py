"""Tickets from another tool: read, replayed, and taken in batch by batch, so that a kill leaves nothing half."""

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from desk.services.errors import Misuse
from desk.services.ticket_files import TicketFile
from models.database import Database
from models.errors import SiteError
from models.queries.incident_book import read_incident_book
from models.queries.ticket_import import links, planning, runs
from models.queries.ticket_import.planning import Plan
from models.queries.ticket_import.writing import Import, write
from models.rules.parent_links import Parents, sound_parents
from models.rules.source_tickets import SourceTicket, gather
from models.rules.ticket_grades import grader
from models.rules.ticket_rows import Refusal, RowReader, RowRefused, SourceRow, UnknownColumn
from models.site.ticket_maps import LoadedMap, load_map
from tasks.tools.spreadsheets import defused

BATCH = 500
"""Tickets of one transaction: it is short enough for others who write."""
EXAMPLES = 3
Progress = Callable[[str, int, int], None]
"""What is done, how many of how many."""


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


@dataclass(frozen=True)
class _Read:
    """A file that was read whole."""

    loaded: LoadedMap
    reader: RowReader
    digest: str
    rows: int
    tickets: Sequence[SourceTicket]
    left_out: int
    refused: list[Refusal]


def import_tickets(database: Database, order: ImportOrder, now: datetime, progress: Progress) -> Imported:
    """Take the tickets of a file in. What cannot be taken in is in what it returns, with its line and the reason.

    Raises Misuse for a map that is wrong, or does not fit the file, and Refused for a file that cannot be read.
    """
    read = _read(order, progress)
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
    )


def _read(order: ImportOrder, progress: Progress) -> _Read:
    """The whole file as tickets, those first that were opened first."""
    loaded = _loaded(order.map)
    file = TicketFile(order.file, loaded.map.file)
    digest = hashlib.sha256(f"{file.digest()} {loaded.map!r}".encode()).hexdigest()
    lines = file.rows()
    with _in_one_sentence():
        try:
            reader = RowReader(loaded.map, next(lines).cells)
        except UnknownColumn as error:
            raise loaded.fault(error.key, str(error)) from None
    refused: list[Refusal] = []
    count = 0

    def rows() -> Iterator[SourceRow]:
        nonlocal count
        for line in lines:
            count += 1
            if count % 5000 == 0:
                progress("rows read", count, 0)
            try:
                yield reader.read(line.number, line.cells)
            except RowRefused as error:
                refused.append(Refusal(line.number, "", error.reason, error.words))

    found, left_out = gather(rows(), loaded.map.shape, loaded.map.ids.duplicates, refused)
    tickets = sorted(found.values(), key=lambda ticket: ticket.opened_at)
    return _Read(loaded, reader, digest, count, tickets, left_out, refused)


def _loaded(file: Path) -> LoadedMap:
    with _in_one_sentence():
        return load_map(file)


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """A map that is wrong is a call that cannot be understood, with every fault and its place."""
    try:
        yield
    except SiteError as error:
        raise Misuse("the map is wrong; nothing was read:\n" + "\n".join(map(str, error.places))) from None


def _batches(tickets: Sequence[SourceTicket]) -> Iterator[Sequence[SourceTicket]]:
    yield from (tickets[begin : begin + BATCH] for begin in range(0, len(tickets), BATCH))


def _plan(session: Session, read: _Read, batch: Sequence[SourceTicket], tally: _Tally) -> Plan:
    grade = grader(read_incident_book(session).rules)
    found = planning.plan(session, read.loaded.map.source, batch, grade)
    read.refused.extend(found.refused)
    tally.count(found)
    return found


def _take_in(
    database: Database, order: ImportOrder, known: tuple[_Read, _Tally], now: datetime, progress: Progress
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


def _import(session: Session, read: _Read, now: datetime) -> Import:
    missing = frozenset({"", *read.loaded.map.file.missing})
    book = read_incident_book(session)
    return Import(read.loaded.map.source, read.reader.extra_columns, missing, book, now)


def _parents(read: _Read) -> Parents:
    return {ticket.id: ticket.parent for ticket in read.tickets if ticket.parent is not None}


def _link(session: Session, read: _Read, tally: _Tally, now: datetime) -> None:
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
    examples: dict[str, list[str]] = {reason: [] for reason in counted}
    for one in refused:
        if len(examples[one.reason]) < EXAMPLES:
            examples[one.reason].append(f"line {one.line}: {one.words}")
    return tuple(Reason(reason, rows, tuple(examples[reason])) for reason, rows in counted.most_common())


def _write_refused(file: Path, refused: Sequence[Refusal]) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(Refusal._fields)
            writer.writerows([defused(str(cell)) for cell in one] for one in refused)
    except OSError as error:
        raise Misuse(f"--refused {file}: cannot be written: {error.strerror}") from None
