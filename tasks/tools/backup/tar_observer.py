"""What a tar holds, learned while its bytes pass on their way into a repository."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from models.errors import BackupError
from models.rules.manifests import Entry, EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.tar_members import HARD_LINK, BrokenTar, Member, Piece, UnsafeTar, inside
from tasks.tools.backup.tar_walker import TarWalker

ZEROS = bytes(1 << 20)
LARGEST_FILE = 1 << 44
"""16 TiB: the zeros of a hole are hashed like any others, and an archive may promise an exabyte of them."""


class TarObserver:
    """Passes a tar through and builds its manifest on the way, the content's hashes with it.

    Of a path that comes twice the later one counts, as for tar. Every read raises BackupError when the bytes are no
    whole tar, or when it has a member that no restore would let out of its folder.
    """

    def __init__(self, read: Callable[[int], bytes], name: str = "the tar") -> None:
        self.bytes_read = 0
        self.files = 0
        self._name = name
        self._read = read
        self._sink = _Entries()
        self._walker = TarWalker(self._sink)

    def read(self, size: int) -> bytes:
        """Up to so many bytes as they came; none at the end."""
        piece = self._read(size)
        try:
            if piece:
                self._walker.feed(piece)
            else:
                self._walker.end()
        except UnsafeTar as error:
            raise BackupError(self._name, BackupFault.UNSAFE, f"{error}; no restore would bring it back") from error
        except BrokenTar as error:
            raise BackupError(
                self._name, BackupFault.SOURCE_FAILED, f"{error}; look at what the host's tar said"
            ) from error
        self.bytes_read += len(piece)
        self.files = len(self._sink.entries)
        return piece

    def entries(self) -> list[Entry]:
        """The manifest, ordered by path, once the tar has ended."""
        return [self._sink.entries[path] for path in sorted(self._sink.entries)]


class _Entries:
    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._member: Member | None = None
        self._digest = hashlib.sha256()

    def begin(self, member: Member) -> None:
        if member.size > LARGEST_FILE:
            raise BrokenTar(f"{member.path!r} says that it has {member.size} bytes")
        self._member = member
        if member.kind is EntryKind.FILE:
            self._digest = hashlib.sha256()

    def data(self, piece: Piece) -> None:
        self._digest.update(piece)

    def hole(self, size: int) -> None:
        for _ in range(size // len(ZEROS)):
            self._digest.update(ZEROS)
        self._digest.update(ZEROS[: size % len(ZEROS)])

    def end(self) -> None:
        member = self._member
        if member is None or not member.path:
            return  # the root itself is the folder it is restored into
        if member.type == HARD_LINK:
            first = self.entries.get(inside(member.target))
            if first is None:
                raise UnsafeTar(f"{member.path!r} is a hard link to {member.target!r}, which is not in the archive")
            self.entries[member.path] = replace(first, path=member.path)
            return
        is_file = member.kind is EntryKind.FILE
        self.entries[member.path] = Entry(
            path=member.path,
            kind=member.kind,
            size=member.size if is_file else 0,
            mode=member.mode,
            modified_ns=member.modified_ns,
            uid=member.uid,
            gid=member.gid,
            sha256=self._digest.hexdigest() if is_file else "",
            target=member.target if member.kind is EntryKind.LINK else "",
        )
