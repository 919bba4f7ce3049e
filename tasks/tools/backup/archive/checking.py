"""Whether a repository of archives is whole: its structure, and part by part every byte of it."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from models.errors import BackupError
from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.archive.layout import Facts, Layout, StoredFile, facts_in
from tasks.tools.backup.shapes import Checked


def check(layout: Layout, part: Slice | None) -> Checked:
    """Check that every point has its files in their sizes, and that those in the part have their hashes."""
    started = time.monotonic()
    faults: list[str] = []
    points: list[str] = []
    for plan in layout.plans():
        for point_id in layout.point_ids(plan):
            found = list(_faults(layout, point_id, is_read=part is not None and _is_in(point_id, part)))
            if found and layout.facts(point_id).exists():  # or it was forgotten while we looked
                faults += found
                points.append(point_id)
    return Checked(part, time.monotonic() - started, tuple(faults), tuple(points))


def sha256_of(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(layout: Layout, point_id: str, facts: Facts) -> tuple[tuple[Path, StoredFile], tuple[Path, StoredFile]]:
    """A point's archive and manifest, and what is known of them."""
    is_encrypted = bool(facts.recipients)
    archive = layout.archive(point_id, is_encrypted=is_encrypted)
    return (archive, facts.archive), (layout.manifest(point_id, is_encrypted=is_encrypted), facts.manifest)


def _is_in(point_id: str, part: Slice) -> bool:
    """A point stays in its part, whatever other points come and go."""
    number = int.from_bytes(hashlib.sha256(point_id.encode()).digest()[:8], "big")
    return number % part.of == part.number - 1


def _faults(layout: Layout, point_id: str, *, is_read: bool) -> Iterator[str]:
    try:
        facts = facts_in(layout.facts(point_id))
    except BackupError as error:
        if error.fault is BackupFault.DAMAGED:
            yield str(error)
        return
    for path, stored in files_of(layout, point_id, facts):
        name = os.fspath(path.relative_to(layout.root))
        try:
            size = path.stat().st_size
            if size != stored.size:
                yield f"{name} has {size} bytes, and was written with {stored.size}"
            elif is_read and sha256_of(path) != stored.sha256:
                yield f"{name} has other bytes than were written"
        except FileNotFoundError:
            yield f"{name} is missing"
        except OSError as error:
            yield f"{name} cannot be read: {error.strerror}"
