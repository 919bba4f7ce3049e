"""Writes one restore point. It is there once its facts have their name, which is the last thing that happens."""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backports import zstd

from models.errors import BackupError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.archive.dumps import Dump, spooled
from tasks.tools.backup.archive.layout import FORMAT, Facts, Layout, StoredFile, settle_folder, write_durably
from tasks.tools.backup.archive.packing import Bytes, HashedFile, Packer, Read, store
from tasks.tools.backup.archive.tree_tar import TreeTar
from tasks.tools.backup.manifests import write_manifest
from tasks.tools.backup.shapes import Advance, Label, Progress, Stream, Taken, Tree
from tasks.tools.backup.tar_observer import TarObserver
from tasks.tools.backup.walking import shown

TOOL = f"watchbill archive {FORMAT}, zstd {zstd.zstd_version}"
PROGRESS_SECONDS = 0.25
ROOM = 0.9
"""Of the size of the point before: with less free, a run is not even begun."""


class Source(Protocol):
    """What is read for a point."""

    bytes_read: int

    @property
    def files(self) -> int:
        """How many were read."""

    def read(self, size: int, /) -> Bytes:
        """The next piece; none at the end."""


@dataclass
class Writing:
    """One point on its way into a repository."""

    layout: Layout
    point_id: str
    recipients: Sequence[str]

    def __post_init__(self) -> None:
        is_encrypted = bool(self.recipients)
        self.archive = self.layout.archive(self.point_id, is_encrypted=is_encrypted)
        self.manifest = self.layout.manifest(self.point_id, is_encrypted=is_encrypted)
        self.incoming = self.layout.incoming(self.point_id.split("/")[0])
        self.incoming.mkdir(parents=True, exist_ok=True)
        self.archive.parent.mkdir(exist_ok=True)

    def beside(self, path: Path) -> Path:
        """Where a file of the point lies until the point is whole."""
        return self.incoming / path.name

    def settle(self, facts: Facts) -> None:
        """Give the files their names, the facts last."""
        for path in (self.archive, self.manifest):
            self.beside(path).replace(path)
        settle_folder(self.archive.parent)
        write_durably(self.layout.facts(self.point_id), facts.model_dump_json(indent=1) + "\n")

    def undo(self) -> None:
        """Leave nothing of it, the facts first."""
        self.layout.facts(self.point_id).unlink(missing_ok=True)
        for path in (self.archive, self.manifest):
            self.beside(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)


class Attempt:
    """One attempt to take a point. Of one that fails nothing is left."""

    def __init__(self, writing: Writing, label: Label, local_manifest: Path, progress: Progress) -> None:
        self._writing = writing
        self._label = label
        self._local_manifest = local_manifest
        self._progress = progress
        self._started = time.monotonic()
        self._next_word = self._started + PROGRESS_SECONDS

    def take(self, source: Tree | Stream) -> Taken:
        """Read the source and write the point. Raises BackupError and OSError."""
        self._make_room()
        try:
            archive, entries, warnings, read = self._archived(source)
            return self._settled(archive, entries, warnings, read)
        except BaseException:
            self._writing.undo()
            self._local_manifest.unlink(missing_ok=True)
            raise

    def _archived(self, source: Tree | Stream) -> tuple[HashedFile, list[Entry], tuple[str, ...], int]:
        writing = self._writing
        path = writing.beside(writing.archive)
        if isinstance(source, Tree):
            with closing(TreeTar(source)) as tree:
                archive = store(self._watched(tree), path, writing.recipients, Packer())
                entries = _with_files(tree.entries(), ", ".join(map(shown, source.paths)))
                return archive, entries, tree.warnings(), tree.bytes_read
        if source.is_tar:
            tar = TarObserver(source.read, source.name)
            archive = store(self._watched(tar), path, writing.recipients, Packer())
            source.finish()
            if not (entries := tar.entries()):
                raise BackupError(source.name, BackupFault.SOURCE_EMPTY, "the tar has no members; look at its paths")
            return archive, entries, source.warnings(), sum(entry.size for entry in entries)
        dump = Dump(source, self._label.at)
        with ExitStack() as stack:
            spool = path.with_name(f"{path.name}.new")
            packed = spooled(dump, self._watched(dump), spool, is_encrypted=bool(writing.recipients))
            read = stack.enter_context(packed)
            source.finish()
            archive = store(read, path, writing.recipients)
        return archive, [dump.entry()], source.warnings(), dump.bytes_read

    def _settled(self, archive: HashedFile, entries: list[Entry], warnings: tuple[str, ...], read: int) -> Taken:
        writing, label = self._writing, self._label
        self._local_manifest.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines_sha256 = write_manifest(entries, self._local_manifest)
        with self._local_manifest.open("rb") as file:
            os.fsync(file.fileno())
            manifest = store(file.read, writing.beside(writing.manifest), writing.recipients)
        files = sum(entry.kind is not EntryKind.FOLDER for entry in entries)
        seconds = time.monotonic() - self._started
        facts = Facts(
            format=FORMAT,
            plan=label.plan,
            run=label.run,
            host=label.host,
            at=label.at,
            seconds=round(seconds, 3),
            files=files,
            bytes_read=read,
            archive=StoredFile(size=archive.size, sha256=archive.sha256),
            manifest=StoredFile(size=manifest.size, sha256=manifest.sha256),
            manifest_lines_sha256=lines_sha256,
            recipients=tuple(writing.recipients),
            tool=TOOL,
        )
        self._progress(Advance(read, files))
        writing.settle(facts)
        return Taken(
            point_id=writing.point_id,
            at=label.at,
            bytes_read=read,
            bytes_added=facts.size,
            files=files,
            seconds=seconds,
            manifest=self._local_manifest,
            manifest_sha256=lines_sha256,
            warnings=warnings,
        )

    def _make_room(self) -> None:
        """Every point is a whole one, so the last one's size tells what this one needs."""
        layout = self._writing.layout
        last = next(reversed(layout.point_ids(self._label.plan)), None)
        sizes = [path.stat().st_size for path in layout.root.glob(f"{last}.tar.zst*")] if last else []
        free = shutil.disk_usage(layout.root).free
        if sizes and free < sizes[0] * ROOM:
            raise BackupError(
                os.fspath(layout.root),
                BackupFault.TARGET_FULL,
                f"{free} bytes are free, and the last point has {sizes[0]}; make room, or forget points. Older points "
                "are whole",
            )

    def _watched(self, source: Source) -> Read:
        def read(size: int) -> Bytes:
            piece = source.read(size)
            now = time.monotonic()
            if now >= self._next_word:
                self._next_word = now + PROGRESS_SECONDS
                self._progress(Advance(source.bytes_read, source.files))
            return piece

        return read


def _with_files(entries: list[Entry], what: str) -> list[Entry]:
    """The entries, when they are more than folders. Raises BackupError."""
    if not any(entry.kind is not EntryKind.FOLDER for entry in entries):
        message = "nothing but folders is there; see what became of it, or correct the paths"
        raise BackupError(what, BackupFault.SOURCE_EMPTY, message)
    return entries
