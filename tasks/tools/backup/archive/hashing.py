"""The process that hashes what `sheets` puts together: a program of its own, for threads share one interpreter.

It is started by path, with nothing but the standard library, so that it is there in some 20 ms. It is told the number
of a full sheet by one byte of its standard input, and says by the same byte of its standard output that it is done.
"""

import hashlib
import mmap
import os
import struct
import sys

SHEETS = 24
"""So many that the reading seldom waits for the hashes, which are last in the queue for a processor."""
NICE = 5
MOST_PARTS = 4096
PART = struct.Struct("<qqq")
"""Where its bytes begin in the sheet (-1: they are zeros and stand nowhere), how many, and whether the file ends."""
COUNT = struct.Struct("<q")
DIGEST_SIZE = 32
PARTS_AT = COUNT.size
DIGESTS_AT = PARTS_AT + MOST_PARTS * PART.size
DATA_AT = -(-(DIGESTS_AT + MOST_PARTS * DIGEST_SIZE) // mmap.PAGESIZE) * mmap.PAGESIZE
DATA_SIZE = 1 << 20
STRIDE = DATA_AT + DATA_SIZE
ZEROS = bytes(1 << 16)


def main() -> None:
    """Hash sheets until there are no more."""
    os.nice(NICE)  # the reading feeds everybody: whoever is preempted, it should not be that
    memory = memoryview(mmap.mmap(int(sys.argv[1]), SHEETS * STRIDE))
    digest = hashlib.sha256()
    while number := os.read(0, 1):
        sheet = memory[number[0] * STRIDE :][:STRIDE]
        data, digests_at = sheet[DATA_AT:], DIGESTS_AT
        (count,) = COUNT.unpack_from(sheet)
        for start, size, is_last in PART.iter_unpack(sheet[PARTS_AT : PARTS_AT + count * PART.size]):
            if start >= 0:
                digest.update(data[start : start + size])
            else:
                for _ in range(size // len(ZEROS)):
                    digest.update(ZEROS)
                digest.update(ZEROS[: size % len(ZEROS)])
            if is_last:
                sheet[digests_at : digests_at + DIGEST_SIZE] = digest.digest()
                digests_at += DIGEST_SIZE
                digest = hashlib.sha256()
        os.write(1, number)


if __name__ == "__main__":
    main()
