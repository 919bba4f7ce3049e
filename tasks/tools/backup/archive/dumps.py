"""A dump that comes as a stream becomes a tar of one file.

A tar says the size before the bytes, and a stream knows it after them: so the packed bytes lie beside until it ends,
under a key of their own where the repository is encrypted. zstd's frames may follow one another, so nothing is packed
twice.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pyrage  # type: ignore[import-untyped]  # it has no stubs
from backports import zstd

from models.errors import BackupError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.archive.headers import END, header, padding
from tasks.tools.backup.archive.packing import LEVEL, PIECE, Bytes, Packer, Read, opened, store
from tasks.tools.backup.manifests import hashed
from tasks.tools.backup.shapes import Stream
from tasks.tools.backup.tar_members import UnsafeTar, inside

MODE = 0o600


class Dump:
    """Reads a stream and learns its size and hash."""

    def __init__(self, stream: Stream, at: datetime) -> None:
        self.bytes_read = 0
        self.files = 1
        self._stream = stream
        self._at = at
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Up to so many bytes; none at the end."""
        piece = self._stream.read(size)
        self._digest.update(piece)
        self.bytes_read += len(piece)
        return piece

    def entry(self) -> Entry:
        """The one file, once the stream has ended. Raises BackupError when it was empty, or has no usable name."""
        name = self._stream.name
        if not self.bytes_read:
            raise BackupError(name, BackupFault.SOURCE_EMPTY, "not a byte came; look at what the source's command said")
        try:
            path = inside(name)
        except UnsafeTar as error:
            raise BackupError(name, BackupFault.REFUSED_BY_US, f"{error}; give the dump a plain name") from error
        modified_ns = int(self._at.timestamp()) * 10**9
        entry = Entry(path, EntryKind.FILE, self.bytes_read, MODE, modified_ns)
        return hashed(entry, self._digest.hexdigest())


@contextmanager
def spooled(dump: Dump, read: Read, spool: Path, *, is_encrypted: bool) -> Iterator[Read]:
    """Take the whole stream through `read`, and give what reads the packed tar of it."""
    key = pyrage.x25519.Identity.generate() if is_encrypted else None
    try:
        store(read, spool, [str(key.to_public())] if key else [], Packer())
        entry = dump.entry()
        with opened(spool, key) as packed:
            pieces = _pieces(entry, packed.read)
            yield lambda _size: next(pieces, b"")
    finally:
        spool.unlink(missing_ok=True)


def _pieces(entry: Entry, packed: Read) -> Iterator[Bytes]:
    yield zstd.compress(header(entry), LEVEL)
    while piece := packed(PIECE):
        yield piece
    yield zstd.compress(padding(entry.size) + END, LEVEL)
