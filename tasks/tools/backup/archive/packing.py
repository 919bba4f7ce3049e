"""How a tar becomes a file of the repository: zstd on two threads, age where the repository asks for it, a hash of all.

`tar --zstd -x` unpacks the file, and `age -d` before it where it is encrypted. Nothing of Watchbill is needed.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

import pyrage  # type: ignore[import-untyped]  # it has no stubs
from backports import zstd

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup import kernel
from tasks.tools.backup.walking import shown

LEVEL = 2
"""Some 4 % larger than at tar's usual 3, for a third less of the packing's work: the hashes need that time."""
WORKERS = 2
PIECE = 1 << 20
SETTLED_EVERY = 32 << 20
"""Bytes after which the kernel is asked to begin writing, so that little is left to wait for at the end."""
Bytes = bytes | memoryview
Read = Callable[[int], Bytes]


class Packer:
    """Compresses what it is given, on two threads of its own; they end with `close`.

    Left to the garbage collector they might be looked for in a process that was forked meanwhile, and has them not.
    """

    def __init__(self) -> None:
        options = {
            zstd.CompressionParameter.compression_level: LEVEL,
            zstd.CompressionParameter.nb_workers: WORKERS,
            zstd.CompressionParameter.checksum_flag: 1,
        }
        found = zstd.ZstdCompressor(options={int(key): value for key, value in options.items()})
        self._compressor: zstd.ZstdCompressor | None = found

    def pack(self, piece: Bytes) -> bytes:
        """What is ready after this piece, which may be nothing."""
        return self._compressor.compress(piece) if self._compressor else b""

    def end(self) -> bytes:
        """What is left."""
        return self._compressor.flush() if self._compressor else b""

    def close(self) -> None:
        """End its threads."""
        self._compressor = None


class HashedFile:
    """A new file whose bytes are hashed while they are written; it is on disk once `settle` returns.

    In one thread with the reading: beside zstd's own two, another one cost more than it took over.
    """

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self._file = path.open("xb", buffering=0)

    @property
    def sha256(self) -> str:
        """Of all that was written, once it is settled."""
        return self._digest.hexdigest()

    def write(self, data: Bytes) -> int:
        """Write all of it. Raises OSError."""
        self._digest.update(data)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        before, self.size = self.size, self.size + len(data)
        if before // SETTLED_EVERY < self.size // SETTLED_EVERY:
            kernel.start_writing(self._file.fileno())
        return len(data)

    def settle(self) -> None:
        """On disk now. Raises OSError when it cannot be."""
        os.fsync(self._file.fileno())
        self._file.close()

    def close(self) -> None:
        """Without waiting for the disk."""
        self._file.close()


def store(read: Read, path: Path, recipients: Sequence[str], packer: Packer | None = None) -> HashedFile:
    """Write what `read` gives into a new file, packed and encrypted where that is asked for; on disk afterwards."""
    file = HashedFile(path)
    ready = _packed(read, packer) if packer else read
    try:
        if recipients:
            _encrypt(ready, file, recipients)
        else:
            while piece := ready(PIECE):
                file.write(piece)
        file.settle()
    finally:
        file.close()
        if packer:
            packer.close()
    return file


def _packed(read: Read, packer: Packer) -> Callable[[int], bytes]:
    """Reads the packed stream; none at the end."""

    def pieces() -> Iterator[bytes]:
        while piece := read(PIECE):
            yield packer.pack(piece)
        yield packer.end()

    ready = filter(None, pieces())
    return lambda _size: next(ready, b"")


def identity_of(text: str) -> "pyrage.x25519.Identity":
    """The identity in the text of a key file. Raises BackupError, which does not tell the text."""
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str("".join(keys))
    except pyrage.IdentityError:
        message = "what the secret holds is no age identity, one line that begins with AGE-SECRET-KEY-1"
        raise BackupError("identity", BackupFault.WRONG_PASSWORD, message) from None


def checked_recipients(names: Sequence[str]) -> tuple[str, ...]:
    """The recipients, each of which age understands. Raises BackupError."""
    for name in names:
        try:
            pyrage.x25519.Recipient.from_str(name)
        except pyrage.RecipientError as error:
            message = f"{name!r} is no age recipient; `age-keygen -y` prints one, which begins with age1"
            raise BackupError("recipients", BackupFault.REFUSED_BY_US, message) from error
    return tuple(names)


@contextmanager
def opened(path: Path, identity: "pyrage.x25519.Identity | None") -> Iterator[IO[bytes]]:
    """A stored file's bytes, decrypted with an identity, as a file that has a descriptor. Raises BackupError."""
    with path.open("rb") as file:
        if identity is None:
            yield file
            return
        ours, theirs = os.pipe()
        decryption = _Decryption(path, file, theirs, identity)
        decryption.start()
        try:
            with open(ours, "rb", buffering=0) as plain:  # noqa: PTH123  # a descriptor has no path
                yield plain
        except BackupError:
            decryption.finish()  # what the reader missed is better told by why there were no bytes
            raise
        decryption.finish()


class _Decryption(Thread):
    """Decrypts into a pipe; a reader that has had enough may close it."""

    def __init__(self, path: Path, file: IO[bytes], to: int, identity: "pyrage.x25519.Identity") -> None:
        super().__init__(name="decryption", daemon=True)
        self._path, self._file, self._to, self._identity = path, file, to, identity
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            with open(self._to, "wb", buffering=0) as to:  # noqa: PTH123  # a descriptor has no path
                pyrage.decrypt_io(self._file, _Whole(to.write), [self._identity])
        except BrokenPipeError:
            return
        except (pyrage.DecryptError, OSError) as error:
            self._error = error

    def finish(self) -> None:
        """Wait for it. Raises BackupError when the file could not be decrypted."""
        self.join()
        if self._error is None:
            return
        if "matching" in str(self._error):
            message = "it is encrypted to somebody else; give the repository's identity in backups.yaml"
            raise BackupError(shown(self._path), BackupFault.WRONG_PASSWORD, message)
        message = f"it cannot be decrypted ({self._error}); restore another point"
        raise BackupError(shown(self._path), BackupFault.DAMAGED, message)


class _Whole:
    """A writer that pyrage may call; it keeps the error, for pyrage passes only some of them on."""

    def __init__(self, write: Callable[[Bytes], int | None]) -> None:
        self.error: BaseException | None = None
        self._write = write

    def write(self, data: bytes) -> int:
        try:
            left = memoryview(data)
            while left:
                left = left[self._write(left) or 0 :]
        except BaseException as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""


class _Pieces:
    """A reader that pyrage may ask for little at a time; it keeps the error, which pyrage turns into a text."""

    def __init__(self, read: Read) -> None:
        self.error: BaseException | None = None
        self._read = read
        self._ready = memoryview(b"")

    def read(self, size: int = PIECE) -> bytes:
        try:
            if not self._ready:
                self._ready = memoryview(self._read(PIECE))
        except BaseException as error:
            self.error = error
            raise
        piece, self._ready = bytes(self._ready[:size]), self._ready[size:]
        return piece


def _encrypt(read: Read, file: HashedFile, recipients: Sequence[str]) -> None:
    source, sink = _Pieces(read), _Whole(file.write)
    keys = [pyrage.x25519.Recipient.from_str(name) for name in checked_recipients(recipients)]
    try:
        pyrage.encrypt_io(source, sink, keys)
    except (pyrage.EncryptError, OSError) as error:
        raise (source.error or sink.error or error) from None
    if source.error or sink.error:
        raise source.error or sink.error or OSError("the encryption ended early")
