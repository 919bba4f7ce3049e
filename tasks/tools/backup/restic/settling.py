"""Makes the manifest of a living tree that of the restore point.

restic and our hashing read each file at different moments. A file that did not change from before both until after
both is one and the same to both; of any other, the restore point itself is asked.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

from models.rules.manifests import Entry, EntryKind
from tasks.tools.backup.restic.calls import Restic

CLOCK_NS = 100_000_000
"""Ten times the coarsest tick that a Linux kernel stamps a change with."""
MOST_ASKED = 100
THREADS = 2
_KINDS = {"file": EntryKind.FILE, "dir": EntryKind.FOLDER, "symlink": EntryKind.LINK}


def settled(
    restic: Restic, walked: Iterable[Entry], point_id: str, entries: list[Entry], started_ns: int
) -> tuple[list[Entry], tuple[str, ...]]:
    """The manifest of the point, and a warning when not all of it could be made sure.

    `walked` is the tree once more, after restic has read it; `started_ns` is by the clock of the files' machine.
    """
    moved = _moved(walked, entries, started_ns - CLOCK_NS)
    if not moved:
        return entries, ()
    taken = {entry.path: entry for entry in entries}
    nodes = _nodes(restic, point_id, moved.keys())
    for path in moved:
        node = nodes.get(path)
        if not _is_text(path):  # restic's list cannot name it
            taken = _without_hash(taken, path)
        elif node is None:
            taken.pop(path, None)
        else:
            taken[path] = _entry(path, node, moved[path] or taken.get(path))
    asked = [path for path in sorted(moved.keys() & nodes.keys()) if taken[path].kind is EntryKind.FILE]
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


def _moved(walked: Iterable[Entry], entries: Iterable[Entry], since_ns: int) -> dict[str, Entry | None]:
    """Paths that came, went, or changed since before the backup began, and what they are now."""
    before = {entry.path: entry for entry in entries}
    moved: dict[str, Entry | None] = {}
    for entry in walked:
        known = before.pop(entry.path, None)
        if known is None or entry.kind is not known.kind:
            moved[entry.path] = entry
        elif entry.kind is EntryKind.FILE:
            same = (entry.size, entry.modified_ns, entry.inode) == (known.size, known.modified_ns, known.inode)
            if not same or not known.sha256 or entry.changed_ns >= since_ns:
                moved[entry.path] = entry
        elif (entry.mode, entry.target) != (known.mode, known.target):
            moved[entry.path] = entry
    return moved | dict.fromkeys(before)


def _nodes(restic: Restic, point_id: str, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
    """What the point has at these paths. Raises BackupError."""
    found: dict[str, dict[str, Any]] = {}

    def hear(line: bytes) -> None:
        told = json.loads(line)
        path = told["path"].lstrip("/") if told.get("struct_type") == "node" else None
        if path is not None and path in wanted:
            found[path] = told

    answer = restic.run("ls", "--json", "--no-lock", point_id, on_line=hear)
    if answer.code != 0:
        raise restic.failure(answer.code, answer.messages)
    return found


def _entry(path: str, node: dict[str, Any], known: Entry | None) -> Entry:
    kind = _KINDS.get(node.get("type", ""), EntryKind.OTHER)
    modified = datetime.fromisoformat(node["mtime"])
    return Entry(
        path=path,
        kind=kind,
        size=node.get("size", 0),
        mode=node.get("mode", 0) & 0o777,
        modified_ns=int(modified.timestamp()) * 10**9,
        uid=node.get("uid", 0),
        gid=node.get("gid", 0),
        # restic names no target: what it is now is the best that there is
        target=known.target if known and kind is EntryKind.LINK else "",
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
