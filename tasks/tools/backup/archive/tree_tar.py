"""Files of this machine as one tar, hashed while they are read: PAX, in a fixed order, hard links kept as such."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from models.rules.manifests import Entry, EntryKind
from tasks.tools.backup.archive.headers import END, header, padding, sparse_map_of
from tasks.tools.backup.manifests import OPEN, PIECE, hashed
from tasks.tools.backup.shapes import Tree
from tasks.tools.backup.tar_members import BLOCK
from tasks.tools.backup.walking import shown, unreadable, walk

NAMED = 20
LARGE = 1 << 17
READ = 1 << 18
"""What fits a processor's cache: it is read, hashed and packed."""
SMALLEST_SPARSE = 1 << 18
MOST_SEGMENTS = 100_000
ZEROS = bytes(PIECE)
Segments = list[tuple[int, int]]
Digest: TypeAlias = "hashlib._Hash"


class TreeTar:
    """Reads a tree as a tar. A file that vanishes is left out, one that changes is kept as it was read: both are told.

    Devices, sockets and pipes are in the manifest by name only. Raises BackupError when a source is missing or
    unreadable.
    """

    def __init__(self, tree: Tree) -> None:
        self.bytes_read = 0
        self._entries: list[Entry] = []
        self._odd: dict[str, list[str]] = {}
        self._links: dict[tuple[int, int], Entry] = {}
        self._blocks = self._tar(tree)

    @property
    def files(self) -> int:
        """How many paths were written."""
        return len(self._entries)

    def read(self, _size: int) -> bytes:
        """The next piece, of about a MiB; none at the end."""
        return next(filter(None, self._blocks), b"")

    def entries(self) -> list[Entry]:
        """The manifest, ordered by path, once the tar has ended."""
        return sorted(self._entries, key=lambda entry: entry.path)

    def warnings(self) -> tuple[str, ...]:
        """What was odd, with the first few names."""
        said = []
        for what, paths in self._odd.items():
            more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
            said.append(f"{what}: {', '.join(paths[:NAMED])}{more}")
        return tuple(said)

    def _tar(self, tree: Tree) -> Iterator[bytes]:
        """The members' blocks, small ones gathered to pieces."""
        parts: list[bytes] = []
        size = 0
        for entry in walk(tree):
            for part in self._member(entry):
                if len(part) >= LARGE:  # as it is: gathering would copy it
                    yield b"".join(parts)
                    yield part
                    parts, size = [], 0
                    continue
                parts.append(part)
                size += len(part)
                if size >= PIECE:
                    yield b"".join(parts)
                    parts, size = [], 0
        yield b"".join([*parts, END])

    def _member(self, entry: Entry) -> Iterable[bytes]:
        if entry.kind is EntryKind.FILE:
            return self._file(entry)
        self._entries.append(entry)
        return () if entry.kind is EntryKind.OTHER else (header(entry),)

    def _file(self, walked: Entry) -> Iterable[bytes]:
        path = f"/{walked.path}"
        try:
            descriptor = os.open(path, OPEN)
        except FileNotFoundError:
            self._odd.setdefault("gone before it was read", []).append(shown(path))
            return ()
        except OSError as error:
            raise unreadable(path, error) from error
        return self._small(descriptor, walked) or self._opened(descriptor, walked)

    def _small(self, descriptor: int, walked: Entry) -> tuple[bytes, ...]:
        """The way of nearly every file, without detours: read at once, whole, unchanged. Else nothing is done."""
        if walked.size > READ:
            return ()
        found = os.fstat(descriptor)
        now = (found.st_nlink, found.st_size, found.st_mtime_ns, found.st_ino)
        if now != (1, walked.size, walked.modified_ns, walked.inode):
            return ()
        try:
            data = os.pread(descriptor, walked.size + 1, 0)
        except OSError:
            return ()  # it is read again, and named
        if len(data) != walked.size:
            return ()
        os.close(descriptor)
        self.bytes_read += walked.size
        self._entries.append(hashed(walked, hashlib.sha256(data).hexdigest()))
        return header(walked), data, bytes(-walked.size % BLOCK)

    def _opened(self, descriptor: int, walked: Entry) -> Iterator[bytes]:
        """Every other file: large, sparse, linked, or one that changes."""
        try:
            yield from self._large(descriptor, walked)
        except OSError as error:
            raise unreadable(f"/{walked.path}", error) from error
        finally:
            os.close(descriptor)

    def _large(self, descriptor: int, walked: Entry) -> Iterator[bytes]:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.ESTALE, "it became something else while it was read")
        entry = walked if found.st_size == walked.size else replace(walked, size=found.st_size)
        first = self._links.get((found.st_dev, found.st_ino)) if found.st_nlink > 1 else None
        if first:
            self._entries.append(replace(first, path=entry.path))
            yield header(entry, hard_link_to=first.path)
            return
        digest = hashlib.sha256()
        segments = _segments(descriptor, found)
        if segments is None:
            yield header(entry)
            yield from self._data(descriptor, (0, entry.size), digest)
            yield padding(entry.size)
        else:
            yield from self._sparse(descriptor, entry, segments, digest)
        after = os.fstat(descriptor)
        if (after.st_size, after.st_mtime_ns) != (entry.size, walked.modified_ns):
            self._odd.setdefault("changed while it was read", []).append(shown(f"/{entry.path}"))
        done = hashed(entry, digest.hexdigest())
        self._entries.append(done)
        if found.st_nlink > 1:
            self._links[found.st_dev, found.st_ino] = done

    def _sparse(self, descriptor: int, entry: Entry, segments: Segments, digest: Digest) -> Iterator[bytes]:
        sparse_map = sparse_map_of(segments, entry.size)
        stored = sum(length for _, length in segments)
        yield header(entry, sparse_map=sparse_map, stored=len(sparse_map) + stored)
        yield sparse_map
        at = 0
        for offset, length in [*segments, (entry.size, 0)]:
            for _ in range((offset - at) // PIECE):
                digest.update(ZEROS)
            digest.update(ZEROS[: (offset - at) % PIECE])
            yield from self._data(descriptor, (offset, length), digest)
            at = offset + length
        yield padding(stored)

    def _data(self, descriptor: int, segment: tuple[int, int], digest: Digest) -> Iterator[bytes]:
        """Exactly so many bytes: what a file lost while it was read is zeros, for its header has promised them."""
        at, left = segment
        while left:
            piece = os.pread(descriptor, min(left, READ), at) or ZEROS[:left]
            digest.update(piece)
            self.bytes_read += len(piece)
            at += len(piece)
            left -= len(piece)
            yield piece


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
