"""Removes points by their ids, never by a policy of restic's: what stays is our rule's to say. And copies them."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.points import Points, only_whole_ids
from tasks.tools.backup.shapes import Freed, StoredPoint

_FREED = re.compile(r"total prune:\s+\d+ blobs / ([\d.]+) (B|KiB|MiB|GiB|TiB)")
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def forget(restic: Restic, point_ids: Sequence[str]) -> Freed:
    """Remove these points and free their space; those that are gone already count as nothing. Raises BackupError."""
    only_whole_ids(restic.repository.name, point_ids)
    points = Points(restic)
    listing = points.listing()
    there = {point.point_id for point in listing.snapshots}
    wanted = [point_id for point_id in point_ids if point_id in there]
    if not wanted:
        return Freed((), 0)
    before = _size(restic.repository.local)
    answer = restic.done("forget", "--prune", *wanted, *listing.manifests_of(wanted), seconds=None)
    left = {point.point_id for point in points.every()} & set(wanted)
    if left:
        raise BackupError(
            restic.repository.name,
            BackupFault.ENGINE_FAILED,
            f"{len(left)} of {len(wanted)} points are still there, first {min(left)[:8]}; run it again",
        )
    freed = max(0, before - _size(restic.repository.local)) if restic.repository.local else _told(answer.output)
    return Freed(tuple(wanted), freed)


def copy(restic: Restic, target: Restic, point_ids: Sequence[str]) -> list[StoredPoint]:
    """Copy points into another repository; those there that are them or copies of them. Raises BackupError."""
    only_whole_ids(restic.repository.name, point_ids)
    if not point_ids:
        return []
    both = Restic(target.program, target.repository, restic.repository)
    listing = Points(restic).listing()
    both.done("copy", *point_ids, *listing.manifests_of(point_ids), seconds=None)
    first = {point.point_id: point.original or point.point_id for point in listing.snapshots}
    wanted = {first[point_id]: point_id for point_id in point_ids if point_id in first}
    there = {point.original or point.point_id: point for point in Points(target).every()}
    missing = [point_id for point_id in point_ids if first.get(point_id) not in there]
    if missing:
        raise BackupError(
            target.repository.name,
            BackupFault.NO_POINT,
            f"restic copied, and {target.repository.shown()} does not list {', '.join(each[:8] for each in missing)}; "
            "see that the points still are in the first repository, and copy again",
        )
    return [there[original] for original in wanted]


def _size(folder: Path | None) -> int:
    if folder is None:
        return 0
    return sum(Path(where, name).lstat().st_size for where, _, names in os.walk(folder / "data") for name in names)


def _told(output: bytes) -> int:
    found = _FREED.search(output.decode(errors="replace"))
    return int(float(found[1]) * _UNITS[found[2]]) if found else 0
