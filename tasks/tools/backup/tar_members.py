"""Members of a tar as their headers tell them: ustar, PAX and GNU, sparse files included. Nothing here is trusted.

Source: POSIX pax "Interchange Format", and GNU tar's manual, "Tar Internals".
"""

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from models.rules.manifests import EntryKind

BLOCK = 512
LONGEST_NUMBER = 20
HARD_LINK = b"1"
KINDS = {
    b"0": EntryKind.FILE,
    b"\0": EntryKind.FILE,
    b"7": EntryKind.FILE,
    b"S": EntryKind.FILE,
    HARD_LINK: EntryKind.FILE,
    b"2": EntryKind.LINK,
    b"3": EntryKind.OTHER,
    b"4": EntryKind.OTHER,
    b"5": EntryKind.FOLDER,
    b"6": EntryKind.OTHER,
}
FIELDS = struct.Struct("100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12s")
TIME = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9})\d{0,9})?")
Pax = dict[str, str]
Piece = bytes | memoryview


class BrokenTar(ValueError):
    """These bytes are no tar, or one that says two things at once."""


class UnsafeTar(ValueError):
    """A member that would leave the folder it is unpacked into."""


@dataclass(slots=True)
class Member:
    """One member, before its data."""

    path: str
    """Relative, without `.` and `..`; empty for the root itself."""
    type: bytes
    stored: int
    """Bytes of data in the tar."""
    size: int
    """Bytes of the file once unpacked."""
    mode: int
    uid: int
    gid: int
    modified_ns: int
    target: str

    @property
    def kind(self) -> EntryKind:
        """What unpacking makes of it; a hard link is a file."""
        return KINDS[self.type]


class Sink(Protocol):
    """Who is told of the members as they pass."""

    def begin(self, member: Member) -> None:
        """A member begins."""

    def data(self, piece: Piece) -> None:
        """The next bytes of its file."""

    def hole(self, size: int) -> None:
        """So many zeros come next in a sparse file."""

    def end(self) -> None:
        """The member is complete."""


def member_of(block: bytes, pax: Pax, long_name: str | None, long_target: str | None) -> Member:
    """The member that a header block, and the extended headers before it, describe. Raises BrokenTar, UnsafeTar."""
    name, mode, uid, gid, size, modified, _, kind, target, magic, _, _, _, _, _, prefix, _ = FIELDS.unpack(block)
    path = pax.get("path") or long_name or _name(name, prefix if magic == b"ustar\0" else b"")
    if kind not in KINDS:
        raise BrokenTar(f"{path!r} is of a type that only some tools understand ({kind!r})")
    stored = whole_number(pax["size"]) if "size" in pax else number(size)
    is_old_folder = kind in (b"0", b"\0") and path.endswith("/")
    if is_old_folder:
        kind = b"5"
    if KINDS[kind] is not EntryKind.FILE or kind == HARD_LINK:
        if stored:
            raise BrokenTar(f"{path!r} has data although it is no file")
    elif stored < 0:
        raise BrokenTar(f"{path!r} has a negative size")
    inner = inside(path)
    if not inner and kind != b"5":
        raise UnsafeTar(f"{path!r} would take the place of the folder it is unpacked into")
    return Member(
        path=inner,
        type=kind,
        stored=stored,
        size=stored,
        mode=number(mode) & 0o7777,
        uid=whole_number(pax["uid"]) if "uid" in pax else number(uid),
        gid=whole_number(pax["gid"]) if "gid" in pax else number(gid),
        modified_ns=_nanoseconds(pax["mtime"]) if "mtime" in pax else number(modified) * 10**9,
        target=pax.get("linkpath") or long_target or text(target),
    )


def inside(path: str) -> str:
    """A member's path below the folder it is unpacked into; empty for the folder itself. Raises UnsafeTar."""
    if path.startswith("/"):
        raise UnsafeTar(f"{path!r} is an absolute path")
    if "\0" in path:
        raise UnsafeTar(f"{path!r} has a NUL in its name")
    if "." not in path and "//" not in path and not path.endswith("/"):
        return path
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UnsafeTar(f"{path!r} climbs out of its folder")
    return "/".join(parts)


def verified(block: bytes) -> bytes:
    """The block, when its checksum is right. Raises BrokenTar."""
    if number(block[148:156]) != 256 + sum(block) - sum(block[148:156]):
        raise BrokenTar("a header's checksum is wrong: the archive is damaged, or is no tar")
    return block


def pax_records(data: bytes) -> Pax:
    """The records of an extended header. Raises BrokenTar."""
    found: Pax = {}
    at = 0
    while at < len(data) and data[at]:
        space = data.find(b" ", at, at + LONGEST_NUMBER)
        length = whole_number(text(data[at:space])) if space > 0 else 0
        key, equals, value = data[space + 1 : at + length - 1].partition(b"=")
        if not equals or data[at + length - 1 : at + length] != b"\n":
            raise BrokenTar("an extended header is damaged")
        name, at = text(key), at + length
        if name in ("GNU.sparse.offset", "GNU.sparse.numbytes"):  # format 0.0 repeats them; 0.1 has them in one
            found["GNU.sparse.map"] = (
                f"{found['GNU.sparse.map']},{text(value)}" if "GNU.sparse.map" in found else text(value)
            )
        else:
            found[name] = value.decode("utf-8", "surrogateescape")
    return found


def text(field: bytes) -> str:
    """A field up to its NUL; bytes that are no UTF-8 stay as lone surrogates."""
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


@lru_cache(4096)
def number(field: bytes) -> int:
    """A number field: octal, or in base 256 where its first bit is set. Raises BrokenTar."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
    digits = field.partition(b"\0")[0].strip(b" ")
    if digits and not digits.isdigit():
        raise BrokenTar("a header has a number that is none")
    try:
        return int(digits or b"0", 8)
    except ValueError as error:
        raise BrokenTar("a header has a number that is none") from error


def _name(name: bytes, prefix: bytes) -> str:
    return f"{text(prefix)}/{text(name)}" if prefix[:1] not in (b"", b"\0") else text(name)


def whole_number(digits: str) -> int:
    """A number in an extended header. Raises BrokenTar."""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        raise BrokenTar("an extended header has a number that is none")
    return int(digits)


def _nanoseconds(seconds: str) -> int:
    found = TIME.fullmatch(seconds)
    if not found:
        raise BrokenTar("an extended header has a time that is none")
    sign, whole, fraction = found.groups()
    nanoseconds = int(whole) * 10**9 + int((fraction or "").ljust(9, "0"))
    return -nanoseconds if sign else nanoseconds
