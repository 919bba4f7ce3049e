"""Copies one point from one repository of archives into another, and proves the copy by its hashes."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.archive.checking import files_of
from tasks.tools.backup.archive.layout import Facts, Layout, StoredFile
from tasks.tools.backup.archive.packing import store
from tasks.tools.backup.archive.taking import Writing
from tasks.tools.backup.walking import shown


def copy_point(source: Layout, facts: Facts, writing: Writing) -> None:
    """Copy the point's files and then its facts. Of a copy that fails nothing is left.

    A point that is not encrypted is encrypted on the way where the other repository asks for it; one that is, stays as
    it is. Raises BackupError when the source's bytes are not those that were written.
    """
    recipients = () if facts.recipients else tuple(writing.recipients)
    copied = []
    try:
        targets = (writing.archive, writing.manifest)
        for (path, stored), target in zip(files_of(source, writing.point_id, facts), targets, strict=True):
            copied.append(_copied(path, stored, writing.beside(target), recipients))
        archive, manifest = copied
        known = facts.model_copy(
            update={
                "archive": archive,
                "manifest": manifest,
                "recipients": tuple(writing.recipients),
                "copy_of": writing.point_id,
            }
        )
        writing.settle(known)
    except BaseException:
        writing.undo()
        raise


def _copied(path: Path, stored: StoredFile, to: Path, recipients: tuple[str, ...]) -> StoredFile:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        written = store(_hashing(file.read, digest.update), to, recipients)
    if digest.hexdigest() != stored.sha256:
        message = "it has other bytes than were written, so it was not copied; run a check of its repository"
        raise BackupError(shown(path), BackupFault.DAMAGED, message)
    return StoredFile(size=written.size, sha256=written.sha256)


def _hashing(read: Callable[[int], bytes], update: Callable[[bytes], None]) -> Callable[[int], bytes]:
    def hashing(size: int) -> bytes:
        piece = read(size)
        update(piece)
        return piece

    return hashing
