"""What a backup engine is asked, and what it answers. Sizes in bytes, times in UTC."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from models.rules.read_slices import Slice


@dataclass(frozen=True)
class Tree:
    """Files of this machine, by their absolute paths."""

    paths: tuple[Path, ...]
    excludes: tuple[str, ...] = ()
    """Shell patterns as restic's --exclude reads them."""


@dataclass(frozen=True)
class Stream:
    """Bytes from somewhere else: one tar of a host's files, or one dump."""

    name: str
    """What the restored file is called; of a tar, the name in the repository."""
    read: Callable[[int], bytes]
    """Up to so many bytes; none at the end."""
    finish: Callable[[], None]
    """Called after the end. Raises BackupError when the source failed: then no restore point may remain."""
    is_tar: bool = False
    warnings: Callable[[], tuple[str, ...]] = tuple
    """What the source had to say though it ended well; asked after `finish`. It stands with the restore point."""


@dataclass(frozen=True)
class Label:
    """Whose restore point it is. An interrupted run finds by it what it had done."""

    plan: str
    run: str
    host: str
    at: datetime


@dataclass(frozen=True)
class Advance:
    """How far a long act is."""

    bytes: int
    files: int
    bytes_total: int | None = None
    files_total: int | None = None


Progress = Callable[[Advance], None]
"""Called a few times a second; an exception from it ends the act cleanly."""


@dataclass(frozen=True)
class Taken:
    """A restore point that was written."""

    point_id: str
    at: datetime
    bytes_read: int
    bytes_added: int
    """What the repository grew by."""
    files: int
    seconds: float
    manifest: Path
    """Zstandard-compressed JSON lines: `models.rules.manifests.Entry`, by path."""
    manifest_sha256: str
    """Of the uncompressed lines."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredPoint:
    """A restore point as the repository lists it."""

    point_id: str
    at: datetime
    plan: str
    run: str
    host: str
    size: int | None = None
    original: str | None = None
    """Of a copy in another repository: the id of the point that it is a copy of."""


@dataclass(frozen=True)
class Limits:
    """What a restore may bring at most: an archive may be hostile."""

    size: int
    files: int
    seconds: int


@dataclass(frozen=True)
class Restored:
    """What a restore brought back."""

    size: int
    files: int
    seconds: float
    sandbox: str = ""
    """Which walls stood around it."""


@dataclass(frozen=True)
class Checked:
    """What a check found; `faults` empty means that all it read was good."""

    slice: Slice | None
    seconds: float
    faults: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    """The restore points that the damage is known to touch, where the engine can say."""


@dataclass(frozen=True)
class Freed:
    """What forgetting brought."""

    points: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class LockOwner:
    """Who holds a repository."""

    lock_id: str
    host: str
    pid: int
    since: datetime
    exclusive: bool


class Engine(Protocol):
    """A repository and the tool that keeps it. Every method raises BackupError."""

    def prepare(self) -> None:
        """Make the repository when there is none and the plan says so; else make sure that it can be opened."""

    def take(self, source: Tree | Stream, label: Label, previous: Path | None, progress: Progress) -> Taken:
        """Write one restore point. `previous`: the manifest of the point before, to read only what changed."""

    def keep_manifest(self, point_id: str, manifest: Path) -> None:
        """Keep a copy of a point's manifest in the repository, for machines that did not take the point."""

    def fetch_manifest(self, point_id: str, to: Path) -> bool:
        """Bring the repository's copy of a point's manifest; False when it keeps none. Only its hash proves it."""

    def points(self, plan: str) -> list[StoredPoint]:
        """The plan's restore points that the repository has, oldest first."""

    def restore(self, point_id: str, to: Path, limits: Limits, progress: Progress) -> Restored:
        """Bring a point back into an empty folder, in a sandbox that keeps a hostile archive inside it."""

    def check(self, part: Slice | None) -> Checked:
        """Check the repository's structure; with a slice, read that part of its data too."""

    def forget(self, point_ids: Sequence[str]) -> Freed:
        """Remove these points and free their space."""

    def copy_to(self, other: "Engine", point_ids: Sequence[str]) -> list[StoredPoint]:
        """Copy points into another repository of the same engine; those that are there already are left."""

    def unlock(self, is_dead: Callable[[LockOwner], bool]) -> list[LockOwner]:
        """Remove the locks whose owner is proven dead; gives those that were removed."""
