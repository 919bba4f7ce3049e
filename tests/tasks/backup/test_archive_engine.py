"""A point of the archive engine comes back byte for byte, and anybody's tar unpacks it."""

import contextlib
import hashlib
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from models.errors import BackupError
from models.rules.manifests import EntryKind, compare
from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.archive import checking, sheets, tree_tar
from tasks.tools.backup.archive.tree_tar import TreeTar
from tasks.tools.backup.manifests import lines_sha256, manifest_of_restored, manifest_of_tree, read_manifest
from tasks.tools.backup.shapes import Limits, Tree
from tests.tasks.backup.archive_lab import (
    AT,
    IDENTITY,
    RECIPIENT,
    encrypted,
    engine,
    files_in,
    label,
    make_tree,
    restore,
    stream,
    take,
)
from tests.tasks.backup.archives import END, block, folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "source")


@pytest.fixture(params=[engine, encrypted], ids=["plain", "encrypted"])
def vault(request, tmp_path: Path):
    return request.param(tmp_path)


def test_a_tree_comes_back_as_it_was(vault, tree, tmp_path):
    taken = take(vault, tree)
    restored = restore(vault, taken.point_id, tmp_path / "to")
    found = manifest_of_restored(tmp_path / "to")
    assert list(compare(read_manifest(taken.manifest), found)) == []
    assert list(compare(manifest_of_tree(Tree((tree,)), None), found)) == []
    copy = tmp_path / "to" / str(tree)[1:]
    assert (copy / "a.txt").stat().st_mtime_ns == 1_600_000_000_123_456_789
    assert (copy / "a.txt").stat().st_ino == (copy / "sub" / "twin").stat().st_ino
    assert (copy / "sparse").stat().st_blocks * 512 < 100_000
    assert (taken.warnings, taken.at, restored.files) == ((), AT, len(found))
    assert taken.files == sum(entry.kind is not EntryKind.FOLDER for entry in found)
    assert "limits" in restored.sandbox


def test_the_same_tree_gives_the_same_tar(tree):
    def digest() -> str:
        with contextlib.closing(TreeTar(Tree((tree,)))) as source:
            found = hashlib.sha256()
            while piece := source.read(1):
                found.update(piece)
            return found.hexdigest()

    assert digest() == digest()


def test_more_parts_than_one_sheet_counts_are_hashed_each_by_its_own_bytes(vault, tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MOST_NUMBERS", 3 * 20)
    many = tmp_path / "many"
    many.mkdir()
    for number in range(100):
        (many / f"{number:05}").write_bytes(b"%d" % number if number % 7 == 0 else b"")
    with (many / "holes").open("wb") as file:
        for number in range(100):
            file.seek(number * 8192)
            file.write(b"%d" % number)
        file.truncate(1 << 21)
    taken = take(vault, many)
    hashes = {entry.path: entry.sha256 for entry in manifest_of_tree(Tree((many,)), None)}
    assert {entry.path: entry.sha256 for entry in read_manifest(taken.manifest)} == hashes
    restore(vault, taken.point_id, tmp_path / "to")
    assert list(compare(read_manifest(taken.manifest), manifest_of_restored(tmp_path / "to"))) == []


def test_when_the_hashing_process_is_killed_the_attempt_fails_and_says_so(vault, tree, tmp_path, monkeypatch):
    before = files_in(tmp_path / "vault")
    start = sheets.subprocess.Popen

    def killed(*arguments, **more):
        process = start(*arguments, **more)
        process.kill()
        process.wait()
        return process

    monkeypatch.setattr(sheets.subprocess, "Popen", killed)
    with pytest.raises(BackupError, match="the process that hashes the files has ended") as caught:
        take(vault, tree)
    assert caught.value.fault is BackupFault.ENGINE_FAILED
    assert files_in(tmp_path / "vault") == before


def test_a_dump_becomes_a_tar_of_one_file(vault, tmp_path):
    data = os.urandom(2_500_001)
    taken = take(vault, stream(data))
    [entry] = read_manifest(taken.manifest)
    assert (entry.path, entry.size, entry.sha256) == ("dump.sql", len(data), hashlib.sha256(data).hexdigest())
    restore(vault, taken.point_id, tmp_path / "to")
    assert (tmp_path / "to" / "dump.sql").read_bytes() == data
    assert (taken.bytes_read, taken.files) == (len(data), 1)


def test_a_host_s_tar_goes_through_unchanged(vault, tmp_path):
    data = folder("etc") + block("etc/passwd", data=b"root") + END
    taken = take(vault, stream(data, "files.tar", is_tar=True))
    assert [entry.path for entry in read_manifest(taken.manifest)] == ["etc", "etc/passwd"]
    restore(vault, taken.point_id, tmp_path / "to")
    assert (tmp_path / "to" / "etc" / "passwd").read_text() == "root"


def test_the_system_s_tar_unpacks_a_point_without_us(tree, tmp_path):
    taken = take(engine(tmp_path), tree)
    to = tmp_path / "to"
    to.mkdir()
    subprocess.run(["tar", "--zstd", "-xpf", tmp_path / "vault" / f"{taken.point_id}.tar.zst"], cwd=to, check=True)
    assert list(compare(read_manifest(taken.manifest), manifest_of_restored(to))) == []


def test_the_system_s_tar_unpacks_a_dump_without_us(tmp_path):
    taken = take(engine(tmp_path), stream(b"insert" * 100_000))
    archive = tmp_path / "vault" / f"{taken.point_id}.tar.zst"
    found = subprocess.run(["tar", "--zstd", "-xOf", archive], check=True, capture_output=True)
    assert found.stdout == b"insert" * 100_000


def test_points_are_listed_oldest_first_with_whose_they_are(vault, tree):
    ids = [take(vault, tree, number).point_id for number in (2, 0, 1)]
    take(vault, tree, 5, plan="other")
    points = vault.points("shop")
    assert [point.point_id for point in points] == [ids[1], ids[2], ids[0]]
    assert (points[0].run, points[0].host, points[0].at) == ("R-0", "web1", AT)
    assert points[0].size > 3_000_000
    assert vault.points("nobody") == []


def test_nothing_of_an_encrypted_point_can_be_read_without_the_identity(tree, tmp_path):
    vault = encrypted(tmp_path)
    take(vault, tree)
    take(vault, stream(b"secret dump" * 1000), 1)
    for name in files_in(tmp_path / "vault"):
        data = (tmp_path / "vault" / name).read_bytes()
        assert b"a.txt" not in data
        assert name.endswith((".age", ".json"))


def test_a_restore_without_the_identity_says_what_to_do(tree, tmp_path):
    vault = encrypted(tmp_path, identity=None)
    taken = take(vault, tree)
    with pytest.raises(BackupError, match=r"identity.*age -d") as caught:
        restore(vault, taken.point_id, tmp_path / "to")
    assert caught.value.fault is BackupFault.WRONG_PASSWORD
    assert RECIPIENT in str(caught.value)


@pytest.mark.parametrize("text", ["AGE-SECRET-KEY-1NONSENSE", "", "hunter2"])
def test_an_identity_that_is_none_is_not_repeated(tree, tmp_path, text):
    vault = encrypted(tmp_path, identity=text)
    taken = take(vault, tree)
    with pytest.raises(BackupError, match="no age identity") as caught:
        restore(vault, taken.point_id, tmp_path / "to")
    assert not text or text not in str(caught.value)


def test_an_identity_may_be_the_whole_text_of_its_key_file(tree, tmp_path):
    vault = encrypted(tmp_path, identity=f"# created: 2026-11-22\n# public key: {RECIPIENT}\n{IDENTITY}\n")
    restore(vault, take(vault, tree).point_id, tmp_path / "to")


def test_somebody_else_s_identity_is_named_as_the_wrong_one(tree, tmp_path):
    taken = take(encrypted(tmp_path), tree)
    other = str(pyrage.x25519.Identity.generate())
    with pytest.raises(BackupError, match="somebody else") as caught:
        restore(encrypted(tmp_path, identity=other), taken.point_id, tmp_path / "to")
    assert caught.value.fault is BackupFault.WRONG_PASSWORD


def test_a_wrong_recipient_is_found_before_anything_is_written(tmp_path):
    with pytest.raises(BackupError, match="no age recipient"):
        engine(tmp_path, recipients=("age1nonsense",))


def test_limits_hold_for_a_restore(vault, tree, tmp_path):
    taken = take(vault, tree)
    (tmp_path / "to").mkdir()
    with pytest.raises(BackupError) as caught:
        vault.restore(taken.point_id, tmp_path / "to", Limits(1_000_000, 100, 60), lambda _advance: None)
    assert caught.value.fault is BackupFault.TOO_LARGE


def test_forgetting_frees_what_it_says_and_nothing_else(vault, tree, tmp_path):
    kept, gone = take(vault, tree, 0), take(vault, tree, 1)
    before = files_in(tmp_path / "vault")
    size = sum((tmp_path / "vault" / name).stat().st_size for name in before if gone.point_id in name)
    freed = vault.forget([gone.point_id, gone.point_id])
    assert freed.points == (gone.point_id,)
    assert 0 < freed.size < size
    assert [point.point_id for point in vault.points("shop")] == [kept.point_id]
    assert not any(gone.point_id in name for name in files_in(tmp_path / "vault"))
    assert vault.manifest_of(gone.point_id) is None
    assert vault.manifest_of(kept.point_id) == kept.manifest


@pytest.mark.parametrize("made", [engine, encrypted])
def test_the_repository_has_the_manifest_for_a_machine_that_has_none(made, tree, tmp_path):
    vault = made(tmp_path)
    taken, to = take(vault, tree), tmp_path / "copy"
    lines = taken.manifest.read_bytes()
    taken.manifest.unlink()
    assert vault.fetch_manifest(taken.point_id, to)
    assert to.read_bytes() == lines
    assert lines_sha256(to) == taken.manifest_sha256
    for stored in (tmp_path / "vault").rglob("*.manifest.zst*"):
        stored.unlink()
    assert not vault.fetch_manifest(taken.point_id, to)


@pytest.mark.parametrize("point_id", ["../etc/passwd", "shop/../../x", "locks/20261122T020000Z-R", "", "shop", "a/b/c"])
def test_a_number_that_is_none_reaches_no_file(tmp_path, point_id):
    vault = engine(tmp_path)
    for act in (lambda: vault.forget([point_id]), lambda: restore(vault, point_id, tmp_path / "to")):
        with pytest.raises(BackupError) as caught:
            act()
        assert caught.value.fault is BackupFault.NO_POINT
        (tmp_path / "to").exists() and (tmp_path / "to").rmdir()


def test_every_point_is_read_within_the_cycle_and_always_in_the_same_part(tree, tmp_path, monkeypatch):
    vault = engine(tmp_path)
    ids = [take(vault, stream(b"x" * number or b"y"), number).point_id for number in range(12)]
    read: list[str] = []
    real = checking.sha256_of
    monkeypatch.setattr(checking, "sha256_of", lambda path: (read.append(path.name), real(path))[1])
    parts = []
    for number in (1, 2, 3):
        read.clear()
        assert vault.check(Slice(number, 3)).faults == ()
        parts.append({name for name in read if name.endswith(".tar.zst")})
    assert set.union(*parts) == {f"{point_id.split('/')[1]}.tar.zst" for point_id in ids}
    assert sum(map(len, parts)) == len(ids)
    vault.forget(ids[:3])
    read.clear()
    vault.check(Slice(2, 3))
    assert set(read) & {f"{point_id.split('/')[1]}.tar.zst" for point_id in ids[3:]} <= parts[1]
    read.clear()
    assert vault.check(None).faults == ()
    assert read == []


@pytest.mark.parametrize("other", [engine, encrypted], ids=["plain", "encrypted"])
def test_a_copy_is_proven_and_restores_from_the_other_repository(vault, tree, tmp_path, other):
    second = other(tmp_path, "second")
    taken = take(vault, tree)
    [copy] = vault.copy_to(second, [taken.point_id])
    assert (copy.point_id, copy.original, copy.at, copy.run) == (taken.point_id, taken.point_id, AT, "R-0")
    assert vault.copy_to(second, [taken.point_id]) == [copy]
    assert second.check(Slice(1, 1)).faults == ()
    vault.forget([taken.point_id])
    reader = encrypted(tmp_path, "second")
    restore(reader, copy.point_id, tmp_path / "to")
    assert list(compare(manifest_of_tree(Tree((tree,)), None), manifest_of_restored(tmp_path / "to"))) == []
    is_secret = other is encrypted or bool(vault.repository.recipients)
    assert any(name.endswith(".tar.zst.age") for name in files_in(tmp_path / "second")) == is_secret


def test_progress_is_told_and_its_exception_leaves_nothing(vault, tree, tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.tools.backup.archive.taking.PROGRESS_SECONDS", 0.0)
    told = []
    vault.take(Tree((tree,)), label(), None, told.append)
    assert [advance.bytes for advance in told] == sorted(advance.bytes for advance in told)
    assert 3_000_000 < told[-1].bytes < 5_000_000
    before = files_in(tmp_path / "vault")

    def kill(advance) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vault.take(Tree((tree,)), label(1), None, kill)
    assert files_in(tmp_path / "vault") == before


def test_a_file_that_vanishes_or_changes_is_told_and_the_manifest_says_what_was_kept(
    vault, tree, tmp_path, monkeypatch
):
    real = tree_tar.os.open

    def meddling(path, flags, *rest, **more):
        if str(path).endswith("/a.txt"):
            raise FileNotFoundError(2, "gone")
        return real(path, flags, *rest, **more)

    preadv = sheets.os.preadv

    def shrinking(descriptor, buffers, at):
        size = preadv(descriptor, buffers, at)
        if at == 0 and size == tree_tar.READ:
            os.truncate(tree / "random", 1 << 20)
        return size

    monkeypatch.setattr(tree_tar.os, "open", meddling)
    monkeypatch.setattr(sheets.os, "preadv", shrinking)
    taken = take(vault, tree)
    monkeypatch.undo()
    assert sorted(taken.warnings) == [
        f"changed while it was read: {tree}/random",
        f"gone before it was read: {tree}/a.txt",
    ]
    restore(vault, taken.point_id, tmp_path / "to")
    assert list(compare(read_manifest(taken.manifest), manifest_of_restored(tmp_path / "to"))) == []


def test_two_points_of_one_run_are_told_apart_by_their_time(vault, tree):
    first = take(vault, tree)
    with pytest.raises(BackupError, match="there already"):
        take(vault, tree)
    again = label()
    later = vault.take(
        Tree((tree,)), type(again)(again.plan, again.run, again.host, AT + timedelta(seconds=1)), None, print
    )
    assert [point.point_id for point in vault.points("shop")] == [first.point_id, later.point_id]
