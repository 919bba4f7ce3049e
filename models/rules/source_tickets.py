"""The tickets of a file: their rows put together, in the order of time, whatever the order of the file."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import orjson

from models.rules.ticket_map import INSTANTS
from models.rules.ticket_practice import CANCELLED, HELD_FOR, PRACTICES
from models.rules.ticket_rows import Refusal, RowRefused, SourceRow
from models.vocabulary import Duplicates, FileShape, SourceVerdict

OPENED, RESOLVED = INSTANTS.index("opened"), INSTANTS.index("resolved")


class SourceEvent(NamedTuple):
    """What a source says of a ticket at one moment."""

    line: int
    at: datetime
    state: str | None
    """Our word; None: as before."""
    told: str
    """The source's own words for the state."""
    values: tuple[str | None, ...]
    """The fields of TEXTS; None: nothing is said of it."""


class SourceTicket:
    """One ticket of a file, with all that its rows say."""

    __slots__ = (
        "counts", "events", "extra", "id", "instants", "kind", "latest", "line", "made_sla", "parent", "rows", "shape",
    )  # fmt: skip

    def __init__(self, row: SourceRow, shape: FileShape) -> None:
        self.id, self.kind, self.line, self.shape = row.id, row.kind, row.line, shape
        self.events: list[SourceEvent] = []
        self.rows = 0
        self.latest: datetime | None = None
        self.instants = row.instants
        self.counts: tuple[int | None, ...] = row.counts
        self.made_sla: SourceVerdict | None = None
        self.parent: tuple[int, str] | None = None
        self.extra: tuple[str, ...] = ()

    def add(self, row: SourceRow) -> None:
        """Take a row in. Raises RowRefused for one that says another kind, or no time."""
        if row.kind is not self.kind:
            words = f"{self.id} is {self.kind.value} in line {self.line}, and {row.kind.value} here"
            raise RowRefused("a ticket of two kinds", words)
        events = _events(row) if self.shape is FileShape.TICKETS else [_change(row)]
        self.events += events
        self.rows += 1
        if self.latest is None or events[-1].at >= self.latest:
            self._keep_latest(row, events[-1].at)

    def _keep_latest(self, row: SourceRow, at: datetime) -> None:
        """What is said once of a ticket is what the last row says that says anything."""
        self.latest = at
        pairs = zip(self.instants, row.instants, strict=True)
        self.instants = tuple(old if new is None else new for old, new in pairs)
        self.counts = tuple(old if new is None else new for old, new in zip(self.counts, row.counts, strict=True))
        self.made_sla = row.made_sla or self.made_sla
        self.parent = (row.line, row.parent) if row.parent else self.parent
        self.extra = row.extra or self.extra

    def in_order(self) -> None:
        """Put its events in the order of time; those of one moment stay in the order of the file."""
        self.events.sort(key=_at)

    @property
    def opened_at(self) -> datetime:
        """When it was opened: as its rows say, but not after the first of them."""
        said, first = self.instants[OPENED], self.events[0].at
        return first if said is None or said > first else said


def chain(events: Iterable[SourceEvent], before: str = "") -> str:
    """SHA-256 of what events say, one after the other, from the digest of those before them on."""
    for event in events:
        said = orjson.dumps((before, event.at, event.state, event.told, event.values))
        before = hashlib.sha256(said).hexdigest()
    return before


def gather(
    rows: Iterable[SourceRow], shape: FileShape, duplicates: Duplicates, refuse: list[Refusal]
) -> tuple[dict[str, SourceTicket], int]:
    """The tickets of the rows by their numbers, and how many rows were left out as the map wants it.

    What is refused is put to `refuse`.
    """
    found: dict[str, SourceTicket] = {}
    left_out = 0
    for row in rows:
        known = found.get(row.id)
        try:
            if known is not None and shape is FileShape.TICKETS:
                left_out += _is_left_out(known, row, duplicates)
                if duplicates is Duplicates.FIRST:
                    continue
                known = None
            ticket = known or SourceTicket(row, shape)
            ticket.add(row)
            found[row.id] = ticket
        except RowRefused as error:
            refuse.append(Refusal(row.line, row.id, error.reason, error.words))
    for ticket in found.values():
        ticket.in_order()
    return found, left_out


def _is_left_out(known: SourceTicket, row: SourceRow, duplicates: Duplicates) -> bool:
    """Whether one of two rows is left out silently. Raises RowRefused where the map does not want two."""
    if duplicates is Duplicates.REFUSE:
        words = f"{row.id} stands in line {known.line} already; `ids.duplicates` may say which row counts"
        raise RowRefused("a number that comes twice", words)
    return True


def _at(event: SourceEvent) -> datetime:
    return event.at


def _change(row: SourceRow) -> SourceEvent:
    if row.at is None:
        raise RowRefused("no time", "the column of `columns.time` is empty")
    return SourceEvent(row.line, row.at, row.state, row.told, row.values)


def _events(row: SourceRow) -> list[SourceEvent]:
    """A ticket in one row as the moments that its times tell of; its state says what it came to."""
    opened, responded, resolved, closed = row.instants
    if opened is None:
        raise RowRefused("no time", "the column of `columns.opened` is empty")
    moments: list[tuple[datetime, str | None]] = [(opened, None)]
    for at, word in ((responded, "in progress"), (resolved, "resolved"), (closed, "closed")):
        if at is not None:
            moments.append((at, word))
    if row.state is not None:
        moments = _as_it_stands(row, row.state, moments)
    elif row.at is not None and row.at > moments[-1][0]:
        moments.append((row.at, None))
    return list(_told(row, moments))


def _as_it_stands(
    row: SourceRow, word: str, moments: list[tuple[datetime, str | None]]
) -> list[tuple[datetime, str | None]]:
    """The moments that fit its state, the last of which brings it there: an open ticket keeps no end of before."""
    practice = PRACTICES[row.kind]
    state, ended = practice.state_of(word.partition(HELD_FOR)[0]), moments[-1][0]
    kept: tuple[str | None, ...] = (None, "in progress")
    if state in practice.over and word != CANCELLED:
        kept = (None, "in progress", "resolved", "closed")
    elif state is practice.solved:
        kept = (None, "in progress", "resolved")
    fitting = [one for one in moments if one[1] in kept]
    at, last = fitting[-1]
    if last is not None and practice.state_of(last) is state and word != CANCELLED:
        return fitting
    is_end = state in (*practice.over, practice.solved)
    return [*fitting, (max(at, row.at or (ended if is_end else at)), word)]


def _told(row: SourceRow, moments: list[tuple[datetime, str | None]]) -> Iterator[SourceEvent]:
    for at, state in moments:
        yield SourceEvent(row.line, at, state, row.told or state or "", row.values)
