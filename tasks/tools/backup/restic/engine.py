"""restic as a backup engine: every answer of it is an answer of ours or an error that a person can act on."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from models.errors import BackupError
from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.archive.layout import write_durably
from tasks.tools.backup.host_files import HostTree
from tasks.tools.backup.restic import checking, locks, manifest_copies, on_host, removing, restoring
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.location import Repository
from tasks.tools.backup.restic.points import Points
from tasks.tools.backup.restic.program import Program, find_program
from tasks.tools.backup.restic.streaming import take_stream
from tasks.tools.backup.restic.taking import manifest_path
from tasks.tools.backup.restic.trees import take_tree
from tasks.tools.backup.shapes import (
    Checked,
    Engine,
    Freed,
    Label,
    Limits,
    LockOwner,
    Progress,
    Restored,
    StoredPoint,
    Stream,
    Taken,
    Tree,
)

OPEN_SECONDS = 90
"""For the first word of a repository: newer restics try an unreachable place again for a quarter of an hour."""


class ResticEngine:
    """One repository, kept by restic. Every method raises BackupError."""

    def __init__(self, repository: Repository, program: str | Path = "restic") -> None:
        self.repository = repository
        self._program = program

    @cached_property
    def program(self) -> Program:
        """The restic that does it, found when it is first needed."""
        return find_program(self._program)

    @cached_property
    def _restic(self) -> Restic:
        return Restic(self.program, self.repository)

    def prepare(self) -> None:
        """Make the repository when there is none and the plan says so; else make sure that it is the one we know."""
        known = self._seen.read_text().strip() if self._seen.exists() else ""
        try:
            found = self._open()
        except BackupError as error:
            if error.fault is not BackupFault.NO_REPOSITORY or not self.repository.create:
                raise
            if known:
                where = self.repository.shown()
                problem = f"{where} was a repository before; look whether it is mounted, or remove {self._seen}"
                raise self._error(BackupFault.NO_REPOSITORY, f"{problem} to have a new one made") from error
            found = self._made()
        if known and known != found:
            problem = f"{self.repository.shown()} is another repository than before; mount or name the right one"
            raise self._error(BackupFault.REFUSED_BY_US, f"{problem}, or remove {self._seen} when this one is meant")
        if not known:  # also when its writer died half way
            write_durably(self._seen, f"{found}\n")

    def take(self, source: Tree | Stream, label: Label, previous: Path | None, progress: Progress) -> Taken:
        """Write one restore point. Of an attempt that fails no point is listed."""
        if isinstance(source, Tree):
            return take_tree(self._restic, source, label, previous, progress)
        return take_stream(self._restic, source, label, progress)

    def take_on_host(self, tree: HostTree, label: Label, progress: Progress) -> Taken:
        """Have a restore point written by the restic of the files' own host. Raises HostError, too."""
        return on_host.take_on_host(self._restic, tree, label, progress)

    def manifest_of(self, point_id: str) -> Path | None:
        """The manifest of a point that was taken here. A point without one was interrupted before it was whole."""
        path = manifest_path(self.repository.folder, point_id)
        return path if path.exists() else None

    def keep_manifest(self, point_id: str, manifest: Path) -> None:
        """Keep a copy of a point's manifest in the repository."""
        manifest_copies.keep(self._restic, point_id, manifest)

    def fetch_manifest(self, point_id: str, to: Path) -> bool:
        """Bring the repository's copy of a point's manifest; False when it keeps none."""
        return manifest_copies.fetch(self._restic, point_id, to)

    def points(self, plan: str) -> list[StoredPoint]:
        """The plan's restore points that the repository has, oldest first, without partial ones."""
        return Points(self._restic).of_plan(plan)

    def restore(self, point_id: str, to: Path, limits: Limits, progress: Progress) -> Restored:
        """Bring a point back into an empty folder, unpacked behind walls."""
        return restoring.restore(self._restic, point_id, to, limits, progress)

    def check(self, part: Slice | None) -> Checked:
        """Check the repository's structure; with a slice, read that part of its data too."""
        return checking.check(self._restic, part)

    def forget(self, point_ids: Sequence[str]) -> Freed:
        """Remove these points and free their space."""
        return removing.forget(self._restic, point_ids)

    def copy_to(self, other: Engine, point_ids: Sequence[str]) -> list[StoredPoint]:
        """Copy points into another restic repository; those that are there already are left."""
        if not isinstance(other, ResticEngine):
            raise BackupError(
                self.repository.name, BackupFault.REFUSED_BY_US, "restic copies only into a restic repository"
            )
        return removing.copy(self._restic, other._restic, point_ids)

    def unlock(self, is_dead: Callable[[LockOwner], bool]) -> list[LockOwner]:
        """Remove the locks when every owner is proven dead; gives those that were removed."""
        return locks.unlock(self._restic, is_dead)

    def lock_owners(self) -> list[LockOwner]:
        """Who holds the repository, oldest first."""
        return locks.owners(self._restic)

    @property
    def _seen(self) -> Path:
        """Which repository lay there: an unmounted disk must not be taken for a repository that is to be made."""
        return self.repository.folder / "repository-id"

    def _made(self) -> str:
        try:
            self._restic.done("init", seconds=OPEN_SECONDS)
        except BackupError as problem:
            problem.add_note("it was to be made, because none was there")
            raise
        return self._open()

    def _open(self) -> str:
        """The repository's id."""
        answer = self._restic.done("--json", "cat", "--no-lock", "config", seconds=OPEN_SECONDS)
        try:
            return str(json.loads(answer.output)["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._restic.unclear(answer.messages) from error

    def _error(self, fault: BackupFault, message: str) -> BackupError:
        return BackupError(self.repository.name, fault, message)
