"""Makes the manifest of a living tree that of the restore point.

restic and our hashing read each file at different moments. A file that did not change from before both until after
both is one and the same to both; of any other, the restore point itself is asked.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from models.rules.manifests import Entry, EntryKind
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.shapes import Tree
from tasks.tools.backup.walking import walk

CLOCK_NS = 100_000_000
"""Ten times the coarsest tick that a Linux kernel stamps a change with."""
MOST_ASKED = 100
THREADS = 2
_KINDS = {"file": EntryKind.FILE, "dir": EntryKind.FOLDER, "symlink": EntryKind.LINK}


def settled(
    restic: Restic, tree: Tree, point_id: str, entries: list[Entry], started_ns: int
) -> tuple[list[Entry], tuple[str, ...]]:
    """The manifest of the point, and a warning when not all of it could be made sure."""
    moved = _moved(tree, entries, started_ns - CLOCK_NS)
    if not moved:
        return entries, ()
    taken = {entry.path: entry for entry in entries}
    nodes = _nodes(restic, point_id, moved)
    for path in moved:
        node = nodes.get(path)
        if not _is_text(path):  # restic's list cannot name it
            taken = _without_hash(taken, path)
        elif node is None:
            taken.pop(path, None)
        else:
            taken[path] = _entry(path, node, taken.get(path))
    asked = [path for path in sorted(moved & nodes.keys()) if taken[path].kind is EntryKind.FILE]
    hashes = _hashes(restic, point_id, asked[:MOST_ASKED])
    for path in asked:
        taken[path] = replace(taken[path], sha256=hashes.get(path, ""), changed_ns=0)
    return [taken[path] for path in sorted(taken)], _warnings(len(asked))


def _is_text(path: str) -> bool:
    return path.isprintable() or not any("\udc80" <= character <= "\udcff" for character in path)


def _without_hash(taken: dict[str, Entry], path: str) -> dict[str, Entry]:
    return taken | {path: replace(taken[path], sha256="", changed_ns=0)} if path in taken else taken


def _warnings(changed: int) -> tuple[str, ...]:
    if changed <= MOST_ASKED:
        return ()
    return (
        f"{changed} files changed while they were backed up, and {changed - MOST_ASKED} of them have no hash in the "
        "manifest, so no drill proves their content; back up a snapshot of the file system, or at a quiet hour",
    )


def _moved(tree: Tree, entries: Iterable[Entry], since_ns: int) -> set[str]:
    """Paths that came, went, or changed since before the backup began."""
    before = {entry.path: entry for entry in entries}
    moved = set()
    for entry in walk(tree):
        known = before.pop(entry.path, None)
        if known is None or entry.kind is not known.kind:
            moved.add(entry.path)
        elif entry.kind is EntryKind.FILE:
            same = (entry.size, entry.modified_ns, entry.inode) == (known.size, known.modified_ns, known.inode)
            if not same or not known.sha256 or entry.changed_ns >= since_ns:
                moved.add(entry.path)
        elif (entry.mode, entry.target) != (known.mode, known.target):
            moved.add(entry.path)
    return moved | before.keys()


def _nodes(restic: Restic, point_id: str, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """What the point has at these paths. Raises BackupError."""
    found = {}

    def hear(line: bytes) -> None:
        told = json.loads(line)
        path = told["path"].lstrip("/") if told.get("struct_type") == "node" else None
        if path in wanted:
            found[path] = told

    answer = restic.run("ls", "--json", "--no-lock", point_id, on_line=hear)
    if answer.code != 0:
        raise restic.failure(answer.code, answer.messages)
    return found


def _entry(path: str, node: dict[str, Any], known: Entry | None) -> Entry:
    kind = _KINDS.get(node.get("type", ""), EntryKind.OTHER)
    modified = datetime.fromisoformat(node["mtime"])
    target = ""
    if kind is EntryKind.LINK:  # restic names no target: what it is now is the best that there is
        target = (
            os.fspath(Path("/", path).readlink()) if Path("/", path).is_symlink() else (known.target if known else "")
        )
    return Entry(
        path=path,
        kind=kind,
        size=node.get("size", 0),
        mode=node.get("mode", 0) & 0o777,
        modified_ns=int(modified.timestamp()) * 10**9,
        uid=node.get("uid", 0),
        gid=node.get("gid", 0),
        target=target,
    )


def _hashes(restic: Restic, point_id: str, paths: Sequence[str]) -> dict[str, str]:
    def one(path: str) -> str:
        digest = hashlib.sha256()
        with restic.started("dump", point_id, f"/{path}") as running:
            while piece := running.output.read(1 << 20):
                digest.update(piece)
            code = running.wait()
            if code != 0:
                raise restic.failure(code, running.messages())
        return digest.hexdigest()

    with ThreadPoolExecutor(THREADS, "asking") as threads:
        return dict(zip(paths, threads.map(one, paths), strict=True))
