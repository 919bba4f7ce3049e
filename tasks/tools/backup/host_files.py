"""The manifest of a host's files, made there by find and sha256sum: only names and hashes come over the line."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from models.errors import BackupError, HostError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.excludes import left_out
from tasks.tools.backup.manifests import hashed
from tasks.tools.backup.sources import NOT_FOUND, Origin, Reading, fault_of, started, words_of
from tasks.tools.ssh import CommandFailed, transfer

PIECE = 1 << 18
NANOSECONDS = 10**9
# find ends with 1 when a path vanished or may not be read. Whether it was one that matters restic says, which reads
# the same paths with the same rights.
_LIST = r"""
LC_ALL=C
export LC_ALL
form='%y %s %m %T@ %U %G %i %C@ %p\0%l\0'
above=$1
shift
printf '%s\0' "$(date +%s%N)"
while [ "$above" -gt 0 ]; do
    find "$1" -maxdepth 0 -printf "$form"
    shift
    above=$((above - 1))
done
find "$@" -printf "$form"
code=$?
[ $code = 1 ] || exit $code
"""
# xargs ends with 123 when a file vanished or may not be read: it has no hash then, and the point is asked for it.
_HASH = """
LC_ALL=C
export LC_ALL
xargs -0 -r sha256sum -z --
code=$?
[ $code = 123 ] || exit $code
"""
_HASHED = re.compile(rb"([0-9a-f]{64}) [ *](.+)", re.DOTALL)
_KINDS = {"f": EntryKind.FILE, "d": EntryKind.FOLDER, "l": EntryKind.LINK}


@dataclass(frozen=True)
class HostTree:
    """Files of a host, by their absolute paths."""

    origin: Origin
    paths: tuple[str, ...]
    excludes: tuple[str, ...] = ()
    """Shell patterns as restic's --exclude reads them."""

    @property
    def host(self) -> str:
        """Where they are."""
        return self.origin.target.name

    @property
    def what(self) -> str:
        """As people know it."""
        return f"{', '.join(self.paths)} on {self.host}"

    def part(self, name: str) -> Origin:
        """The same place for another command, which gets no secrets."""
        return replace(self.origin, key=f"{self.origin.key}.{name}", secrets={})


@dataclass(frozen=True)
class Listing:
    """A host's files at one moment, ordered by path, without hashes."""

    at_ns: int
    """By the host's own clock."""
    entries: list[Entry]


def require(tree: HostTree) -> None:
    """Are all the paths there? Raises BackupError (source missing), HostError."""
    origin = tree.origin
    try:
        transfer.require(origin.pool, origin.target, tree.paths, transfer.Way(origin.key))
    except HostError as error:
        raise fault_of(error, origin, tree.what, _explain) from error


def listed(tree: HostTree, name: str) -> Listing:
    """Every path of the tree and the folders above it. Raises BackupError, HostError."""
    paths = sorted({os.fspath(Path("/", os.path.normpath(path).lstrip("/"))) for path in tree.paths})
    above = sorted(_above(paths))
    argv = ("sh", "-c", _LIST, "list", str(len(above)), *above, *paths)
    with started(tree.part(name), argv, tree.what, _explain) as reading:
        output = _all_of(reading)
    try:
        return _listing(output, paths, left_out(tree.excludes))
    except ValueError as error:
        problem = f"the list of its files cannot be read; it needs GNU find, and the date of coreutils, on {tree.host}"
        raise BackupError(tree.what, BackupFault.SOURCE_FAILED, problem) from error


def hashes_of(tree: HostTree, entries: Sequence[Entry], seen: Callable[[int], None]) -> list[Entry]:
    """The entries, the files with their hashes; one that cannot be hashed has none. Raises BackupError, HostError.

    `seen` is told how many files are hashed. What it raises ends the hashing.
    """
    names = b"".join(os.fsencode(f"/{entry.path}\0") for entry in entries if entry.kind is EntryKind.FILE)
    origin = tree.part("hashes")
    found: dict[str, str] = {}
    rest = b""
    try:
        command = origin.command(("sh", "-c", _HASH, "hash"))
        with origin.pool.stream(origin.target, command, stdin=BytesIO(names)) as opened:
            reading = Reading(opened, origin, tree.what, _explain, at_least=0)
            while piece := reading.read(PIECE):
                *lines, rest = (rest + piece).split(b"\0")
                found.update(_hash_in(line) for line in lines)
                seen(len(found))
    except HostError as error:
        raise fault_of(error, origin, tree.what, _explain) from error
    except ValueError as error:
        raise _unhashed(tree) from error
    if names and not found:
        raise _unhashed(tree)
    # Without the time of its last change no later manifest takes a file for an untouched one of this machine.
    return [replace(hashed(entry, found.get(entry.path, "")), changed_ns=0) for entry in entries]


def _unhashed(tree: HostTree) -> BackupError:
    problem = f"its hashes cannot be read; they need the sha256sum of coreutils on {tree.host}"
    return BackupError(tree.what, BackupFault.SOURCE_FAILED, problem)


def _all_of(reading: Reading) -> bytes:
    pieces = []
    while piece := reading.read(PIECE):
        pieces.append(piece)
    return b"".join(pieces)


def _above(paths: Iterable[str]) -> set[str]:
    return {os.fspath(folder) for path in paths for folder in Path(path).parents} - {"/"}


def _listing(output: bytes, paths: Sequence[str], is_left_out: Callable[[str], bool]) -> Listing:
    """Raises ValueError for what is no list of ours, or lacks one of the paths."""
    moment, *words = output.split(b"\0")
    above, missing = _above(paths), set(paths)
    found: dict[str, Entry] = {}
    left: set[str] = set()
    for head, target in zip(words[:-1:2], words[1::2], strict=True):
        entry = _entry(head, os.fsdecode(target))
        path = f"/{entry.path}"
        missing.discard(path)
        # A folder comes before what is in it, and a pattern takes nothing back in below one that is left out.
        if path not in above and (path.rpartition("/")[0] in left or is_left_out(path)):
            left.add(path)
        elif entry.path:
            found[entry.path] = entry
    if missing:
        raise ValueError(f"find did not list {', '.join(missing)}")
    return Listing(int(moment), [found[path] for path in sorted(found)])


def _entry(head: bytes, target: str) -> Entry:
    kind_letter, size, mode, modified, uid, gid, inode, changed, path = os.fsdecode(head).split(" ", 8)
    kind = _KINDS.get(kind_letter, EntryKind.OTHER)
    return Entry(
        path=path.lstrip("/"),
        kind=kind,
        size=int(size) if kind is EntryKind.FILE else 0,
        mode=int(mode, 8),
        modified_ns=_nanoseconds(modified),
        uid=int(uid),
        gid=int(gid),
        target=target,
        inode=int(inode),
        changed_ns=_nanoseconds(changed),
    )


def _nanoseconds(seconds: str) -> int:
    whole, _, fraction = seconds.partition(".")
    return int(whole) * NANOSECONDS + int(fraction[:9].ljust(9, "0"))


def _hash_in(line: bytes) -> tuple[str, str]:
    named = _HASHED.fullmatch(line)
    if not named:
        raise ValueError(f"{line[:80]!r} is no line of sha256sum")
    return os.fsdecode(named[2]).lstrip("/"), named[1].decode()


def is_empty(entries: Iterable[Entry]) -> bool:
    """Nothing but folders."""
    return all(entry.kind is EntryKind.FOLDER for entry in entries)


def _explain(error: CommandFailed) -> tuple[BackupFault, str]:
    if error.exit_code == NOT_FOUND:
        problem = f"find, xargs or sha256sum is not installed on {error.host}: install findutils and coreutils there"
        return BackupFault.NO_ENGINE, problem
    return BackupFault.SOURCE_FAILED, f"{words_of(error)}; no restore point is kept; look at find and sha256sum there"
