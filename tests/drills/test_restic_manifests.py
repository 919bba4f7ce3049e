"""A real restic: the copy of a manifest is no point, comes back byte for byte, and goes where its point goes."""

from pathlib import Path

import pytest

from models.errors import BackupError
from models.vocabulary import BackupFault
from tests.drills.restic_lab import Vault, vault

__all__ = ["vault"]
pytestmark = pytest.mark.drill


def snapshots(folder: Path) -> int:
    return len(list((folder / "snapshots").iterdir()))


def test_a_manifest_comes_back_as_it_was_and_is_no_point(vault: Vault, tmp_path: Path) -> None:
    vault.fill(1)
    taken, bare = vault.take(), vault.take()
    vault.engine.keep_manifest(taken.point_id, taken.manifest)
    assert [point.point_id for point in vault.engine.points("shop")] == [taken.point_id, bare.point_id]
    assert vault.engine.fetch_manifest(taken.point_id, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == taken.manifest.read_bytes()
    assert not vault.engine.fetch_manifest(bare.point_id, tmp_path / "none")


def test_a_forgotten_point_takes_its_manifests_with_it(vault: Vault, tmp_path: Path) -> None:
    vault.fill(1)
    gone, kept = vault.take(), vault.take()
    for taken in (gone, gone, kept):  # the second time by a run that was taken up again
        vault.engine.keep_manifest(taken.point_id, taken.manifest)
    assert vault.engine.forget([gone.point_id]).points == (gone.point_id,)
    assert snapshots(vault.repository) == 2
    assert vault.engine.fetch_manifest(kept.point_id, tmp_path / "copy")


def test_a_copied_point_has_its_manifest_with_it(vault: Vault, tmp_path: Path) -> None:
    vault.fill(1)
    taken = vault.take()
    vault.engine.keep_manifest(taken.point_id, taken.manifest)
    away = vault.opened(tmp_path / "away", name="away")
    away.prepare()
    (copied,) = vault.engine.copy_to(away, [taken.point_id])
    assert copied.point_id != taken.point_id
    assert [point.point_id for point in away.points("shop")] == [copied.point_id]
    assert away.fetch_manifest(copied.point_id, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == taken.manifest.read_bytes()


def test_a_manifest_that_cannot_be_kept_says_why(vault: Vault) -> None:
    vault.fill(1)
    taken = vault.take()
    with pytest.raises(BackupError) as caught:
        vault.opened(password="wrong").keep_manifest(taken.point_id, taken.manifest)
    assert caught.value.fault is BackupFault.WRONG_PASSWORD
    assert snapshots(vault.repository) == 1
