"""Where things are in a repository of archives, and what is written about each restore point.

watchbill-repository.json         that this is one, and to whom its archives are encrypted
locks/PLAN                        who writes into this plan's folder
incoming/PLAN/                    what is being written; no restore point
PLAN/20261122T020000Z-RUN.tar.zst[.age]       the files
PLAN/20261122T020000Z-RUN.manifest.zst[.age]  what they are, with their hashes
PLAN/20261122T020000Z-RUN.json    the facts; a restore point is there when this file is
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.shapes import Label, StoredPoint

MARK = "watchbill-repository.json"
LOCKS, INCOMING = "locks", "incoming"
FORMAT = 1
PLAN = r"[a-z][a-z0-9-]{0,62}"
STEM = r"\d{8}T\d{6}Z-[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
POINT = re.compile(f"({PLAN})/({STEM})")
OURS = re.compile(rf"{STEM}\.(tar\.zst|manifest\.zst|json)(\.age)?(\.new)?")
NOT_PLANS = (LOCKS, INCOMING)


class Mark(BaseModel):
    """That a folder is a repository."""

    model_config = ConfigDict(frozen=True)

    format: int = Field(ge=1, le=FORMAT)
    id: str = Field(pattern="^[0-9a-f]{32}$")
    made_at: AwareDatetime


class StoredFile(BaseModel):
    """One file of a restore point, as it lies in the repository."""

    model_config = ConfigDict(frozen=True)

    size: int = Field(ge=0)
    sha256: str = Field(pattern="[0-9a-f]{64}")


class Facts(BaseModel):
    """What is known of a restore point."""

    model_config = ConfigDict(frozen=True)

    format: int = Field(ge=1, le=FORMAT)
    plan: str = Field(pattern=f"^{PLAN}$")
    run: str
    host: str
    at: AwareDatetime
    seconds: float = Field(ge=0)
    files: int = Field(ge=0)
    bytes_read: int = Field(ge=0)
    archive: StoredFile
    manifest: StoredFile
    manifest_lines_sha256: str = Field(pattern="[0-9a-f]{64}")
    recipients: tuple[str, ...] = ()
    copy_of: str | None = None
    tool: str

    @property
    def size(self) -> int:
        """Bytes in the repository."""
        return self.archive.size + self.manifest.size

    def as_point(self, point_id: str) -> StoredPoint:
        """As the engine lists it."""
        return StoredPoint(point_id, self.at.astimezone(UTC), self.plan, self.run, self.host, self.size, self.copy_of)


class Layout:
    """The paths of one repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mark = root / MARK

    def lock(self, plan: str) -> Path:
        """Who writes into the plan's folder."""
        return self.root / LOCKS / plan

    def incoming(self, plan: str) -> Path:
        """Where the plan's next point is written."""
        return self.root / INCOMING / plan

    def facts(self, point_id: str) -> Path:
        """The file that makes the point."""
        return self._file(point_id, ".json")

    def archive(self, point_id: str, *, is_encrypted: bool) -> Path:
        """The point's files."""
        return self._file(point_id, ".tar.zst.age" if is_encrypted else ".tar.zst")

    def manifest(self, point_id: str, *, is_encrypted: bool) -> Path:
        """What they are."""
        return self._file(point_id, ".manifest.zst.age" if is_encrypted else ".manifest.zst")

    def plans(self) -> list[str]:
        """The plans that have a folder here."""
        names = [path.name for path in self.root.iterdir() if path.is_dir() and path.name not in NOT_PLANS]
        return sorted(name for name in names if re.fullmatch(PLAN, name))

    def point_ids(self, plan: str) -> list[str]:
        """The plan's points, oldest first."""
        folder = self.root / plan
        stems = [path.stem for path in folder.glob("*.json")] if folder.is_dir() else []
        return sorted(f"{plan}/{stem}" for stem in stems if re.fullmatch(STEM, stem))

    def leftovers(self, plan: str) -> Iterator[Path]:
        """Files of ours that belong to no point: of a run that died, or of a point that was being forgotten."""
        folder, incoming = self.root / plan, self.incoming(plan)
        if incoming.is_dir():
            yield from incoming.iterdir()
        known = {point_id.split("/")[1] for point_id in self.point_ids(plan)}
        for path in folder.iterdir() if folder.is_dir() else ():
            if OURS.fullmatch(path.name) and not any(path.name.startswith(f"{stem}.") for stem in known):
                yield path

    def _file(self, point_id: str, ending: str) -> Path:
        found = POINT.fullmatch(point_id)
        if not found or found[1] in NOT_PLANS:
            message = "that is no restore point's number; `watchbill backup show PLAN` lists them"
            raise BackupError(repr(point_id), BackupFault.NO_POINT, message)
        return self.root / found[1] / f"{found[2]}{ending}"


def point_id_of(label: Label) -> str:
    """The number of a new point. Raises BackupError when the label cannot be part of a file's name."""
    point_id = f"{label.plan}/{label.at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{label.run}"
    if not POINT.fullmatch(point_id) or label.plan in NOT_PLANS:
        message = "a plan's name has small letters, digits and dashes, and is neither locks nor incoming"
        raise BackupError(repr(point_id), BackupFault.REFUSED_BY_US, message)
    return point_id


def facts_in(path: Path) -> Facts:
    """The facts of a point. Raises BackupError when they are not there or cannot be read."""
    try:
        return Facts.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        message = "there is no such restore point; `watchbill backup show PLAN` lists those that are there"
        raise BackupError(os.fspath(path), BackupFault.NO_POINT, message) from error
    except (OSError, ValidationError) as error:
        message = f"its facts cannot be read ({_first_line(error)}); restore another point"
        raise BackupError(os.fspath(path), BackupFault.DAMAGED, message) from error


def write_durably(path: Path, text: str) -> None:
    """The whole text under this name, or nothing, and on disk."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    settle_folder(path.parent)


def settle_folder(folder: Path) -> None:
    """The names in a folder, on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def named_errors(repository: str) -> Iterator[None]:
    """What the disk refuses, as an error that says what to do."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or ''} {error.strerror or error}".strip()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"{what}; nothing of this run was kept, older points are whole. Make room, or forget points"
            raise BackupError(repository, BackupFault.TARGET_FULL, message) from error
        message = f"{what}; look whether it is mounted, and whether the worker may write there"
        raise BackupError(repository, BackupFault.UNREACHABLE, message) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
