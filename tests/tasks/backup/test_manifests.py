"""A manifest says what a tree held, byte for byte, and is quick about what did not change."""

import hashlib
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import BackupError
from models.rules.manifests import Difference, EntryKind, compare
from models.vocabulary import BackupFault
from tasks.tools.backup import manifests
from tasks.tools.backup.manifests import manifest_of_restored, manifest_of_tree, read_manifest, write_manifest
from tasks.tools.backup.shapes import Tree
from tasks.tools.backup.walking import remove_tree

LONG_AGO_NS = 1_000_000_000_000_000_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sub" / "deeper").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "sub" / "b.txt").write_text("two")
    (folder / "sub" / "deeper" / "empty").touch()
    (folder / "sub" / "link").symlink_to("../a.txt")
    os.link(folder / "a.txt", folder / "sub" / "hard")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9\n")).write_bytes(b"\0\xff")
    (folder / "sub").chmod(0o750)
    return folder


def names_below(entries, folder: Path) -> list[str]:
    prefix = f"{folder}/".lstrip("/")
    return [entry.path.removeprefix(prefix) for entry in entries if entry.path.startswith(prefix)]


def test_a_manifest_names_every_path_with_its_kind_and_hash(tree):
    entries = {entry.path: entry for entry in manifest_of_tree(Tree((tree,)), None)}
    root = os.fspath(tree).lstrip("/")
    assert entries[f"{root}/a.txt"].sha256 == hashlib.sha256(b"one").hexdigest()
    assert entries[f"{root}/sub/hard"].sha256 == entries[f"{root}/a.txt"].sha256
    assert entries[f"{root}/sub/link"].kind is EntryKind.LINK
    assert entries[f"{root}/sub/link"].target == "../a.txt"
    assert entries[f"{root}/sub"].mode == 0o750
    assert entries[f"{root}/sub/deeper/empty"].size == 0
    assert entries[f"{root}/caf\udce9\n"].sha256 == hashlib.sha256(b"\0\xff").hexdigest()
    assert list(entries) == sorted(entries)


def test_the_folders_above_a_source_belong_to_what_is_restored(tree):
    paths = {entry.path for entry in manifest_of_tree(Tree((tree,)), None)}
    above = {os.fspath(folder).lstrip("/") for folder in tree.parents if os.fspath(folder) != "/"}
    assert above <= paths


def test_sources_that_overlap_are_named_once(tree):
    paths = [entry.path for entry in manifest_of_tree(Tree((tree / "sub", tree, tree / "sub" / "b.txt")), None)]
    assert len(paths) == len(set(paths))


def test_a_manifest_file_gives_back_what_was_written(tree, tmp_path):
    entries = manifest_of_tree(Tree((tree,)), None)
    digest = write_manifest(entries, tmp_path / "one")
    assert list(read_manifest(tmp_path / "one")) == entries
    assert write_manifest(reversed(list(reversed(entries))), tmp_path / "two") == digest
    assert write_manifest(entries[:-1], tmp_path / "three") != digest


def test_an_empty_manifest_can_be_read(tmp_path):
    write_manifest([], tmp_path / "none")
    assert list(read_manifest(tmp_path / "none")) == []


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"x" + data, lambda _: b""])
def test_a_damaged_manifest_proves_nothing(tree, tmp_path, damage):
    path = tmp_path / "manifest"
    write_manifest(manifest_of_tree(Tree((tree,)), None), path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BackupError, match="cannot be proven"):
        list(read_manifest(path))


def test_an_untouched_file_is_not_read_again_and_a_touched_one_is(tree, tmp_path, monkeypatch):
    previous = tmp_path / "previous"
    first = [
        replace(entry, changed_ns=os.lstat(f"/{entry.path}").st_ctime_ns)
        for entry in manifest_of_tree(Tree((tree,)), None)
    ]
    write_manifest(first, previous)
    (tree / "a.txt").write_text("ONE")
    read = []
    hash_of = manifests.hash_of
    monkeypatch.setattr(manifests, "hash_of", lambda path, entry: (read.append(path.name), hash_of(path, entry))[1])
    second = {entry.path: entry for entry in manifest_of_tree(Tree((tree,)), previous)}
    assert sorted(read) == ["a.txt", "hard"]
    assert second[os.fspath(tree / "a.txt").lstrip("/")].sha256 == hashlib.sha256(b"ONE").hexdigest()


def test_a_file_changed_within_the_clock_s_tick_is_read_again_the_next_time(tree, tmp_path):
    """Same size, same time: without the guard its old hash would be kept."""
    previous = tmp_path / "previous"
    file = tree / "a.txt"
    write_manifest(manifest_of_tree(Tree((file,)), None), previous)
    before = file.stat()
    file.write_text("ONE")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    entry = manifest_of_tree(Tree((file,)), previous)[-1]
    assert entry.sha256 == hashlib.sha256(b"ONE").hexdigest()


def test_a_file_that_changes_while_it_is_read_has_no_hash(tree, monkeypatch):
    real = os.read

    def growing(descriptor: int, size: int) -> bytes:
        piece = real(descriptor, size)
        if piece == b"two":
            (tree / "sub" / "b.txt").write_text("two and more")
        return piece

    monkeypatch.setattr(manifests.os, "read", growing)
    entries = {Path(entry.path).name: entry for entry in manifest_of_tree(Tree((tree,)), None)}
    assert entries["b.txt"].sha256 == ""
    assert entries["a.txt"].sha256 != ""


def test_a_file_that_vanishes_is_not_there(tree, monkeypatch):
    hash_of = manifests.hash_of

    def vanishing(path: Path, entry):
        if path.name == "b.txt":
            path.unlink()
        return hash_of(path, entry)

    monkeypatch.setattr(manifests, "hash_of", vanishing)
    assert "b.txt" not in {Path(entry.path).name for entry in manifest_of_tree(Tree((tree,)), None)}


def test_excluded_paths_are_not_named(tree):
    entries = manifest_of_tree(Tree((tree,), ("*.txt", "/**/deeper")), None)
    assert names_below(entries, tree) == ["caf\udce9\n", "sub", "sub/hard", "sub/link"]


def test_a_missing_source_is_a_failure_that_names_it(tmp_path):
    with pytest.raises(BackupError, match="no-such") as caught:
        manifest_of_tree(Tree((tmp_path / "no-such",)), None)
    assert caught.value.fault is BackupFault.SOURCE_MISSING


def test_a_relative_source_is_refused():
    with pytest.raises(BackupError, match="from the root"):
        manifest_of_tree(Tree((Path("here"),)), None)


@pytest.mark.parametrize("what", ["a.txt", "sub"])
def test_an_unreadable_path_is_a_failure_that_names_it(tree, monkeypatch, what):
    """Root reads everything, so the kernel's refusal is played."""
    name = {"a.txt": "open", "sub": "scandir"}[what]
    real = getattr(os, name)

    def refusing(path, *rest):
        if Path(path).name == what:
            raise PermissionError(13, "Permission denied")
        return real(path, *rest)

    monkeypatch.setattr(os, name, refusing)
    with pytest.raises(BackupError, match=what) as caught:
        manifest_of_tree(Tree((tree,)), None)
    assert caught.value.fault is BackupFault.SOURCE_UNREADABLE


def test_pipes_and_sockets_are_named_never_opened(tree):
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tree / "socket"))
        entries = {Path(entry.path).name: entry for entry in manifest_of_tree(Tree((tree,)), None)}
    assert entries["pipe"].kind is entries["socket"].kind is EntryKind.OTHER


def test_a_very_deep_tree_is_walked_to_its_end(tmp_path):
    here = tmp_path / "d"
    here.mkdir()
    descriptor = os.open(here, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=descriptor)
        deeper = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    os.close(descriptor)
    try:
        assert len(names_below(manifest_of_tree(Tree((here,)), None), here)) == 1200
    finally:
        remove_tree(here)
    assert not here.exists()


def test_a_restored_copy_is_removed_whatever_its_permissions(tmp_path):
    folder = tmp_path / "copy"
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed" / "file").touch()
    (folder / "outside").symlink_to(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (folder / "closed" / "inner").chmod(0o500)
    (folder / "closed").chmod(0o000)
    remove_tree(folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_a_restored_copy_is_hashed_even_where_its_owner_may_not_read(tmp_path):
    folder = tmp_path / "copy"
    (folder / "closed").mkdir(parents=True)
    secret = folder / "closed" / "secret"
    secret.write_text("s")
    secret.chmod(0o000)
    (folder / "closed").chmod(0o000)
    try:
        entries = {entry.path: entry for entry in manifest_of_restored(folder)}
        assert entries["closed/secret"].sha256 == hashlib.sha256(b"s").hexdigest()
        assert (entries["closed"].mode, entries["closed/secret"].mode) == (0, 0)
    finally:
        (folder / "closed").chmod(0o700)


def test_a_torn_file_and_a_pipe_are_compared_by_name_only(tree):
    os.mkfifo(tree / "pipe")
    taken = manifest_of_tree(Tree((tree,)), None)
    torn = [replace(entry, sha256="") if entry.path.endswith("b.txt") else entry for entry in taken]
    restored = [
        replace(entry, sha256="f" * 64) if entry.path.endswith(".txt") else entry
        for entry in taken
        if entry.kind is not EntryKind.OTHER
    ]
    found = list(compare(torn, restored))
    assert [(Path(finding.path).name, finding.difference) for finding in found] == [("a.txt", Difference.CONTENT)]


def test_the_way_to_what_was_backed_up_is_not_an_addition(tree):
    """A host's tar of /srv/shop has no entry for /srv, and unpacking it makes one."""
    taken = manifest_of_tree(Tree((tree,)), None)
    below = [entry for entry in taken if f"/{entry.path}".startswith(f"{tree}/")]
    assert len(below) < len(taken)
    assert list(compare(below, taken)) == []
    beside = replace(taken[0], path="beside")
    stray = replace(below[0], path=f"{below[0].path}-stray", kind=EntryKind.FILE)
    found = [(finding.path, finding.difference) for finding in compare(below, [*taken, beside, stray])]
    assert found == [(path, Difference.ADDED) for path in sorted([beside.path, stray.path])]
