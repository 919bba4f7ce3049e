"""Files of tickets from another tool: opened, unpacked within limits, decoded, and read row by row."""

import codecs
import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from desk.services.errors import Misuse
from models.errors import Refused
from models.rules.ticket_map import FileForm

MOST_BYTES = 4 * 1024**3
"""What a file may have when it is unpacked."""
FREE_BYTES, MOST_RATIO = 64 * 1024**2, 250
"""Beyond so many bytes, no more than so many for each byte of the packed file."""
LONGEST_CELL = 1024**2
CHUNK = 1024**2
WORKBOOK = "[Content_Types].xml"
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True)
class Line:
    """One row of a file: the number of its first line, from 1, and its cells."""

    number: int
    cells: list[str]
    problem: str = ""
    """Why it cannot be read, in words; it has no cells then."""


class TicketFile:
    """A file of tickets in the form that a map says."""

    def __init__(self, path: Path, form: FileForm) -> None:
        self.path, self.form = path, form
        name = codecs.lookup(form.encoding).name
        self._encoding = "utf-8-sig" if name == "utf-8" else name

    def digest(self) -> str:
        """SHA-256 of what is in it. Raises Refused for a file that cannot be read as its map says."""
        found, decoder = hashlib.sha256(), codecs.getincrementaldecoder(self._encoding)("strict")
        lines = 1
        with self._unpacked() as stream:
            while chunk := stream.read(CHUNK):
                found.update(chunk)
                try:
                    text = decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    raise self._undecodable(lines + chunk[: error.start].count(b"\n"), chunk) from None
                if "\0" in text:
                    line = lines + text[: text.index("\0")].count("\n")
                    raise Refused(f"{self.path}:{line}: a NUL: the file is damaged, or its encoding is utf-16")
                lines += text.count("\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise Refused(f"{self.path}:{lines}: the file ends in the middle of a character: it was cut off") from None
        return found.hexdigest()

    def rows(self) -> Iterator[Line]:
        """The header, or the names of the map, and then each row; lines with nothing in them are passed over."""
        is_header = self.form.header
        if not is_header:
            yield Line(0, list(self.form.columns))
        with self._unpacked() as stream, io.TextIOWrapper(stream, encoding=self._encoding, newline="") as text:
            for line in self._lines(text):
                if is_header and line.problem:
                    raise Refused(f"{self.path}:{line.number}: {line.problem}")
                yield Line(line.number, _names(line.cells)) if is_header else line
                is_header = False
        if is_header:
            raise Refused(f"{self.path}: has no rows, not even a header")

    def _lines(self, text: Iterable[str]) -> Iterator[Line]:
        """Every row that has anything in it. Raises Refused for a quote that is never closed: it takes all rows in."""
        over: list[bool] = []
        reader = csv.reader(
            _told(text, over),
            delimiter=self.form.separator,
            quotechar=self.form.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.form.quote else csv.QUOTE_NONE,
        )
        while True:
            number = reader.line_num + 1
            problem = ""
            try:
                cells = next(reader, None)
            except csv.Error:  # the only one that there is when nothing is read strictly
                cells, problem = [], f"a cell of more than {LONGEST_CELL:,} characters"
            if cells is None:
                return
            if over or (problem and reader.line_num > number):
                words = "a quote is opened there and never closed, or `file.quote` is another"
                raise Refused(f"{self.path}:{number}: {words}")
            if problem or any(cells):
                yield Line(number, cells, problem)

    @contextmanager
    def _unpacked(self) -> Iterator[io.BufferedReader]:
        """The bytes of the file, unpacked. Raises Refused for one that is empty, damaged or grows without end."""
        try:
            with self.path.open("rb") as file:
                packed = self.path.stat().st_size
                start = file.read(4)
                file.seek(0)
                if not start:
                    raise Refused(f"{self.path}: is empty (0 bytes): was its export cut off?")
                if start.startswith(GZIP):
                    with gzip.open(file) as stream:
                        yield _bounded(stream, packed, self.path)
                elif start == ZIP:
                    with zipfile.ZipFile(file) as archive, archive.open(self._member(archive)) as stream:
                        yield _bounded(stream, packed, self.path)
                else:
                    yield file
        except OSError as error:
            if isinstance(error, gzip.BadGzipFile):
                raise Refused(f"{self.path}: is damaged: {error}; copy or export it again") from None
            raise Misuse(f"{self.path}: cannot be read: {error.strerror}") from None
        except (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
            raise Refused(f"{self.path}: is damaged, or cut off: {error}; copy or export it again") from None

    def _member(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        members = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
        if any(one.filename == WORKBOOK for one in members):
            raise Refused(f"{self.path}: is a workbook of Excel: save its sheet as CSV")
        if len(members) != 1:
            names = ", ".join(one.filename for one in members[:5]) or "none"
            words = f"holds {len(members)} files ({names}), and must hold one: unpack it, and take the right one in"
            raise Refused(f"{self.path}: {words}")
        (member,) = members
        if member.flag_bits & 1:
            raise Refused(f"{self.path}: is encrypted: unpack it first")
        return member

    def _undecodable(self, line: int, chunk: bytes) -> Refused:
        is_wide = chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        hint = "utf-16" if is_wide else "latin-1 or cp1252"
        name = self.form.encoding.removesuffix("-sig")
        return Refused(f"{self.path}:{line}: is not {name} here: say `file.encoding`, probably {hint}")


def _names(cells: list[str]) -> list[str]:
    """The names of a header; a column without one is called by its place."""
    return [name.strip() or f"column {place}" for place, name in enumerate(cells, start=1)]


def _told(lines: Iterable[str], over: list[bool]) -> Iterator[str]:
    """The lines; it is told when somebody asks for one more than there are: whoever does so is within a row."""
    yield from lines
    over.append(True)


class _Readable(Protocol):
    """What unpacks."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, or fewer at the end."""


class _Bounded(io.RawIOBase):
    """A stream that ends in an error when it gives far more than its packed form could hold."""

    def __init__(self, stream: _Readable, most: int, path: Path) -> None:
        self._stream, self._left, self._path = stream, most, path

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # any writable buffer
        """As its base has it. Raises Refused past the limit."""
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise Refused(f"{self._path}: grows to more than {MOST_RATIO} times its size when it is unpacked: refused")
        buffer[: len(data)] = data
        return len(data)


def _bounded(stream: _Readable, packed: int, path: Path) -> io.BufferedReader:
    most = min(MOST_BYTES, max(FREE_BYTES, packed * MOST_RATIO))
    return io.BufferedReader(_Bounded(stream, most, path), CHUNK)
