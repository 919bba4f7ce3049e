"""Pieces of a tar, put together in memory that a second process shares: it hashes the files in them meanwhile.

Packing keeps two threads busy and reading a third; a hash of every file besides would hold up the reading.
"""

import mmap
import os
import subprocess
import sys
from array import array
from collections import deque

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.archive import hashing
from tasks.tools.backup.archive.hashing import (
    COUNT,
    DATA_AT,
    DATA_SIZE,
    DIGEST_SIZE,
    DIGESTS_AT,
    MOST_PARTS,
    PARTS_AT,
    SHEETS,
    STRIDE,
)

ENDING_SECONDS = 10
MOST_NUMBERS = 3 * (MOST_PARTS - 2)
"""Of all parts of a sheet; the end of a file, and zeros between two parts, need none to be left."""


class Sheets:
    """Takes bytes in order; a full sheet is a piece of the tar. The digests come in the order of the files."""

    def __init__(self) -> None:
        self.at = 0
        """Where the next byte goes."""
        self._digests: list[str] = []
        self._number = 0
        self._parts = array("q")
        self._files = 0
        self._under_way: deque[tuple[int, int]] = deque()
        """The sheets that are being hashed: their numbers, and how many files end in each."""
        shared = os.memfd_create("sheets", os.MFD_CLOEXEC)
        requests, self._to = os.pipe()
        self._from, answers = os.pipe()
        try:
            os.ftruncate(shared, SHEETS * STRIDE)
            self._memory = memoryview(mmap.mmap(shared, SHEETS * STRIDE))
            command = [sys.executable, "-I", "-S", hashing.__file__, str(shared)]
            self._process = subprocess.Popen(command, stdin=requests, stdout=answers, pass_fds=(shared,))
        except BaseException:
            os.close(self._to)
            os.close(self._from)
            raise
        finally:
            for descriptor in (shared, requests, answers):
                os.close(descriptor)
        self._data = self._memory[DATA_AT:STRIDE]

    def has_room(self, size: int) -> bool:
        """Whether so many bytes fit the sheet, and one more part."""
        return self.at + size <= DATA_SIZE and len(self._parts) < MOST_NUMBERS

    @property
    def room(self) -> int:
        """How many bytes fit the sheet."""
        return DATA_SIZE - self.at

    def put(self, data: bytes | memoryview) -> None:
        """Bytes that are no file's; there must be room for them."""
        self._data[self.at : self.at + len(data)] = data
        self.at += len(data)

    def put_file(self, descriptor: int, head: bytes, size: int, padding: int) -> bool:
        """A whole file with what stands before it and zeros after it, if it has exactly this size; else nothing.

        There must be room for it and one byte more. Raises OSError.
        """
        data, start = self._data, self.at + len(head)
        end = start + size
        if os.preadv(descriptor, (data[start : end + 1],), 0) != size:
            return False
        data[self.at : start] = head
        data[end : end + padding] = bytes(padding)
        self.at = end + padding
        self._parts.extend((start, size, 1))
        self._files += 1
        return True

    def put_part(self, descriptor: int, size: int, offset: int) -> int:
        """Up to so many bytes of a file; there must be room for them. Gives how many there were. Raises OSError."""
        start = self.at
        read = os.preadv(descriptor, (self._data[start : start + size],), offset)
        self.at += read
        self._parts.extend((start, read, 0))
        return read

    def put_zeros(self, size: int) -> None:
        """Zeros that belong to a file; there must be room for them."""
        self._parts.extend((self.at, size, 0))
        self.put(bytes(size))

    def hash_zeros(self, size: int) -> None:
        """Zeros of a file which the tar does not hold."""
        self._parts.extend((-1, size, 0))

    def end_file(self) -> None:
        """All of a file that came in parts is there."""
        self._parts.extend((-1, 0, 1))
        self._files += 1

    def turn(self) -> memoryview:
        """The sheet as it is, good until the next turns have gone round; a new one begins. Raises BackupError."""
        base, parts = self._number * STRIDE, self._parts.tobytes()
        COUNT.pack_into(self._memory, base, len(self._parts) // 3)
        self._memory[base + PARTS_AT : base + PARTS_AT + len(parts)] = parts
        self._under_way.append((self._number, self._files))
        piece = self._data[: self.at]
        try:
            os.write(self._to, bytes((self._number,)))
        except BrokenPipeError as error:
            raise _ended() from error
        self._number = (self._number + 1) % SHEETS
        if len(self._under_way) == SHEETS:
            self._collect()
        self._data = self._memory[self._number * STRIDE + DATA_AT :][:DATA_SIZE]
        self._parts, self._files, self.at = array("q"), 0, 0
        return piece

    def digests(self) -> list[str]:
        """The SHA-256 of every file, in order, once the last sheet was turned. Raises BackupError."""
        while self._under_way:
            self._collect()
        return self._digests

    def close(self) -> None:
        """End the process."""
        os.close(self._to)
        os.close(self._from)
        try:
            self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _collect(self) -> None:
        """Wait until the oldest sheet is hashed."""
        number, files = self._under_way.popleft()
        if os.read(self._from, 1) != bytes((number,)):
            raise _ended()
        at = number * STRIDE + DIGESTS_AT
        text = self._memory[at : at + files * DIGEST_SIZE].hex()
        self._digests += [text[start : start + 2 * DIGEST_SIZE] for start in range(0, len(text), 2 * DIGEST_SIZE)]


def _ended() -> BackupError:
    message = "the process that hashes the files has ended; look for what killed it, such as too little memory"
    return BackupError("archive", BackupFault.ENGINE_FAILED, message)
