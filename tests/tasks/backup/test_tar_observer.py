"""A tar that passes is known afterwards, whatever wrote it and in whatever pieces it came."""

import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from models.errors import BackupError
from models.rules.manifests import EntryKind, compare
from models.vocabulary import BackupFault
from tasks.tools.backup.extraction import extract_tar
from tasks.tools.backup.manifests import manifest_of_restored, manifest_of_tree
from tasks.tools.backup.shapes import Limits, Tree
from tasks.tools.backup.tar_observer import TarObserver
from tasks.tools.backup.tar_walker import TarWalker
from tests.tasks.backup.archives import END, HOSTILE, block, hard, link, old_sparse, tar_of

FORMATS = ["gnu", "posix", "oldgnu", "ustar", "v7"]
SPARSE = [["--format=posix", f"--sparse-version={version}"] for version in ("0.0", "0.1", "1.0")] + [["--format=gnu"]]


def observed(data: bytes, size: int = 1 << 20) -> TarObserver:
    source = io.BytesIO(data)
    observer = TarObserver(source.read)
    copied = b""
    while piece := observer.read(size):
        copied += piece
    assert copied == data
    return observer


def tarred(folder: Path, *options: str) -> bytes:
    return subprocess.run(["tar", *options, "-cf", "-", "."], cwd=folder, check=True, capture_output=True).stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "file").write_bytes(os.urandom(100_000))
    (folder / "empty").touch()
    (folder / "block").write_bytes(b"b" * 512)
    (folder / "sub" / "link").symlink_to("../file")
    os.link(folder / "file", folder / "sub" / "twin")
    return folder


@pytest.mark.parametrize("size", [1, 7, 511, 512, 513, 10_240, 1 << 20])
def test_the_pieces_that_a_tar_comes_in_do_not_matter(tree, size):
    data = tarred(tree)
    assert observed(data, size).entries() == observed(data).entries()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_tar_gives_the_manifest_that_a_restore_compares_with(tree, tmp_path, form):
    if form in ("gnu", "posix", "oldgnu"):
        deep = tree / ("d" * 120) / ("e" * 120)
        deep.mkdir(parents=True)
        (deep / ("f" * 200)).write_text("long")
        (deep / "long-link").symlink_to("t" * 300)
        Path(os.fsdecode(os.fsencode(tree) + b"/caf\xe9\n")).write_text("x")
    data = tarred(tree, f"--format={form}")
    to = tmp_path / "to"
    to.mkdir()
    extract_tar(io.BytesIO(data).read, to, Limits(1 << 30, 1000, 60))
    assert list(compare(observed(data).entries(), manifest_of_restored(to))) == []
    assert list(compare(manifest_of_restored(tree), manifest_of_restored(to))) == []


@pytest.mark.parametrize("options", SPARSE, ids=" ".join)
@pytest.mark.parametrize("pieces", [0, 1, 3, 30])
def test_a_sparse_file_has_the_hash_of_all_its_bytes(tmp_path, options, pieces):
    source, to = tmp_path / "source", tmp_path / "to"
    source.mkdir()
    to.mkdir()
    with (source / "sparse").open("wb") as file:
        for number in range(pieces):
            file.seek(number * 200_000 + 4096)
            file.write(os.urandom(5000))
        file.truncate(pieces * 200_000 + 300_000)
    data = tarred(source, "--sparse", *options)
    assert len(data) < 500_000
    entries = observed(data, 1000).entries()
    assert entries[0].sha256 == hashlib.sha256((source / "sparse").read_bytes()).hexdigest()
    extract_tar(io.BytesIO(data).read, to, Limits(1 << 30, 1000, 60))
    assert list(compare(entries, manifest_of_restored(to))) == []


def test_a_hard_link_has_its_target_s_hash(tree):
    entries = {entry.path: entry for entry in observed(tarred(tree)).entries()}
    assert entries["sub/twin"].sha256 == entries["file"].sha256
    assert entries["sub/twin"].kind is EntryKind.FILE


def test_the_manifest_of_a_stream_is_that_of_the_tree_it_came_from(tree):
    names = Path(*tree.parts[1:])
    data = subprocess.run(["tar", "-C", "/", "-cf", "-", os.fspath(names)], check=True, capture_output=True).stdout
    of_tree = [entry for entry in manifest_of_tree(Tree((tree,)), None) if entry.path.startswith(os.fspath(names))]
    found = observed(data).entries()
    assert list(compare(of_tree, found)) == []
    assert [entry.modified_ns // 10**9 for entry in found] == [entry.modified_ns // 10**9 for entry in of_tree]


def test_times_finer_than_a_second_and_before_1970_are_kept():
    info = tarfile.TarInfo("old")
    info.pax_headers = {"mtime": "-1.5"}
    data = info.tobuf(tarfile.PAX_FORMAT) + END
    assert observed(data).entries()[0].modified_ns == -1_500_000_000


def test_of_a_path_that_comes_twice_the_later_one_counts():
    [entry] = observed(block("a", data=b"one") + block("a", data=b"two") + END).entries()
    assert entry.sha256 == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["extended header", "base 256"])
def test_a_file_above_8_gib_has_its_size(form):
    begun = []
    walker = TarWalker(SimpleNamespace(begin=begun.append, data=None, hole=None, end=None))
    walker.feed(block("big", size=2**33 + 1, form=form))
    assert [member.size for member in begun] == [2**33 + 1]


@pytest.mark.parametrize("cut", [0, 1, 600, 1024])
def test_a_stream_that_ends_in_the_middle_is_a_failed_source(cut):
    with pytest.raises(BackupError, match="ends in the middle") as caught:
        observed((block("file", data=b"x" * 512) + END)[:cut])
    assert caught.value.fault is BackupFault.SOURCE_FAILED


@pytest.mark.parametrize(
    "hostile", [case for case in HOSTILE if "climbs" in case.word or case.fault is BackupFault.DAMAGED]
)
def test_what_no_restore_would_bring_back_is_no_backup(hostile):
    with pytest.raises(BackupError) as caught:
        observed(hostile.data() + END)
    assert caught.value.fault in (BackupFault.UNSAFE, BackupFault.SOURCE_FAILED)


def test_an_exabyte_of_zeros_is_not_hashed():
    with pytest.raises(BackupError, match="sparse"):
        observed(old_sparse(2**60, b"") + END)


def test_a_hard_link_to_what_is_not_there_is_no_backup():
    with pytest.raises(BackupError, match="not in the archive"):
        observed(hard("a", "b") + END)


def test_a_hard_link_to_a_link_is_a_link():
    entries = observed(link("a", "target") + hard("b", "a") + END).entries()
    assert [(entry.kind, entry.target) for entry in entries] == [(EntryKind.LINK, "target")] * 2


def test_a_small_file_costs_little():
    """The bound is ten times what it takes, so that a busy machine passes and a quadratic walk does not."""
    data = tar_of({f"d{number % 50}/f{number}": b"x" * 100 for number in range(5000)})
    before = os.times().user
    observed(data)
    assert os.times().user - before < 5000 * 0.0006
