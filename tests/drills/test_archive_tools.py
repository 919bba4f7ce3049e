"""The archive engine and the system's own tools: age and tar unpack what it wrote, and a real disk runs full."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import BackupError
from models.rules.manifests import compare
from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.manifests import manifest_of_restored, manifest_of_tree, read_manifest
from tasks.tools.backup.shapes import Tree
from tests.drills.restic_lab import mounted
from tests.servers import need, need_root
from tests.tasks.backup.archive_lab import IDENTITY, encrypted, engine, files_in, make_tree, restore, stream, take

pytestmark = pytest.mark.drill


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    need_root()
    folder = tmp_path / "disk"
    if not mounted(folder, "8m"):
        pytest.skip("this machine lets nobody mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_age_and_tar_unpack_an_encrypted_point_without_us(tmp_path):
    need("age")  # pyrage, which the engine reads with, is another program of the same format
    tree = make_tree(tmp_path / "source")
    vault = encrypted(tmp_path)
    taken = take(vault, tree)
    key, to = tmp_path / "key.txt", tmp_path / "to"
    key.write_text(f"{IDENTITY}\n")
    to.mkdir()
    words = 'set -o pipefail; age -d -i "$1" "$2" | tar --zstd -xp'
    archive = tmp_path / "vault" / f"{taken.point_id}.tar.zst.age"
    subprocess.run(["bash", "-c", words, "bash", key, archive], cwd=to, check=True)
    assert list(compare(read_manifest(taken.manifest), manifest_of_restored(to))) == []
    manifest = archive.with_name(archive.name.replace(".tar.zst", ".manifest.zst"))
    plain = subprocess.run(["age", "-d", "-i", key, manifest], check=True, capture_output=True).stdout
    assert plain == taken.manifest.read_bytes()


@pytest.mark.fault
@pytest.mark.parametrize("make", [engine, encrypted], ids=["plain", "encrypted"])
@pytest.mark.parametrize("is_dump", [False, True], ids=["tree", "dump"])
def test_a_disk_that_runs_full_keeps_its_older_points_and_the_next_run_works(disk, tmp_path, make, is_dump):
    """F20."""
    vault = make(disk)
    old = take(vault, stream(os.urandom(1_000_000)))
    before = files_in(disk)
    big = tmp_path / "big"
    big.mkdir()
    (big / "file").write_bytes(os.urandom(12_000_000))
    source = stream((big / "file").read_bytes()) if is_dump else Tree((big,))
    with pytest.raises(BackupError, match="Make room") as caught:
        take(vault, source, 1)
    assert caught.value.fault is BackupFault.TARGET_FULL
    assert files_in(disk) == before
    assert vault.check(Slice(1, 1)).faults == ()
    take(vault, stream(os.urandom(1_000_000)), 2)
    assert vault.points("shop")[0].point_id == old.point_id
    restore(vault, old.point_id, tmp_path / "to")


@pytest.mark.fault
def test_a_restore_onto_a_full_disk_says_so(disk, tmp_path):
    vault = engine(tmp_path)
    taken = take(vault, stream(os.urandom(12_000_000)))
    with pytest.raises(BackupError) as caught:
        restore(vault, taken.point_id, disk / "to")
    assert caught.value.fault is BackupFault.TARGET_FULL


def test_a_tree_of_this_machine_comes_back_whole(tmp_path):
    """Thousands of real files with whatever names, modes and links they have."""
    tree = Tree((Path("/usr/share/doc"), Path("/etc")), ("*.gz", "/etc/ssl"))
    vault = engine(tmp_path)
    taken = take(vault, tree)
    restore(vault, taken.point_id, tmp_path / "to")
    found = manifest_of_restored(tmp_path / "to")
    assert len(found) > 500
    assert list(compare(read_manifest(taken.manifest), found)) == []
    assert list(compare(manifest_of_tree(tree, None), found)) == []
