"""Brings a point back: restic reads and checks it, and a process behind walls, without any key, unpacks what it gives.

Measured: `restic dump` into our unpacking is no slower than `restic restore`, and limits hold while it goes.
"""

import os
import tempfile
import time
from pathlib import Path

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.points import TAR, Points, only_whole_ids
from tasks.tools.backup.sandbox import unpack
from tasks.tools.backup.shapes import Limits, Progress, Restored

END_SECONDS = 60


def restore(restic: Restic, point_id: str, to: Path, limits: Limits, progress: Progress) -> Restored:
    """Bring a point back into an empty folder. Raises BackupError."""
    started = time.monotonic()
    only_whole_ids(restic.repository.name, [point_id])
    if not to.is_dir() or any(to.iterdir()):
        raise BackupError(os.fspath(to), BackupFault.REFUSED_BY_US, "give an empty folder to restore into")
    _, kind, path = Points(restic).kind(point_id)
    inside = path if kind == TAR else "/"  # of a folder restic makes a tar; a tar comes out as it went in
    restic.repository.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A cache of its own: a proof must not lean on what only this machine has.
    with (
        tempfile.TemporaryDirectory(prefix="restore-", dir=restic.repository.folder) as cache,
        restic.started("dump", point_id, inside, cache=Path(cache)) as running,
    ):
        problem: BackupError | None = None
        try:
            unpacked, walls = unpack(running.output, to, limits, progress)
        except BackupError as error:
            if error.fault is not BackupFault.DAMAGED:
                raise
            problem = error  # cut short, so restic knows why
        code = running.wait(END_SECONDS)
        if code != 0:
            raise restic.failure(code, running.messages()) from problem
        if problem:
            raise problem
        return Restored(unpacked.size, unpacked.files, time.monotonic() - started, ", ".join(walls))
