"""A file of another tool, read whole: its tickets in order, and the rows that were refused."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from desk.services.errors import Misuse
from desk.services.ticket_files import TicketFile
from models.errors import SiteError
from models.rules.source_tickets import SourceTicket, gather
from models.rules.ticket_rows import Refusal, RowReader, RowRefused, SourceRow, UnknownColumn
from models.site.ticket_maps import LoadedMap, load_map

TOLD_EVERY = 5000
Progress = Callable[[str, int, int], None]
"""What is done, how many of how many."""


@dataclass(frozen=True)
class ReadFile:
    """A file that was read whole."""

    loaded: LoadedMap
    reader: RowReader
    digest: str
    rows: int
    tickets: Sequence[SourceTicket]
    left_out: int
    refused: list[Refusal]


def read_file(path: Path, map_file: Path, progress: Progress) -> ReadFile:
    """The whole file as tickets, those first that were opened first.

    Raises Misuse for a map that is wrong, or does not fit the file, and Refused for a file that cannot be read.
    """
    loaded = _loaded(map_file)
    file = TicketFile(path, loaded.map.file)
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
            if count % TOLD_EVERY == 0:
                progress("rows read", count, 0)
            if line.problem:
                refused.append(Refusal(line.number, "", "a cell that is too long", line.problem))
                continue
            try:
                yield reader.read(line.number, line.cells)
            except RowRefused as error:
                refused.append(Refusal(line.number, "", error.reason, error.words))

    found, left_out = gather(rows(), loaded.map.shape, loaded.map.ids.duplicates, refused)
    tickets = sorted(found.values(), key=lambda ticket: ticket.opened_at)
    return ReadFile(loaded, reader, digest, count, tickets, left_out, refused)


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
