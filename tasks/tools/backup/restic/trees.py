"""A restore point of files on this machine: restic beside the threads that hash for the manifest."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from models.errors import BackupError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.manifests import manifest_of_tree
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.points import TREE
from tasks.tools.backup.restic.settling import settled
from tasks.tools.backup.restic.taking import Attempt, undone
from tasks.tools.backup.shapes import Label, Progress, Taken, Tree
from tasks.tools.backup.walking import shown, unreadable, walk

LEAST_PRIORITY = 19


def take_tree(restic: Restic, tree: Tree, label: Label, previous: Path | None, progress: Progress) -> Taken:
    """Write a restore point of these files. Raises BackupError, and then leaves no point."""
    _make_sure(tree, label)
    attempt = Attempt(restic, label, TREE, progress)
    excludes = [word for pattern in tree.excludes for word in ("--exclude", pattern)]
    paths = [os.fspath(path) for path in tree.paths]
    started_ns = time.time_ns()
    entries: list[Entry] = []
    with ThreadPoolExecutor(1, "manifest") as threads:
        hashing = threads.submit(_hashed, tree, previous)
        try:
            with restic.started(*attempt.arguments(*excludes, "--", *paths)) as running:
                hashing.add_done_callback(lambda done: running.end() if done.exception() else None)
                code = attempt.listen(running)
                messages = running.messages()
            if hashing.done() or code == 0:
                entries = hashing.result()  # raises what kept the hashing from its end, and restic with it
            point = attempt.point(code, messages)
            entries, warnings = settled(restic, walk(tree), point.point_id, entries, started_ns)
            return attempt.taken(point, entries, warnings)
        except BaseException as error:
            undone(attempt, error)
            raise


def _hashed(tree: Tree, previous: Path | None) -> list[Entry]:
    # Linux has a priority for each thread, and new ones take it over: restic goes first.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)
    return manifest_of_tree(tree, previous)


def _make_sure(tree: Tree, label: Label) -> None:
    """That every source is there and that there is something in them: restic goes on without what is missing."""
    for path in tree.paths:
        try:
            os.lstat(path)
        except OSError as error:
            raise unreadable(path, error) from error
    if not any(entry.kind is not EntryKind.FOLDER for entry in walk(tree)):
        sources = ", ".join(shown(path) for path in tree.paths)
        raise BackupError(
            label.plan,
            BackupFault.SOURCE_EMPTY,
            f"nothing but folders in {sources} on {label.host}; see what became of it, or correct the paths",
        )
