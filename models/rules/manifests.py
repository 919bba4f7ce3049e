"""What a restore point holds, file by file, and how a restored copy differs from it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    """What one path is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"  # device, socket, pipe: kept by name only


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a restore point, relative to its root."""

    path: str
    kind: EntryKind
    size: int = 0
    mode: int = 0
    modified_ns: int = 0
    uid: int = 0
    gid: int = 0
    sha256: str = ""
    """Of a file's bytes; empty when the file changed while it was read, so that nobody knows what was kept."""
    target: str = ""
    """Where a link points."""
    inode: int = 0
    changed_ns: int = 0
    """Time of the last change of the file's data or attributes; with the inode it tells an untouched file."""


class Difference(StrEnum):
    """How a restored path differs."""

    MISSING = "missing"
    ADDED = "not in the backup"
    CONTENT = "other content"
    KIND = "another kind"
    TARGET = "another target"
    MODE = "other permissions"


@dataclass(frozen=True)
class Finding:
    """One path that is not as it was."""

    path: str
    difference: Difference


def compare(taken: Iterable[Entry], restored: Iterable[Entry]) -> Iterator[Finding]:
    """Every path that differs between a manifest and a restored copy, in the order of paths.

    Owners and times are not compared: a restore test runs without the right to set owners, and a copy whose bytes
    and permissions are right is a good one. Devices, sockets and pipes are kept by name only. A file without a
    hash, because it changed while it was read, is compared by its kind and permissions. A folder that the backup does
    not name is not added when something of the backup lies in it: a tar of /srv/shop has no entry for /srv.
    """
    there = {entry.path: entry for entry in restored if entry.kind is not EntryKind.OTHER}
    above: set[str] = set()
    for entry in taken:
        _note_above(entry.path, above)
        if entry.kind is EntryKind.OTHER:
            continue
        found = there.pop(entry.path, None)
        difference = Difference.MISSING if found is None else _difference(entry, found)
        if difference is not None:
            yield Finding(entry.path, difference)
    for path in sorted(there):
        if there[path].kind is not EntryKind.FOLDER or path not in above:
            yield Finding(path, Difference.ADDED)


def _note_above(path: str, above: set[str]) -> None:
    while (path := path.rpartition("/")[0]) and path not in above:
        above.add(path)


def _difference(taken: Entry, found: Entry) -> Difference | None:
    if taken.kind is not found.kind:
        return Difference.KIND
    if taken.sha256 and (taken.sha256, taken.size) != (found.sha256, found.size):
        return Difference.CONTENT
    if taken.kind is EntryKind.LINK:
        return Difference.TARGET if taken.target != found.target else None
    permissions = 0o777
    return Difference.MODE if taken.mode & permissions != found.mode & permissions else None
