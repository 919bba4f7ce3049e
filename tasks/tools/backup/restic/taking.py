"""Writes one restore point. It counts only when restic ended with 0, lists it, and its manifest is written."""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import BackupError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.manifests import write_manifest
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.faults import said
from tasks.tools.backup.restic.points import Points, tags
from tasks.tools.backup.restic.process import Running
from tasks.tools.backup.shapes import Advance, Label, Progress, StoredPoint, Taken

PROGRESS_SECONDS = 0.25
PARTIAL_CODE = 3
MOST_NAMED = 5


@dataclass
class Attempt:
    """One attempt to write a point: what restic said on the way."""

    restic: Restic
    label: Label
    kind: str
    progress: Progress
    take: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    summary: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    _next_word: float = 0.0

    def arguments(self, *more: str) -> list[str]:
        """`restic backup` with whose point it is."""
        label = self.label
        found = ["backup", "--json", "--host", label.host, "--time", label.at.strftime("%Y-%m-%d %H:%M:%S")]
        for tag in tags(label, self.kind, self.take):
            found += ["--tag", tag]
        return [*found, *more]

    def listen(self, running: Running) -> int:
        """Follow it to its end; its exit code. What `progress` raises goes through."""
        for line in running.output:
            self.hear(line)
        return running.wait()

    def hear(self, line: bytes) -> None:
        """One line of what restic says. What `progress` raises goes through."""
        try:
            told = json.loads(line)
        except ValueError:
            return
        kind = told.get("message_type") if isinstance(told, dict) else None
        if kind == "summary":
            self.summary = told
        elif kind == "status" and time.monotonic() >= self._next_word:
            self._next_word = time.monotonic() + PROGRESS_SECONDS
            done = (told.get("bytes_done", 0), told.get("files_done", 0))
            self.progress(Advance(*done, told.get("total_bytes"), told.get("total_files")))

    def point(self, code: int, messages: Sequence[str]) -> StoredPoint:
        """The point that the repository lists for it. Raises BackupError when it did not end well."""
        if code == PARTIAL_CODE:
            raise BackupError(self.label.plan, BackupFault.SOURCE_UNREADABLE, unread(self.label.host, messages))
        if code != 0:
            raise self.restic.failure(code, messages)
        points = Points(self.restic).of_take(self.take)
        if len(points) != 1 or not self.summary:
            raise self.restic.unclear(messages)
        return points[0]

    def taken(self, point: StoredPoint, entries: Sequence[Entry], warnings: tuple[str, ...] = ()) -> Taken:
        """Write the manifest beside it."""
        manifest = manifest_path(self.restic.repository.folder, point.point_id)
        manifest.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = manifest.with_name(f"{manifest.name}.new")
        sha256 = write_manifest(entries, fresh)
        fresh.replace(manifest)
        summary = self.summary
        return Taken(
            point_id=point.point_id,
            at=point.at,
            bytes_read=summary.get("total_bytes_processed", 0),
            bytes_added=summary.get("data_added_packed", summary.get("data_added", 0)),
            files=sum(entry.kind is not EntryKind.FOLDER for entry in entries),
            seconds=time.monotonic() - self.started,
            manifest=manifest,
            manifest_sha256=sha256,
            warnings=warnings,
        )

    def undo(self) -> None:
        """Leave nothing that looks good: what the repository lists of this attempt is written down and removed.

        The data of a removed point stay until the next pruning, so a next run is quick. What cannot be asked now,
        or is locked, raises BackupError.
        """
        points = Points(self.restic)
        left = [point.point_id for point in points.of_take(self.take)]
        if left:
            points.mark_partial(left)
            self.restic.done("forget", *left)


def undone(attempt: Attempt, error: BaseException) -> None:
    """Undo after an error, and add to it what could not be undone."""
    try:
        attempt.undo()
    except BackupError as problem:
        error.add_note(f"what the attempt left could not be removed from the repository, and is not listed: {problem}")


def manifest_path(folder: Path, point_id: str) -> Path:
    """Where the manifest of a point is kept: an interrupted run whose point has one had finished."""
    return folder / "manifests" / f"{point_id}.jsonl.zst"


def unread(host: str, messages: Sequence[str]) -> str:
    """What restic could not read of a source, and the next step."""
    return (
        f"on {host}: {_named(messages)}; let the backup's account read it, or leave it out with "
        "`exclude:`. No restore point was kept of this run"
    )


def _named(messages: Sequence[str]) -> str:
    named = [message for message in messages if "at least one source file" not in message]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"restic could not read {'; '.join(named[:MOST_NAMED])}{more}" if named else said(messages)
