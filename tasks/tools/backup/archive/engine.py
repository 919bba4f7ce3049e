"""The embedded engine: one tar.zst per restore point in a folder, beside it what it holds. Needs nothing installed."""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from models import clock
from models.errors import BackupError
from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.archive import checking
from tasks.tools.backup.archive.copying import copy_point
from tasks.tools.backup.archive.layout import (
    FORMAT,
    Facts,
    Layout,
    Mark,
    facts_in,
    named_errors,
    point_id_of,
    settle_folder,
    write_durably,
)
from tasks.tools.backup.archive.locking import owner_in, sole_writer
from tasks.tools.backup.archive.packing import checked_recipients, identity_of, opened
from tasks.tools.backup.archive.taking import Attempt, Writing
from tasks.tools.backup.sandbox import unpack
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


@dataclass(frozen=True)
class Repository:
    """A repository of archives as the site names it."""

    name: str
    where: Path
    """A folder of this machine, or one that is mounted here."""
    folder: Path
    """Of this machine, for this repository alone: the manifests."""
    recipients: tuple[str, ...] = ()
    """age public keys; with them every file is encrypted."""
    identity: str | None = field(default=None, repr=False)
    """The text of an age key file: only restores need it."""
    create: bool = False


class ArchiveEngine:
    """One repository of archives. Every method raises BackupError."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._layout = Layout(repository.where)
        self._seen = repository.folder / "repository-id"

    def prepare(self) -> None:
        """Make the repository when there is none and the plan says so; else make sure that it is the one we know."""
        checked_recipients(self.repository.recipients)
        with self._named():
            known = self._seen.read_text().strip() if self._seen.exists() else None
            if not self._layout.mark.exists():
                self._make(known)
            mark = self._mark()
            if known not in (None, mark.id):
                raise self._error(
                    BackupFault.REFUSED_BY_US,
                    f"another repository lies there than before; mount the right one, or remove {self._seen} when "
                    "the new one is meant",
                )
            self.repository.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(self._seen, f"{mark.id}\n")

    def take(self, source: Tree | Stream, label: Label, previous: Path | None, progress: Progress) -> Taken:  # noqa: ARG002  # every point is a whole one
        """Write one restore point. Of an attempt that fails nothing is left."""
        point_id = point_id_of(label)
        with self._named():
            self._mark()
            with self._sole_writer(label.plan):
                if self._layout.facts(point_id).exists():
                    raise self._error(BackupFault.REFUSED_BY_US, f"{point_id} is there already; take another time")
                writing = Writing(self._layout, point_id, self.repository.recipients)
                return Attempt(writing, label, self._manifest(point_id), progress).take(source)

    def manifest_of(self, point_id: str) -> Path | None:
        """The manifest of a point that was taken on this machine."""
        path = self._manifest(point_id)
        return path if path.exists() else None

    def keep_manifest(self, point_id: str, manifest: Path) -> None:
        """Nothing to do: a point is written with its manifest beside it."""

    def fetch_manifest(self, point_id: str, to: Path) -> bool:
        """Bring the repository's copy of a point's manifest; False when it is gone."""
        with self._named():
            facts = self._facts(point_id)
            _, (path, _) = checking.files_of(self._layout, point_id, facts)
            if not path.exists():
                return False
            identity = self._identity(facts) if facts.recipients else None
            with opened(path, identity) as stored, to.open("wb") as file:
                shutil.copyfileobj(stored, file)
        return True

    def points(self, plan: str) -> list[StoredPoint]:
        """The plan's restore points that the repository has, oldest first, without those whose facts are damaged."""
        with self._named():
            self._mark()
            found = []
            for point_id in self._layout.point_ids(plan):
                try:
                    found.append(self._facts(point_id).as_point(point_id))
                except BackupError as error:
                    if error.fault not in (BackupFault.DAMAGED, BackupFault.NO_POINT):
                        raise
            return sorted(found, key=lambda point: (point.at, point.point_id))

    def restore(self, point_id: str, to: Path, limits: Limits, progress: Progress) -> Restored:
        """Bring a point back into an empty folder, behind walls."""
        started = time.monotonic()
        with self._named():
            facts = self._facts(point_id)
            (path, _), _ = checking.files_of(self._layout, point_id, facts)
            if not path.exists():
                raise self._error(BackupFault.DAMAGED, f"{path} is missing; restore another point")
            identity = self._identity(facts) if facts.recipients else None
            with opened(path, identity) as packed:
                unpacked, walls = unpack(packed, to, limits, progress)
            if facts.files and not unpacked.files:  # zeros are a tar too, one that ends at once
                raise self._error(BackupFault.DAMAGED, f"{path} is empty inside; restore another point")
        return Restored(unpacked.size, unpacked.files, time.monotonic() - started, ", ".join(walls))

    def check(self, part: Slice | None) -> Checked:
        """Check the structure; with a slice, read those of its files too."""
        with self._named():
            self._mark()
            return checking.check(self._layout, part)

    def forget(self, point_ids: Sequence[str]) -> Freed:
        """Remove these points, the facts first, and free their space; those that are gone already are left."""
        freed, size = [], 0
        with self._named():
            for point_id in point_ids:
                facts = self._layout.facts(point_id)
                with self._sole_writer(facts.parent.name):
                    if not facts.exists():
                        continue
                    facts.unlink()
                    settle_folder(facts.parent)
                    for path in [*facts.parent.glob(f"{facts.stem}.*"), self._manifest(point_id)]:
                        size += path.stat().st_size if path.parent == facts.parent and path.exists() else 0
                        path.unlink(missing_ok=True)
                    freed.append(point_id)
        return Freed(tuple(freed), size)

    def copy_to(self, other: Engine, point_ids: Sequence[str]) -> list[StoredPoint]:
        """Copy points into another repository of archives, hashed on the way; those that are there are left."""
        if not isinstance(other, ArchiveEngine):
            message = "a point goes only to a repository of archives; let both plans' repositories be of one engine"
            raise self._error(BackupFault.REFUSED_BY_US, message)
        return [other._receive(self, point_id) for point_id in point_ids]

    def unlock(self, is_dead: Callable[[LockOwner], bool]) -> list[LockOwner]:
        """Remove the locks whose owner is proven dead, and what he left; gives those that were removed."""
        removed = []
        with self._named():
            locks = sorted(self._layout.lock("x").parent.glob("*"))
            for path in locks:
                owner = owner_in(path)
                if owner is None:
                    continue
                try:
                    with self._sole_writer(path.name, is_dead):
                        removed.append(owner)
                except BackupError as error:
                    if error.fault is not BackupFault.LOCKED:
                        raise
        return removed

    def _receive(self, source: "ArchiveEngine", point_id: str) -> StoredPoint:
        with source._named():
            facts = source._facts(point_id)
        with self._named():
            self._mark()
            with self._sole_writer(facts.plan):
                if not self._layout.facts(point_id).exists():
                    writing = Writing(self._layout, point_id, facts.recipients or self.repository.recipients)
                    copy_point(source._layout, facts, writing)
            return self._facts(point_id).as_point(point_id)

    @contextmanager
    def _sole_writer(self, plan: str, is_dead: Callable[[LockOwner], bool] | None = None) -> Iterator[None]:
        """Hold the plan's lock. Nobody else writes now, so what belongs to no point was left by somebody dead."""
        with sole_writer(self._layout.lock(plan), is_dead):
            for path in list(self._layout.leftovers(plan)):
                path.unlink(missing_ok=True)
            yield

    def _make(self, known: str | None) -> None:
        where = self.repository.where
        if known or not self.repository.create:
            step = "look whether it is mounted" if known else "mount it, or set `create: true` in backups.yaml"
            raise self._error(BackupFault.NO_REPOSITORY, f"{where} is no repository of archives; {step}")
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(path.name != "lost+found" for path in where.iterdir()):
            message = f"{where} holds something else; a new repository needs a folder of its own"
            raise self._error(BackupFault.REFUSED_BY_US, message)
        mark = Mark(format=FORMAT, id=uuid.uuid4().hex, made_at=clock.now())
        write_durably(self._layout.mark, mark.model_dump_json(indent=1) + "\n")

    def _mark(self) -> Mark:
        try:
            return Mark.model_validate_json(self._layout.mark.read_bytes())
        except FileNotFoundError as error:
            message = f"{self.repository.where} is no repository of archives; look whether it is mounted"
            raise self._error(BackupFault.NO_REPOSITORY, message) from error
        except ValidationError as error:
            message = f"{self._layout.mark} cannot be read; a newer Watchbill may have written it"
            raise self._error(BackupFault.DAMAGED, message) from error

    def _facts(self, point_id: str) -> Facts:
        return facts_in(self._layout.facts(point_id))

    def _manifest(self, point_id: str) -> Path:
        return self.repository.folder / "manifests" / f"{point_id}.jsonl.zst"

    def _identity(self, facts: Facts) -> object:
        if self.repository.identity is None:
            message = (
                f"the point is encrypted to {', '.join(facts.recipients)}; give the repository `identity:` in "
                "backups.yaml, or restore it where the key is: age -d -i KEY FILE | tar --zstd -x"
            )
            raise self._error(BackupFault.WRONG_PASSWORD, message)
        return identity_of(self.repository.identity)

    def _named(self) -> AbstractContextManager[None]:
        return named_errors(self.repository.name)

    def _error(self, fault: BackupFault, message: str) -> BackupError:
        return BackupError(self.repository.name, fault, message)
