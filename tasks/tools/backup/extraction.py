"""Unpacks a tar that may be hostile into an empty folder, and only there.

Every name is opened part by part from the folder's own descriptor, never through a link, so no member can be written
or linked outside whatever links came before it. Owners, setuid bits and devices are not brought back.
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from models.errors import BackupError
from models.rules.manifests import EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.shapes import Advance, Limits, Progress
from tasks.tools.backup.tar_members import HARD_LINK, BrokenTar, Member, Piece, UnsafeTar, inside
from tasks.tools.backup.tar_walker import TarWalker

PIECE = 1 << 20
LONGEST_PATH = 4000
"""Bytes of a member's path; what is deeper cannot be opened by its path afterwards."""
NAMED = 20
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
LATEST_NS = (1 << 63) - 1
PROGRESS_SECONDS = 0.25
Made = TypeVar("Made")


@dataclass(frozen=True)
class Extracted:
    """What was unpacked."""

    size: int
    files: int
    left_out: tuple[str, ...] = ()
    """The first few devices and pipes: kept by name only, never made."""


def extract_tar(
    read: Callable[[int], bytes], to: Path, limits: Limits, progress: Progress = lambda _advance: None
) -> Extracted:
    """Unpack the tar that `read` gives into the empty folder `to`. Raises BackupError, naming the member."""
    if any(to.iterdir()):
        raise BackupError(os.fspath(to), BackupFault.REFUSED_BY_US, "the folder is not empty; give an empty one")
    root = os.open(to, FOLDER)
    try:
        unpacker = _Unpacker(root, limits, progress)
        walker = TarWalker(unpacker)
        unpacker.guarded(lambda: _walk(walker, read))
        unpacker.guarded(unpacker.finish)
    finally:
        os.close(root)
    return Extracted(unpacker.size, unpacker.files, tuple(unpacker.left_out))


def _walk(walker: TarWalker, read: Callable[[int], bytes]) -> None:
    while piece := read(PIECE):
        walker.feed(piece)
    walker.end()


class _Unpacker:
    def __init__(self, root: int, limits: Limits, progress: Progress) -> None:
        self.size = 0
        self.files = 0
        self.left_out: list[str] = []
        self._limits = limits
        self._until = time.monotonic() + limits.seconds
        self._progress = progress
        self._next_word = time.monotonic() + PROGRESS_SECONDS
        self._root = root
        self._parent = ("", root)  # the folder that was used last, open
        self._folders: dict[str, tuple[int, int]] = {}
        self._member = Member("", b"5", 0, 0, 0, 0, 0, 0, "")
        self._file = -1

    def guarded(self, act: Callable[[], None]) -> None:
        """Do it; whatever goes wrong is a BackupError that names the member."""
        what = "the archive"
        try:
            act()
        except UnsafeTar as error:
            raise BackupError(what, BackupFault.UNSAFE, f"{error}; nothing of it was written outside") from error
        except BrokenTar as error:
            raise BackupError(what, BackupFault.DAMAGED, f"{error}; restore another point") from error
        except OSError as error:
            is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            fault = BackupFault.TARGET_FULL if is_full else BackupFault.UNSAFE
            message = f"{self._member.path!r} cannot be unpacked here: {error.strerror}"
            raise BackupError(what, fault, message) from error
        finally:
            self._close_file()
            self._leave()

    def begin(self, member: Member) -> None:
        self._member = member
        if len(os.fsencode(member.path)) > LONGEST_PATH:
            raise UnsafeTar(f"{member.path[:80]!r}... is longer than a path may be")
        self._count(1, member.size)
        if not member.path:
            self._folders[""] = (member.mode, member.modified_ns)
        elif member.type == HARD_LINK:
            self._link(member)
        elif member.kind is EntryKind.FOLDER:
            self._folder(member.path)
            self._folders[member.path] = (member.mode, member.modified_ns)
        elif member.kind is EntryKind.LINK:
            self._symlink(member)
        elif member.kind is EntryKind.FILE:
            parent, name = self._place(member.path)
            self._file = self._fresh(parent, name, lambda: os.open(name, NEW_FILE, 0o600, dir_fd=parent))
        elif len(self.left_out) < NAMED:
            self.left_out.append(member.path)

    def data(self, piece: Piece) -> None:
        while piece:
            piece = piece[os.write(self._file, piece) :]
        self._on_the_way()

    def hole(self, size: int) -> None:
        os.lseek(self._file, size, os.SEEK_CUR)

    def end(self) -> None:
        if self._file < 0:
            return
        member = self._member
        os.ftruncate(self._file, member.size)  # a hole at the end
        os.fchmod(self._file, member.mode & 0o777)
        os.utime(self._file, ns=_times(member.modified_ns))
        self._close_file()

    def finish(self) -> None:
        """Permissions and times of the folders, the inner ones first: an outer one may close the way."""
        for path in sorted(self._folders, reverse=True):
            mode, modified_ns = self._folders[path]
            descriptor = self._open(path)
            try:
                os.fchmod(descriptor, mode & 0o777)
                os.utime(descriptor, ns=_times(modified_ns))
            finally:
                if descriptor != self._root:
                    os.close(descriptor)
        self._progress(Advance(self.size, self.files))

    def _count(self, files: int, size: int) -> None:
        self.files += files
        self.size += size
        limits, name = self._limits, self._member.path
        if self.files > limits.files or self.size > limits.size:
            raise BackupError(
                "the archive",
                BackupFault.TOO_LARGE,
                f"with {name!r} it holds {self.files} files and {self.size} bytes; the limits are {limits.files} and "
                f"{limits.size}. Raise the plan's limits if that is right",
            )
        self._on_the_way()

    def _on_the_way(self) -> None:
        now = time.monotonic()
        if now > self._until:
            raise BackupError(
                "the archive",
                BackupFault.TOO_LARGE,
                f"at {self._member.path!r} the limit of {self._limits.seconds} s was over; raise the plan's limits",
            )
        if now >= self._next_word:
            self._next_word = now + PROGRESS_SECONDS
            self._progress(Advance(self.size, self.files))

    def _link(self, member: Member) -> None:
        source_name = inside(member.target)
        folder, _, source = source_name.rpartition("/")
        if not source:
            raise UnsafeTar(f"{member.path!r} is a hard link to the folder itself")
        descriptor = self._open(folder)
        try:
            parent, name = self._place(member.path)
            if source_name != member.path:
                self._fresh(
                    parent,
                    name,
                    lambda: os.link(source, name, src_dir_fd=descriptor, dst_dir_fd=parent, follow_symlinks=False),
                )
        except (FileNotFoundError, PermissionError) as error:
            raise UnsafeTar(f"{member.path!r} is a hard link to {member.target!r}, no file of the archive") from error
        finally:
            if descriptor != self._root:
                os.close(descriptor)

    def _symlink(self, member: Member) -> None:
        """The link as it was, wherever it points: nothing here ever follows one."""
        parent, name = self._place(member.path)
        self._fresh(parent, name, lambda: os.symlink(member.target, name, dir_fd=parent))
        os.utime(name, ns=_times(member.modified_ns), dir_fd=parent, follow_symlinks=False)

    def _fresh(self, parent: int, name: str, make: Callable[[], Made]) -> Made:
        """Make something new; what an earlier member of that name left is removed first, as tar does."""
        try:
            return make()
        except FileExistsError:
            if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                raise UnsafeTar(f"{self._member.path!r} would take the place of a folder") from None
            os.unlink(name, dir_fd=parent)
            return make()

    def _folder(self, path: str) -> None:
        parent, name = self._place(path)
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
        os.close(self._step(parent, name))

    def _place(self, path: str) -> tuple[int, str]:
        """The open folder that a path is in, made if need be, and its last part."""
        folder, _, name = path.rpartition("/")
        if self._parent[0] != folder:
            descriptor = self._open(folder, make=True)
            self._leave()
            self._parent = (folder, descriptor)
        return self._parent[1], name

    def _open(self, folder: str, *, make: bool = False) -> int:
        """A folder by its path from the root, part by part, never through a link."""
        here = self._root
        for part in folder.split("/") if folder else ():
            try:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=here)
                        self._count(1, 0)
                deeper = self._step(here, part)
            finally:
                if here != self._root:
                    os.close(here)
            here = deeper
        return here

    def _step(self, here: int, part: str) -> int:
        try:
            return os.open(part, FOLDER, dir_fd=here)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            raise UnsafeTar(f"{self._member.path!r} goes through {part!r}, which is no folder") from error

    def _leave(self) -> None:
        if self._parent[1] != self._root:
            os.close(self._parent[1])
        self._parent = ("", self._root)

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _times(modified_ns: int) -> tuple[int, int]:
    kept = max(-LATEST_NS, min(LATEST_NS, modified_ns))
    return kept, kept
