"""The restore points of a repository: restic's snapshots that carry our tags."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.shapes import Label, StoredPoint

POINT_ID = re.compile(r"[0-9a-f]{64}")
TREE, TAR, FILE = "tree", "tar", "file"
"""What a point is made of; of a stream, restic has one file."""


def tags(label: Label, kind: str, take: str) -> list[str]:
    """What a snapshot is found by again; `take` is of one attempt of a run alone."""
    return [f"plan={label.plan}", f"run={label.run}", f"kind={kind}", f"take={take}"]


def manifest_tag(point_id: str) -> str:
    """What the snapshot is found by that keeps a point's manifest. It has no tag of a plan: it is no point."""
    return f"manifest={point_id}"


@dataclass(frozen=True)
class Listing:
    """All that a repository lists at one moment."""

    snapshots: tuple[StoredPoint, ...]
    """Ours or not, oldest first."""
    manifests: dict[str, list[str]]
    """By the id of a point: the snapshots that keep its manifest, oldest first."""

    def manifests_of(self, point_ids: Iterable[str]) -> list[str]:
        """The snapshots that keep the manifests of these points."""
        return [snapshot for point_id in point_ids for snapshot in self.manifests.get(point_id, ())]


class Points:
    """What the repository lists, without the partial ones."""

    def __init__(self, restic: Restic) -> None:
        self._restic = restic

    @property
    def _partial_list(self) -> Path:
        return self._restic.repository.folder / "partial-points"

    def of_plan(self, plan: str) -> list[StoredPoint]:
        """The plan's points, oldest first. Raises BackupError."""
        return self._listed(f"plan={plan}", partial=self._partial())

    def of_take(self, take: str) -> list[StoredPoint]:
        """What one attempt left, partial or not. Raises BackupError."""
        return self._listed(f"take={take}", partial=set())

    def kind(self, point_id: str) -> tuple[StoredPoint, str, str]:
        """A point, what it is made of, and of a stream the file's path. Raises BackupError when it is not there."""
        found = [each for each in self._snapshots() if each["id"] == point_id]
        if not found:
            raise BackupError(
                self._restic.repository.name,
                BackupFault.NO_POINT,
                f"{self._restic.repository.shown()} has no restore point {point_id[:8]}; list the plan's points anew",
            )
        snapshot = found[0]
        return _point(snapshot), _tag(snapshot, "kind") or TREE, (snapshot.get("paths") or ["/"])[0]

    def listing(self) -> Listing:
        """All of it. Raises BackupError."""
        found = self._snapshots()
        named = {each["id"]: _tag(each, "manifest") for each in found}
        snapshots = self._sorted(map(_point, found))
        manifests: dict[str, list[str]] = {}
        for each in snapshots:
            if of := named[each.point_id]:
                manifests.setdefault(of, []).append(each.point_id)
        return Listing(tuple(snapshots), manifests)

    def every(self) -> list[StoredPoint]:
        """All snapshots, ours or not, oldest first."""
        return self._sorted(_point(each) for each in self._snapshots())

    def mark_partial(self, point_ids: Sequence[str]) -> None:
        """Never list these: they are written down before anybody tries to remove them."""
        with self._partial_list.open("a") as file:
            file.writelines(f"{point_id}\n" for point_id in point_ids)
            file.flush()
            os.fsync(file.fileno())

    def _partial(self) -> set[str]:
        return set(self._partial_list.read_text().split()) if self._partial_list.exists() else set()

    def _snapshots(self, *filters: str) -> list[dict[str, Any]]:
        # Without a lock: a list is whole or it is not, and a prune that runs must not hide it.
        found = self._restic.json("snapshots", "--no-lock", *filters)
        return found or []

    def _listed(self, tag: str, partial: set[str]) -> list[StoredPoint]:
        found = [each for each in self._snapshots("--tag", tag) if tag in (each.get("tags") or ())]
        return self._sorted(_point(each) for each in found if each["id"] not in partial)

    def _sorted(self, points: Iterable[StoredPoint]) -> list[StoredPoint]:
        return sorted(points, key=lambda point: (point.at, point.point_id))


def only_whole_ids(what: str, point_ids: Sequence[str]) -> None:
    """Refuse anything that restic would read as a prefix, a word or a flag. Raises BackupError."""
    for point_id in point_ids:
        if not POINT_ID.fullmatch(point_id):
            raise BackupError(
                what,
                BackupFault.REFUSED_BY_US,
                f"{point_id[:80]!r} is no whole id of a restic point; give all 64 digits",
            )


def _point(snapshot: dict[str, Any]) -> StoredPoint:
    size = (snapshot.get("summary") or {}).get("total_bytes_processed")
    return StoredPoint(
        snapshot["id"],
        datetime.fromisoformat(snapshot["time"]).astimezone(UTC),
        _tag(snapshot, "plan"),
        _tag(snapshot, "run"),
        snapshot.get("hostname", ""),
        size,
        snapshot.get("original"),
    )


def _tag(snapshot: dict[str, Any], name: str) -> str:
    found = [tag.partition("=")[2] for tag in snapshot.get("tags") or () if tag.startswith(f"{name}=")]
    return found[0] if found else ""
