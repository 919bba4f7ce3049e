"""A copy of a point's manifest in its repository: a small snapshot of its own, found by the point that it names."""

import shutil
from pathlib import Path

from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.points import Points, manifest_tag, only_whole_ids

NAME = "manifest.jsonl.zst"
PIECE = 1 << 20


def keep(restic: Restic, point_id: str, manifest: Path) -> None:
    """Put it there. Raises BackupError."""
    only_whole_ids(restic.repository.name, [point_id])
    words = ("backup", "--quiet", "--tag", manifest_tag(point_id), "--stdin", "--stdin-filename", NAME)
    with manifest.open("rb") as file, restic.started(*words, is_fed=True) as running:
        try:
            while piece := file.read(PIECE):
                running.feed(piece)
            running.end_of_input()
        except (BrokenPipeError, ConnectionResetError):
            pass  # restic ended first, and its exit code says why
        running.output.read()
        code = running.wait()
        if code != 0:
            raise restic.failure(code, running.messages())


def fetch(restic: Restic, point_id: str, to: Path) -> bool:
    """Bring the newest copy; False when there is none. Raises BackupError."""
    only_whole_ids(restic.repository.name, [point_id])
    listing = Points(restic).listing()
    # A copied point has another id than the one that its manifest names.
    originals = [each.original for each in listing.snapshots if each.point_id == point_id and each.original]
    copies = listing.manifests_of([*originals, point_id])
    if not copies:
        return False
    with to.open("wb") as file, restic.started("dump", copies[-1], f"/{NAME}") as running:
        shutil.copyfileobj(running.output, file)
        code = running.wait()
        if code != 0:
            raise restic.failure(code, running.messages())
    return True
