"""Headers of a tar as this engine writes them: ustar, with a PAX header where ustar cannot say it.

Times are kept to the second in ustar's field and to the nanosecond in PAX. A path or a target of more than 100 bytes,
or with bytes that are no ASCII, a size of 8 GiB and more, and an owner above 2,097,151 are told by PAX.
"""

import struct
import zlib
from functools import lru_cache

from models.rules.manifests import Entry, EntryKind
from tasks.tools.backup.tar_members import BLOCK

END = bytes(2 * BLOCK)
LONGEST_NAME = 100
LARGEST_SIZE = 8**11 - 1
LARGEST_OWNER = 8**7 - 1
TYPES = {EntryKind.FILE: b"0", EntryKind.FOLDER: b"5", EntryKind.LINK: b"2"}
HARD_LINK = b"1"
PAX = b"x"
USUAL_TIME = b"30 mtime=%d.%09d\n"
"""The record of a time between 2001 and 2286: the same length for every file, so nothing is counted."""
USUAL = USUAL_TIME % (10**9, 0)
USUAL_PADDING = bytes(-len(USUAL) % BLOCK)
FIELDS = struct.Struct("100s24s12s12s8s101s8s64s8s8s167x")


def header(entry: Entry, *, hard_link_to: str = "", sparse_map: bytes = b"", stored: int | None = None) -> bytes:
    """The header blocks of a member; `stored` bytes of data follow, or the entry's size.

    A sparse member (PAX 1.0) begins its data with the map.
    """
    kind = HARD_LINK if hard_link_to else TYPES[entry.kind]
    name = _bytes(entry.path) + (b"/" if kind == b"5" else b"")
    target = _bytes(hard_link_to or entry.target)
    size = 0 if kind != b"0" else entry.size if stored is None else stored
    seconds, fraction = divmod(entry.modified_ns, 10**9)
    records = b""
    if sparse_map:
        records += _record(b"GNU.sparse.major", b"1") + _record(b"GNU.sparse.minor", b"0")
        records += _record(b"GNU.sparse.name", name) + _record(b"GNU.sparse.realsize", b"%d" % entry.size)
        name = b"GNUSparseFile.0/" + name[-60:].lstrip(b"/")
    elif len(name) > LONGEST_NAME or not name.isascii():
        records += _record(b"path", name)
    if len(target) > LONGEST_NAME or not target.isascii():
        records += _record(b"linkpath", target)
    if size > LARGEST_SIZE:
        records += _record(b"size", b"%d" % size)
    if fraction and 10**9 <= seconds < 10**10:
        records += USUAL_TIME % (seconds, fraction)
    elif fraction or not 0 <= seconds <= LARGEST_SIZE:
        records += _record(b"mtime", _seconds(entry.modified_ns))
    for key, number in ((b"uid", entry.uid), (b"gid", entry.gid)):
        if number > LARGEST_OWNER:
            records += _record(key, b"%d" % number)
    block = _block(name, _rights(entry.mode, entry.uid, entry.gid), size, seconds, kind + target[:LONGEST_NAME])
    if not records:
        return block
    if len(records) == len(USUAL):  # a time, nearly always
        return _extended(len(USUAL)) + records + USUAL_PADDING + block
    return _extended(len(records)) + records + padding(len(records)) + block


def padding(size: int) -> bytes:
    """What fills up the last block of so many bytes."""
    return bytes(-size % BLOCK)


def sparse_map_of(segments: list[tuple[int, int]], size: int) -> bytes:
    """The map that begins a sparse member's data, in whole blocks.

    It ends with an empty segment at the end of the file: GNU tar makes the hole there from it.
    """
    ended = [*segments, (size, 0)]
    numbers = [len(ended), *[number for segment in ended for number in segment]]
    text = b"".join(b"%d\n" % number for number in numbers)
    return text + padding(len(text))


@lru_cache(256)
def _extended(size: int) -> bytes:
    return _block(b"PaxHeaders/x", _rights(0o644, 0, 0), size, 0, PAX)


@lru_cache(256)
def _rights(mode: int, *owners: int) -> bytes:
    """The fields of mode, user and group; a number too large for its field is in a record of its own."""
    numbers = (mode, *(owner if owner <= LARGEST_OWNER else 0 for owner in owners))
    return b"".join(b"%07o\0" % number for number in numbers)


def _block(name: bytes, rights: bytes, size: int, seconds: int, kind_and_target: bytes) -> bytes:
    block = FIELDS.pack(
        name[:LONGEST_NAME],
        rights,
        b"%011o" % (size if size <= LARGEST_SIZE else 0),
        b"%011o" % max(0, min(seconds, LARGEST_SIZE)),
        b" " * 8,
        kind_and_target,
        b"ustar\x0000",
        b"",
        b"0000000",
        b"0000000",
    )
    # Adler-32's lower half is 1 + the sum of the bytes, modulo 65521, which no header of ours reaches: it has 200
    # free bytes and digits. It is ten times as fast as summing up.
    return b"%b%06o\0 %b" % (block[:148], (zlib.adler32(block) & 0xFFFF) - 1, block[156:])


def _record(key: bytes, value: bytes) -> bytes:
    size = len(key) + len(value) + 3
    size += len(str(size + len(str(size))))
    return b"%d %b=%b\n" % (size, key, value)


def _seconds(nanoseconds: int) -> bytes:
    sign = b"-" if nanoseconds < 0 else b""
    whole, fraction = divmod(abs(nanoseconds), 10**9)
    return b"%b%d.%09d" % (sign, whole, fraction)


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
