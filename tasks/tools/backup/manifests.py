"""Manifests: what a restore point holds, written, read, and made from a tree on this machine.

A manifest is a file of JSON lines, one `Entry` each, ordered by path and compressed with zstd. A path whose bytes
are no UTF-8 keeps them as escaped lone surrogates, so every line is plain ASCII.
"""

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from backports import zstd

from models.errors import BackupError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.shapes import Tree
from tasks.tools.backup.walking import shown, unreadable, walk, walk_below

THREADS = min(4, os.cpu_count() or 1)
PIECE = 1 << 20
FILES_PER_TASK = 128
LINES_PER_READ = 1000
TICK_NS = 2_000_000_000
"""The coarsest clock of a file system: a file that changed less than this ago may change again unseen."""
OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
UNCHANGED = ("size", "modified_ns", "changed_ns", "inode")


def manifest_of_tree(tree: Tree, previous: Path | None) -> list[Entry]:
    """Every path of the tree with the hash of its bytes, ordered by path, the folders above it included.

    A file whose size, times and inode are those of `previous` keeps that hash unread. A file that changes while it
    is read has an empty hash; one that vanishes is not there. Raises BackupError when a source is missing or
    unreadable.
    """
    known = _known(previous) if previous else {}
    entries, unread = [], []
    for entry in walk(tree):
        seen = known.get(entry.path)
        if entry.kind is not EntryKind.FILE:
            entries.append(entry)
        elif seen and seen[:4] == (entry.size, entry.modified_ns, entry.changed_ns, entry.inode) and seen[4]:
            entries.append(hashed(entry, seen[4]))
        else:
            unread.append(entry)
    entries += _hashed(unread, lambda entry: hash_of(Path("/", entry.path), entry))
    return sorted(entries, key=lambda entry: entry.path)


def manifest_of_restored(folder: Path) -> list[Entry]:
    """Every path below a restored folder, hashed. A file that its owner may not read is opened up and put back."""
    entries = list(walk_below(folder))
    unread = [entry for entry in entries if entry.kind is EntryKind.FILE]
    rest = [entry for entry in entries if entry.kind is not EntryKind.FILE]
    return sorted(rest + _hashed(unread, lambda entry: _hash_opened(folder, entry)), key=lambda entry: entry.path)


def write_manifest(entries: Iterable[Entry], path: Path) -> str:
    """Write the entries in their order; gives the SHA-256 of the uncompressed lines."""
    digest = hashlib.sha256()
    remaining = iter(entries)
    with zstd.open(path, "wb", level=3) as file:
        file.write(b"")  # or a manifest without entries would be a file without a frame, which reads as damaged
        while lines := "".join(map(_line, islice(remaining, LINES_PER_READ))):
            data = lines.encode()
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


def read_manifest(path: Path) -> Iterator[Entry]:
    """The entries of a manifest file. Raises BackupError when it is missing or damaged."""
    for row in _rows(path):
        try:
            row["kind"] = EntryKind(row["kind"])
            yield Entry(**row)
        except (TypeError, ValueError, KeyError) as error:
            raise _damaged(path, error) from error


def lines_sha256(path: Path) -> str | None:
    """The SHA-256 of a manifest file's uncompressed lines; None when it is missing or damaged."""
    try:
        with zstd.open(path, "rb") as lines:
            return hashlib.file_digest(lines, "sha256").hexdigest()
    except (OSError, EOFError, zstd.ZstdError):
        return None


def hash_of(path: Path, walked: Entry) -> str | None:
    """The SHA-256 of a file's bytes; empty when it is no longer what the walk saw, None when it is gone.

    Raises BackupError when it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        descriptor = os.open(path, OPEN)
        try:
            while piece := os.read(descriptor, min(walked.size + 1, PIECE)):
                digest.update(piece)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from error
    now = (after.st_size, after.st_mtime_ns, after.st_ino)
    is_same = now == (walked.size, walked.modified_ns, walked.inode) and stat.S_ISREG(after.st_mode)
    return digest.hexdigest() if is_same else ""


def hashed(entry: Entry, sha256: str) -> Entry:
    """The entry with its hash; four times as fast as `dataclasses.replace`, for it is called once a file."""
    return Entry(
        entry.path,
        entry.kind,
        entry.size,
        entry.mode,
        entry.modified_ns,
        entry.uid,
        entry.gid,
        sha256,
        entry.target,
        entry.inode,
        entry.changed_ns,
    )


def _hash_opened(folder: Path, entry: Entry) -> str | None:
    path = folder / entry.path
    if os.access(path, os.R_OK):
        return hash_of(path, entry)
    path.chmod(0o400)
    try:
        return hash_of(path, entry)
    finally:
        path.chmod(entry.mode)


def _hashed(entries: Sequence[Entry], hashing: Callable[[Entry], str | None]) -> list[Entry]:
    """The files with their hashes, without those that vanished; a few threads, because hashing runs side by side."""

    def part(entries: Sequence[Entry]) -> list[Entry]:
        # One that changed just now may change again within the same tick of its file system's clock: without
        # the time of its change it is read again the next time.
        recently = time.time_ns() - TICK_NS
        hashes = ((entry, hashing(entry)) for entry in entries)
        return [
            hashed(entry if entry.changed_ns < recently else replace(entry, changed_ns=0), found)
            for entry, found in hashes
            if found is not None
        ]

    parts = [entries[at : at + FILES_PER_TASK] for at in range(0, len(entries), FILES_PER_TASK)]
    with ThreadPoolExecutor(THREADS, "hashing") as threads:
        return [entry for done in threads.map(part, parts) for entry in done]


def _line(entry: Entry) -> str:
    extra = f',"sha256":"{entry.sha256}"' if entry.sha256 else ""
    extra += f',"target":{quoted(entry.target)}' if entry.target else ""
    return (
        f'{{"path":{quoted(entry.path)},"kind":"{entry.kind.value}","size":{entry.size},"mode":{entry.mode},'
        f'"modified_ns":{entry.modified_ns},"uid":{entry.uid},"gid":{entry.gid},"inode":{entry.inode},'
        f'"changed_ns":{entry.changed_ns}{extra}}}\n'
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with zstd.open(path, "rb") as lines:
            while some := list(islice(lines, LINES_PER_READ)):
                yield from json.loads(b"[" + b",".join(some) + b"]")
    except (OSError, ValueError, EOFError, zstd.ZstdError) as error:
        raise _damaged(path, error) from error


def _known(path: Path) -> dict[str, tuple[Any, ...]]:
    """Of each path of a manifest: what tells that a file is untouched, and its hash."""
    return {row["path"]: (*[row[name] for name in UNCHANGED], row.get("sha256")) for row in _rows(path)}


def _damaged(path: Path, error: Exception) -> BackupError:
    return BackupError(
        shown(path), BackupFault.DAMAGED, f"this manifest cannot be read ({error}), so its point cannot be proven"
    )
