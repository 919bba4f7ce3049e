"""However hostile an archive is, it is unpacked inside its folder or not at all."""

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.extraction import extract_tar
from tasks.tools.backup.manifests import manifest_of_restored
from tasks.tools.backup.shapes import Limits
from tasks.tools.backup.walking import remove_tree
from tests.tasks.backup.archives import END, HOSTILE, OUTSIDE, Hostile, block, folder, hard, link, old_sparse

LIMITS = Limits(size=1 << 20, files=100, seconds=60)


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "around" / "inside"
    folder.mkdir(parents=True)
    (folder.parent / "canary").write_text("untouched")
    yield folder
    remove_tree(folder)


def unpack(data: bytes, to: Path, limits: Limits = LIMITS):
    return extract_tar(io.BytesIO(data).read, to, limits)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_archive_is_refused_by_name_and_writes_nothing_outside(hostile: Hostile, inside, tmp_path):
    with pytest.raises(BackupError) as caught:
        unpack(hostile.data() + END, inside)
    assert caught.value.fault is hostile.fault
    assert hostile.word in str(caught.value)
    around = {path.name: path.read_text() for path in inside.parent.iterdir() if path != inside}
    assert around == {"canary": "untouched"}
    assert not (tmp_path / OUTSIDE).exists()


def test_a_good_archive_comes_out_as_it_was(inside):
    unpack(
        folder("closed", mode=0o500)
        + block("closed/file", data=b"one", mode=0o640)
        + hard("closed/again", "closed/file")
        + link("closed/link", "/etc/passwd")
        + block("deep/er/without-its-folders", data=b"")
        + END,
        inside,
    )
    assert (inside / "closed" / "file").read_bytes() == b"one"
    assert (inside / "closed" / "file").stat().st_mtime == 1_700_000_000
    assert (inside / "closed" / "again").stat().st_ino == (inside / "closed" / "file").stat().st_ino
    assert os.fspath((inside / "closed" / "link").readlink()) == "/etc/passwd"
    assert stat.S_IMODE((inside / "closed").stat().st_mode) == 0o500
    assert stat.S_IMODE((inside / "closed" / "file").stat().st_mode) == 0o640
    assert (inside / "deep" / "er" / "without-its-folders").exists()


def test_devices_and_pipes_are_left_out_and_named(inside):
    found = unpack(block("dev", tarfile.CHRTYPE) + block("pipe", tarfile.FIFOTYPE) + block("file") + END, inside)
    assert found.left_out == ("dev", "pipe")
    assert [path.name for path in inside.iterdir()] == ["file"]


def test_nobody_gets_rights_from_an_archive(inside):
    unpack(block("root-shell", data=b"#!", mode=0o6755, uid=0, gid=0) + folder("sticky", mode=0o3777) + END, inside)
    assert stat.S_IMODE((inside / "root-shell").stat().st_mode) == 0o755
    assert stat.S_IMODE((inside / "sticky").stat().st_mode) == 0o777


def test_of_a_path_that_comes_twice_the_later_one_counts_and_does_not_write_through_a_link(inside):
    unpack(
        block("target", data=b"kept") + link("name", "target") + block("name", data=b"new")
        + hard("twin", "target") + block("twin", data=b"other") + END,
        inside,
    )  # fmt: skip
    assert (inside / "target").read_bytes() == b"kept"
    assert (inside / "name").read_bytes() == b"new"
    assert (inside / "twin").read_bytes() == b"other"


def test_a_sparse_file_keeps_its_holes(inside):
    unpack(old_sparse(500_000, b"ab", (0, 1), (400_000, 1)) + END, inside)
    data = (inside / "sparse").read_bytes()
    assert (len(data), data[0:1], data[400_000:400_001], data.count(0)) == (500_000, b"a", b"b", 499_998)
    assert (inside / "sparse").stat().st_blocks * 512 < 100_000


@pytest.mark.parametrize("cut", [100, 512, 700, 1024])
def test_a_truncated_archive_is_damaged(inside, cut):
    with pytest.raises(BackupError, match="ends in the middle") as caught:
        unpack((block("file", data=b"x" * 512) + END)[:cut], inside)
    assert caught.value.fault is BackupFault.DAMAGED


def test_the_folder_must_be_empty(inside):
    (inside / "there").touch()
    with pytest.raises(BackupError, match="not empty"):
        unpack(END, inside)


def test_time_is_limited_too(inside):
    with pytest.raises(BackupError, match="limit of 0 s") as caught:
        unpack(block("file") + END, inside, Limits(1, 1, 0))
    assert caught.value.fault is BackupFault.TOO_LARGE


def test_an_exception_from_progress_ends_it(inside, monkeypatch):
    def stop(advance):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_tar(io.BytesIO(block("file") + END).read, inside, LIMITS, stop)


def test_no_descriptor_stays_open(inside, tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    unpack(folder("a/b/c") + block("a/b/file", data=b"x") + hard("z", "a/b/file") + END, inside)
    for hostile in HOSTILE:
        empty = tmp_path / "another"
        empty.mkdir()
        with pytest.raises(BackupError):
            unpack(hostile.data() + END, empty)
        remove_tree(empty)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_names_that_are_no_text_survive(inside):
    name = b"caf\xe9\n".decode("utf-8", "surrogateescape")
    unpack(block(name, data=b"x") + END, inside)
    assert [entry.path for entry in manifest_of_restored(inside)] == [name]
