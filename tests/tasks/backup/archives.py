"""Tars for tests: good ones of every format, and hostile ones made byte by byte."""

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

from models.vocabulary import BackupFault

END = bytes(1024)
OUTSIDE = "outside"
"""The name that every hostile archive tries to make beside the folder."""


def block(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", target: str = "", **changes: object) -> bytes:
    """One member of a tar, as a hostile writer would make it: nothing is checked."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode, info.mtime = kind, target, len(data), 0o644, 1_700_000_000
    form = changes.pop("form", tarfile.PAX_FORMAT)
    for key, value in changes.items():
        setattr(info, key, value)
    padding = b"\0" * (-len(data) % 512)
    return info.tobuf(form, "utf-8", "surrogateescape") + data + padding


def extended(kind: bytes, data: bytes) -> bytes:
    """An extended header with its data."""
    return block("././@LongLink" if kind in b"LK" else "./PaxHeaders/x", kind, data)


def record(key: str, value: str) -> bytes:
    """One record of a PAX header."""
    body = f" {key}={value}\n".encode()
    size = len(body) + 1
    while len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return str(size).encode() + body


def folder(name: str, mode: int = 0o755) -> bytes:
    return block(name, tarfile.DIRTYPE, mode=mode)


def link(name: str, target: str) -> bytes:
    return block(name, tarfile.SYMTYPE, target=target)


def hard(name: str, target: str) -> bytes:
    return block(name, tarfile.LNKTYPE, target=target)


def chain_beyond_path_max() -> bytes:
    """CVE-2025-4517 and -4330: links nested until a resolved path is longer than PATH_MAX, and then `..`."""
    long, steps, made = "d" * 247, "abcdefghijklmnop", b""
    path = ""
    for step in steps:
        made += folder(path + long) + link(path + step, long)
        path += f"{long}/"
    short = "/".join(steps)
    made += link(f"{short}/{'l' * 254}", "../" * len(steps))
    made += link("escape", f"{short}/{'l' * 254}/../../{OUTSIDE}")
    return made + hard("flag", "escape") + block("flag", data=b"overwritten")


def old_sparse(size: int, stored: bytes, *pairs: tuple[int, int]) -> bytes:
    """GNU's old sparse member."""
    info = bytearray(block("sparse", b"S", stored, form=tarfile.GNU_FORMAT)[:512])
    for number, (offset, length) in enumerate(pairs):
        info[386 + 24 * number : 386 + 24 * number + 24] = b"%011o\0%011o\0" % (offset, length)
    info[483:495] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    info[148:156] = b" " * 8
    info[148:156] = b"%06o\0 " % sum(info)
    return bytes(info) + stored + b"\0" * (-len(stored) % 512)


@dataclass(frozen=True)
class Hostile:
    name: str
    data: Callable[[], bytes]
    fault: BackupFault
    word: str
    """What the message must name."""


UNSAFE, DAMAGED, LARGE = BackupFault.UNSAFE, BackupFault.DAMAGED, BackupFault.TOO_LARGE
HOSTILE = [
    Hostile("a parent path", lambda: block(f"../{OUTSIDE}", data=b"x"), UNSAFE, "climbs"),
    Hostile("a parent path within", lambda: block(f"a/../../{OUTSIDE}", data=b"x"), UNSAFE, "climbs"),
    Hostile("an absolute path", lambda: block("/tmp/x", data=b"x"), UNSAFE, "absolute"),
    Hostile(
        "a PAX path that climbs",
        lambda: extended(b"x", record("path", f"../{OUTSIDE}")) + block("ok"),
        UNSAFE,
        "climbs",
    ),
    Hostile(
        "a GNU long name that climbs",
        lambda: extended(b"L", f"../{OUTSIDE}\0".encode()) + block("ok"),
        UNSAFE,
        "climbs",
    ),
    Hostile(
        "a global PAX path", lambda: extended(b"g", record("path", f"../{OUTSIDE}")) + block("ok"), UNSAFE, "climbs"
    ),
    Hostile(
        "a sparse name that climbs",
        lambda: (
            extended(
                b"x",
                record("GNU.sparse.name", f"../{OUTSIDE}")
                + record("GNU.sparse.map", "0,1")
                + record("GNU.sparse.size", "1"),
            )
            + block("ok", data=b"x")
        ),
        UNSAFE,
        "climbs",
    ),
    Hostile("a file through a link", lambda: link("a", "..") + block(f"a/{OUTSIDE}", data=b"x"), UNSAFE, "through"),
    Hostile("a folder through a link", lambda: link("a", "..") + folder(f"a/{OUTSIDE}"), UNSAFE, "through"),
    Hostile("a link through a link", lambda: link("a", "..") + link(f"a/{OUTSIDE}", "x"), UNSAFE, "through"),
    Hostile(
        "a file through two links",
        lambda: folder("b") + link("b/up", "..") + link("a", "b/up/..") + block(f"a/{OUTSIDE}"),
        UNSAFE,
        "through",
    ),
    Hostile(
        "a folder made again over a link",
        lambda: link("a", "..") + folder("a") + block(f"a/{OUTSIDE}"),
        UNSAFE,
        "through",
    ),
    Hostile(
        "a link that replaces a folder",
        lambda: folder("a") + link("a", "..") + block(f"a/{OUTSIDE}"),
        UNSAFE,
        "place of a folder",
    ),
    Hostile("a root that is a link", lambda: link("./", "..") + block(OUTSIDE), UNSAFE, "place of the folder"),
    Hostile("a hard link to a parent path", lambda: hard("a", f"../{OUTSIDE}"), UNSAFE, "climbs"),
    Hostile("a hard link to an absolute path", lambda: hard("a", "/etc/passwd"), UNSAFE, "absolute"),
    Hostile("a hard link through a link", lambda: link("e", "/etc") + hard("a", "e/passwd"), UNSAFE, "through"),
    Hostile("a hard link to nothing", lambda: hard("a", "nothing"), UNSAFE, "no file of the archive"),
    Hostile("a hard link to a folder", lambda: folder("f") + hard("a", "f"), UNSAFE, "no file of the archive"),
    Hostile("links beyond PATH_MAX (CVE-2025-4517)", chain_beyond_path_max, UNSAFE, ""),
    Hostile(
        "a hard link to a link out, then a write (CVE-2026-7774)",
        lambda: link("a/b/out", f"../../../{OUTSIDE}") + hard("move", "a/b/out") + block("move/x", data=b"x"),
        UNSAFE,
        "through",
    ),
    Hostile("a name too long", lambda: block("n" * 300, data=b"x"), UNSAFE, "cannot be unpacked"),
    Hostile("a path too long", lambda: block("d/" * 3000 + "x"), UNSAFE, "longer than a path"),
    Hostile("a NUL in a name", lambda: extended(b"x", record("path", "a\0b")) + block("ok"), UNSAFE, "NUL"),
    Hostile("zeros without end", lambda: old_sparse(10 * 1024**3, b"", (10 * 1024**3, 0)), LARGE, "sparse"),
    Hostile("a sparse exabyte", lambda: old_sparse(2**60, b""), LARGE, "sparse"),
    Hostile("a size beyond its bytes", lambda: block("big", size=10 * 1024**3), LARGE, "big"),
    Hostile("too many members", lambda: b"".join(folder(f"d{number}") for number in range(101)), LARGE, "d100"),
    Hostile("too many folders in one path", lambda: block("d/" * 150 + "x"), LARGE, "files"),
    Hostile("a negative size", lambda: block("a", size=-512, form=tarfile.GNU_FORMAT), DAMAGED, "negative"),
    Hostile("a link with data", lambda: block("a", tarfile.SYMTYPE, b"x" * 600, "b"), DAMAGED, "data"),
    Hostile("an unknown type", lambda: block("a", b"D", b"x"), DAMAGED, "type"),
    Hostile("an endless extended header", lambda: block("x", b"x", size=2**40), DAMAGED, "extended header"),
    Hostile(
        "an extended header that lies", lambda: extended(b"x", b"99 path=a\n") + block("ok"), DAMAGED, "extended header"
    ),
    Hostile(
        "a time that is a bomb", lambda: extended(b"x", record("mtime", "1e999999999")) + block("ok"), DAMAGED, "time"
    ),
    Hostile("a map that overlaps", lambda: old_sparse(10, b"abcd", (0, 2), (1, 2)), DAMAGED, "map"),
    Hostile("a map beyond its file", lambda: old_sparse(3, b"abcd", (0, 4)), DAMAGED, "map"),
    Hostile("a map that does not fit", lambda: old_sparse(10, b"abcd", (0, 9)), DAMAGED, "map"),
    Hostile(
        "a map without end",
        lambda: (
            extended(
                b"x",
                record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.realsize", "9"),
            )
            + block("m", data=b"9" * 2048)
        ),
        DAMAGED,
        "map",
    ),
    Hostile("a wrong checksum", lambda: b"x" + block("a")[1:], DAMAGED, "checksum"),
    Hostile("text, no tar", lambda: b"hello " * 200, DAMAGED, ""),
]


def tar_of(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A plain tar of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
