"""Files of this machine as one tar, hashed while it is packed: PAX, in a fixed order, hard links kept as such."""

import errno
import os
import stat
from collections.abc import Generator, Iterator
from dataclasses import replace

from models.rules.manifests import Entry, EntryKind
from tasks.tools.backup.archive.headers import END, header, padding, sparse_map_of
from tasks.tools.backup.archive.sheets import Sheets
from tasks.tools.backup.manifests import OPEN, hashed
from tasks.tools.backup.shapes import Tree
from tasks.tools.backup.tar_members import BLOCK
from tasks.tools.backup.walking import shown, unreadable, walk

NAMED = 20
SMALL = 1 << 18
READ = 1 << 18
"""What fits a processor's cache: it is read and packed."""
SMALLEST_SPARSE = 1 << 18
MOST_SEGMENTS = 100_000
Segments = list[tuple[int, int]]


class TreeTar:
    """Reads a tree as a tar. A file that vanishes is left out, one that changes is kept as it was read: both are told.

    Devices, sockets and pipes are in the manifest by name only. Raises BackupError when a source is missing or
    unreadable.
    """

    def __init__(self, tree: Tree) -> None:
        self.bytes_read = 0
        self._sheets = Sheets()
        self._entries: list[Entry] = []
        self._hashed: list[int] = []
        """Which of the entries are files with data, in the order of the tar."""
        self._same: list[tuple[int, int]] = []
        """Entries that are hard links to earlier ones."""
        self._odd: dict[str, list[str]] = {}
        self._links: dict[tuple[int, int], int] = {}
        self._pieces = self._tar(tree)

    @property
    def files(self) -> int:
        """How many paths were written."""
        return len(self._entries)

    def read(self, _size: int) -> bytes | memoryview:
        """The next piece, of about a MiB, good until the next one is read; none at the end."""
        return next(self._pieces, b"")

    def entries(self) -> list[Entry]:
        """The manifest, ordered by path, once the tar has ended. Raises BackupError."""
        found = self._entries
        for index, sha256 in zip(self._hashed, self._sheets.digests(), strict=True):
            found[index] = hashed(found[index], sha256)
        for index, first in self._same:
            found[index] = replace(found[first], path=found[index].path)
        return sorted(found, key=lambda entry: entry.path)

    def close(self) -> None:
        """Done with it, or given up."""
        self._pieces.close()
        self._sheets.close()

    def warnings(self) -> tuple[str, ...]:
        """What was odd, with the first few names."""
        said = []
        for what, paths in self._odd.items():
            more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
            said.append(f"{what}: {', '.join(paths[:NAMED])}{more}")
        return tuple(said)

    def _tar(self, tree: Tree) -> Generator[memoryview, None, None]:
        for entry in walk(tree):
            if entry.kind is EntryKind.FILE:
                yield from self._file(entry)
                continue
            self._entries.append(entry)
            if entry.kind is not EntryKind.OTHER:
                yield from self._put(header(entry))
        yield from self._put(END)
        yield self._sheets.turn()

    def _put(self, data: bytes) -> Iterator[memoryview]:
        """Into the sheet, or the next ones when it has no room."""
        left = memoryview(data)
        while len(left) > self._sheets.room:
            room = self._sheets.room
            self._sheets.put(left[:room])
            left = left[room:]
            yield self._sheets.turn()
        self._sheets.put(left)

    def _file(self, walked: Entry) -> Iterator[memoryview]:
        path = f"/{walked.path}"
        try:
            descriptor = os.open(path, OPEN)
        except FileNotFoundError:
            self._odd.setdefault("gone before it was read", []).append(shown(path))
            return
        except OSError as error:
            raise unreadable(path, error) from error
        try:
            head, padding = header(walked), -walked.size % BLOCK
            if walked.size <= SMALL and not self._sheets.has_room(len(head) + walked.size + BLOCK):
                yield self._sheets.turn()
            if not self._small(descriptor, walked, head, padding):
                yield from self._large(descriptor, walked)
        except OSError as error:
            raise unreadable(path, error) from error
        finally:
            os.close(descriptor)

    def _small(self, descriptor: int, walked: Entry, head: bytes, padding: int) -> bool:
        """The way of nearly every file, without detours: read at once, whole, unchanged. Else nothing is done."""
        if walked.size > SMALL:
            return False
        found = os.fstat(descriptor)
        now = (found.st_nlink, found.st_size, found.st_mtime_ns, found.st_ino)
        if now != (1, walked.size, walked.modified_ns, walked.inode):
            return False
        if not self._sheets.put_file(descriptor, head, walked.size, padding):
            return False
        self.bytes_read += walked.size
        self._hashed.append(len(self._entries))
        self._entries.append(walked)
        return True

    def _large(self, descriptor: int, walked: Entry) -> Iterator[memoryview]:
        """Every other file: large, sparse, linked, or one that changes."""
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.ESTALE, "it became something else while it was read")
        entry = walked if found.st_size == walked.size else replace(walked, size=found.st_size)
        index, key = len(self._entries), (found.st_dev, found.st_ino)
        self._entries.append(entry)
        if found.st_nlink > 1:
            first = self._links.setdefault(key, index)
            if first != index:
                self._same.append((index, first))
                yield from self._put(header(entry, hard_link_to=self._entries[first].path))
                return
        self._hashed.append(index)
        segments = _segments(descriptor, found)
        if segments is None:
            yield from self._put(header(entry))
            yield from self._data(descriptor, (0, entry.size))
            yield from self._put(padding(entry.size))
        else:
            yield from self._sparse(descriptor, entry, segments)
        self._sheets.end_file()
        after = os.fstat(descriptor)
        if (after.st_size, after.st_mtime_ns) != (entry.size, walked.modified_ns):
            self._odd.setdefault("changed while it was read", []).append(shown(f"/{entry.path}"))

    def _sparse(self, descriptor: int, entry: Entry, segments: Segments) -> Iterator[memoryview]:
        sparse_map = sparse_map_of(segments, entry.size)
        stored = sum(length for _, length in segments)
        yield from self._put(header(entry, sparse_map=sparse_map, stored=len(sparse_map) + stored))
        yield from self._put(sparse_map)
        at = 0
        for offset, length in [*segments, (entry.size, 0)]:
            if not self._sheets.has_room(1):
                yield self._sheets.turn()
            self._sheets.hash_zeros(offset - at)
            yield from self._data(descriptor, (offset, length))
            at = offset + length
        yield from self._put(padding(stored))

    def _data(self, descriptor: int, segment: tuple[int, int]) -> Iterator[memoryview]:
        """Exactly so many bytes: what a file lost while it was read is zeros, for its header has promised them."""
        at, left = segment
        while left:
            if not self._sheets.has_room(1):
                yield self._sheets.turn()
            size = min(left, READ, self._sheets.room)
            read = self._sheets.put_part(descriptor, size, at)
            if not read:
                self._sheets.put_zeros(read := size)
            self.bytes_read += read
            at += read
            left -= read


def _segments(descriptor: int, found: os.stat_result) -> Segments | None:
    """Where a sparse file has data; None for a file that is not sparse, or lies where nobody can tell."""
    if found.st_size < SMALLEST_SPARSE or found.st_blocks * 512 >= found.st_size:
        return None
    segments: Segments = []
    at = 0
    while at < found.st_size and len(segments) < MOST_SEGMENTS:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            at = min(os.lseek(descriptor, start, os.SEEK_HOLE), found.st_size)
        except OSError as error:
            if error.errno == errno.ENXIO:  # from here on it is a hole
                return segments
            return None
        if start < at:
            segments.append((start, at - start))
    return segments if at >= found.st_size and segments != [(0, found.st_size)] else None
