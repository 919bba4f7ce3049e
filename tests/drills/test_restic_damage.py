"""A real restic and a repository that goes wrong: nothing is good that is not (F20, F21)."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import BackupError
from models.rules.manifests import compare
from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.manifests import manifest_of_restored, read_manifest
from tasks.tools.backup.restic import engine as engine_module
from tests.drills.restic_lab import LIMITS, Vault, mounted, silent, vault
from tests.servers import need_root

__all__ = ["vault"]
pytestmark = [pytest.mark.drill, pytest.mark.fault]
PARTS = 4


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 40 MiB."""
    need_root()
    disk = tmp_path / "disk"
    if not mounted(disk, "40m"):
        pytest.skip("this machine lets nobody mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_one_flipped_bit_is_found_by_exactly_one_slice_and_by_every_restore(vault: Vault) -> None:
    vault.fill(80)
    taken = vault.take()
    later = vault.take(previous=taken.manifest)
    pack = vault.packs()[0]
    _flip(pack, pack.stat().st_size // 3)
    assert vault.engine.check(None).faults == (), "the structure is good: sizes and lists prove nothing"
    found = [vault.engine.check(Slice(number, PARTS)) for number in range(1, PARTS + 1)]
    (bad,) = [checked for checked in found if checked.faults]
    assert any(pack.name in fault for fault in bad.faults)
    assert set(bad.points) == {taken.point_id, later.point_id}, "both need the pack"
    to = vault.folder / "restored"
    to.mkdir()
    with pytest.raises(BackupError) as raised:
        vault.engine.restore(taken.point_id, to, LIMITS, silent)
    assert raised.value.fault is BackupFault.DAMAGED
    assert list(compare(read_manifest(taken.manifest), manifest_of_restored(to)))


def test_damage_names_only_the_points_that_need_it(vault: Vault) -> None:
    vault.fill(6, files=2)
    old = vault.take()
    packs = set(vault.packs())
    for path in vault.tree.iterdir():
        path.unlink()
    vault.fill(8, files=2)
    new = vault.take()
    (pack, *_) = [pack for pack in vault.packs() if pack not in packs]
    pack.unlink()
    checked = vault.engine.check(None)
    assert any(pack.name in fault for fault in checked.faults), "a lost pack is found without reading"
    assert checked.points == (new.point_id,)
    vault.prove(old)


def test_a_full_target_is_named_and_the_old_points_stay_good(vault: Vault, small: Path) -> None:
    vault.engine = vault.opened(small / "repository", name="small")
    vault.engine.prepare()
    vault.fill(10)
    old = vault.take("RUN1")
    vault.fill(60)
    with pytest.raises(BackupError, match="make room") as raised:
        vault.take("RUN2", old.manifest)
    assert raised.value.fault is BackupFault.TARGET_FULL
    assert [point.run for point in vault.engine.points("shop")] == ["RUN1"]
    vault.prove(old)


def test_what_cannot_be_opened_says_why(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = vault.opened(password="another", name="wrong")
    with pytest.raises(BackupError) as raised:
        wrong.prepare()
    assert raised.value.fault is BackupFault.WRONG_PASSWORD
    absent = vault.opened(vault.folder / "nowhere", name="absent", create=False)
    with pytest.raises(BackupError) as raised:
        absent.prepare()
    assert raised.value.fault is BackupFault.NO_REPOSITORY
    assert not (vault.folder / "nowhere").exists()
    unreachable = vault.opened("rest:http://127.0.0.1:1/", name="unreachable")
    monkeypatch.setattr(engine_module, "OPEN_SECONDS", 5)
    with pytest.raises(BackupError) as raised:
        unreachable.prepare()
    assert raised.value.fault is BackupFault.UNREACHABLE


def _flip(path: Path, at: int) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))
        os.fsync(file.fileno())
