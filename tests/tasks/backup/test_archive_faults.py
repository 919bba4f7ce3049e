"""Whatever happens to a repository of archives, no point is there that is not whole, and a person reads what to do."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import BackupError
from models.rules.manifests import compare
from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.archive import taking
from tasks.tools.backup.archive.locking import sole_writer
from tasks.tools.backup.archive.packing import HashedFile
from tasks.tools.backup.manifests import manifest_of_restored, read_manifest
from tasks.tools.backup.owners import is_dead
from tasks.tools.backup.shapes import LockOwner, Stream, Tree
from tests.tasks.backup.archive_lab import encrypted, engine, files_in, make_tree, restore, stream, take
from tests.tasks.backup.archives import END, HOSTILE, block

WHOLE = Slice(1, 1)


@pytest.fixture
def vault(tmp_path: Path):
    return engine(tmp_path)


def archive_of(tmp_path: Path, point_id: str) -> Path:
    return tmp_path / "vault" / f"{point_id}.tar.zst"


def failed_source() -> None:
    raise BackupError("db1", BackupFault.SOURCE_FAILED, "pg_dump ended with 1; read its words")


SOURCES = [
    (stream(b""), BackupFault.SOURCE_EMPTY, "a dump without a byte"),
    (stream(END, "files.tar", is_tar=True), BackupFault.SOURCE_EMPTY, "a tar without members"),
    (stream(b"half a du", finish=failed_source), BackupFault.SOURCE_FAILED, "the command ended badly"),
    (
        stream(block("a") + END, "f", is_tar=True, finish=failed_source),
        BackupFault.SOURCE_FAILED,
        "so did the host's tar",
    ),
    (stream(block("a", data=b"x"), "f", is_tar=True), BackupFault.SOURCE_FAILED, "the line was lost half way"),
    (stream(HOSTILE[0].data() + END, "f", is_tar=True), BackupFault.UNSAFE, "a member no restore would bring back"),
    (stream(b"x", "../dump"), BackupFault.REFUSED_BY_US, "a name that climbs"),
    (Tree((Path("/no/such/folder"),)), BackupFault.SOURCE_MISSING, "the source is gone"),
]


def test_a_tree_of_folders_only_is_an_empty_source(tmp_path, vault):
    (tmp_path / "source" / "emptied").mkdir(parents=True)
    with pytest.raises(BackupError, match="nothing but folders") as caught:
        take(vault, tmp_path / "source")
    assert caught.value.fault is BackupFault.SOURCE_EMPTY
    assert vault.points("shop") == []


@pytest.mark.parametrize("make", [engine, encrypted], ids=["plain", "encrypted"])
@pytest.mark.parametrize(("source", "fault", "reason"), SOURCES, ids=[reason for *_, reason in SOURCES])
def test_a_source_that_fails_leaves_no_point_and_nothing_else(tmp_path, make, source, fault, reason):
    vault = make(tmp_path)
    again = replace(source, read=_from_its_start(source)) if isinstance(source, Stream) else source
    before, threads = files_in(tmp_path), set(threading.enumerate())
    with pytest.raises(BackupError) as caught:
        take(vault, again)
    assert caught.value.fault is fault, reason
    assert vault.points("shop") == []
    assert files_in(tmp_path) == before
    assert set(threading.enumerate()) <= threads


def _from_its_start(source: Stream) -> Callable[[int], bytes]:
    """The stream from its start: a table's source serves more than one test."""
    data = source.read.__self__
    data.seek(0)
    return data.read


def test_kill_9_at_every_step_leaves_a_whole_point_or_none_and_the_next_run_works(tmp_path):
    """F5: dies at its first act on the disk, at its second, and so on until it lives."""
    tree = make_tree(tmp_path / "source")
    vault = engine(tmp_path)
    seen = {"none": 0, "whole": 0}
    for step in range(1, 100):
        _, code = _in_child(lambda step=step: (_die_at(step), take(vault, tree, step)))
        points = vault.points("shop")
        seen["whole" if points else "none"] += 1
        assert vault.check(WHOLE).faults == ()
        if code == 0:
            break
        assert code == -signal.SIGKILL
        vault.forget([point.point_id for point in points])
        take(vault, stream(b"the next run"), step, plan="shop")
        [point] = vault.points("shop")
        stem = point.point_id
        assert files_in(tmp_path / "vault") == {f"{stem}{end}" for end in (".tar.zst", ".manifest.zst", ".json")} | {
            "watchbill-repository.json"
        }
        vault.forget([stem])
    assert code == 0
    assert seen["none"] >= 8
    restore(vault, points[0].point_id, tmp_path / "to")
    manifest = vault.manifest_of(points[0].point_id)
    assert list(compare(read_manifest(manifest), manifest_of_restored(tmp_path / "to"))) == []


def _in_child(act: Callable[[], object]) -> tuple[int, int]:
    """Do it in a process of its own; its number, and how it ended."""
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return child, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _die_at(step: int) -> None:
    """Patch this process so that it is killed when it is about to do its n-th act on the disk."""
    left = [step]

    def counted(real: Callable) -> Callable:
        def act(*arguments, **more):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)

        return act

    os.fsync, Path.replace, Path.unlink, Path.mkdir = map(counted, (os.fsync, Path.replace, Path.unlink, Path.mkdir))
    HashedFile.write, taking.write_manifest = counted(HashedFile.write), counted(taking.write_manifest)


@pytest.mark.parametrize("make", [engine, encrypted], ids=["plain", "encrypted"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_target_that_is_full_half_way_keeps_the_older_points_and_frees_what_was_begun(
    tmp_path, make, number, monkeypatch
):
    vault, tree = make(tmp_path), make_tree(tmp_path / "source")
    old = take(vault, tree)
    before = files_in(tmp_path)
    real = HashedFile.write

    def keep(self, data):
        if self.size + len(data) > 1_000_000:
            raise OSError(number, os.strerror(number))
        return real(self, data)

    monkeypatch.setattr(HashedFile, "write", keep)
    with pytest.raises(BackupError, match="Make room") as caught:
        take(vault, tree, 1)
    assert caught.value.fault is BackupFault.TARGET_FULL
    assert caught.value.permanent
    assert files_in(tmp_path) == before
    assert [point.point_id for point in vault.points("shop")] == [old.point_id]


def test_a_run_that_cannot_have_room_is_not_begun(tmp_path, vault, monkeypatch):
    take(vault, stream(os.urandom(5000)))
    monkeypatch.setattr(taking.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 4000}))
    read: list[int] = []
    with pytest.raises(BackupError, match="4000 bytes are free") as caught:
        take(vault, Stream("dump", lambda size: read.append(size) or b"", lambda: None), 1)
    assert (caught.value.fault, read) == (BackupFault.TARGET_FULL, [])


DAMAGES = [
    (lambda path: path.write_bytes(_flipped(path.read_bytes())), "other bytes", "one bit flipped"),
    (lambda path: os.truncate(path, path.stat().st_size - 100), "bytes, and was written with", "truncated"),
    (lambda path: path.unlink(), "missing", "deleted"),
    (lambda path: path.write_bytes(b"\0" * path.stat().st_size), "other bytes", "zeroed"),
]


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("make", [engine, encrypted], ids=["plain", "encrypted"])
@pytest.mark.parametrize(("damage", "word", "reason"), DAMAGES, ids=[reason for *_, reason in DAMAGES])
def test_damage_is_found_by_the_check_and_by_the_restore_and_names_the_point(tmp_path, make, damage, word, reason):
    """F21."""
    vault = make(tmp_path)
    good, bad = (take(vault, stream(os.urandom(200_000)), number) for number in (0, 1))
    [path] = (tmp_path / "vault").glob(f"{bad.point_id}.tar.zst*")
    damage(path)
    found = vault.check(WHOLE)
    assert found.points == (bad.point_id,)
    assert len(found.faults) == 1
    assert word in found.faults[0]
    assert path.name in found.faults[0]
    if word != "other bytes":
        assert vault.check(None).points == (bad.point_id,)
    with pytest.raises(BackupError) as caught:
        restore(vault, bad.point_id, tmp_path / "to")
    assert caught.value.fault is BackupFault.DAMAGED
    restore(vault, good.point_id, tmp_path / "good")


def test_damaged_facts_hide_no_other_point_and_the_check_names_them(tmp_path, vault):
    good, bad = (take(vault, stream(b"x"), number) for number in (0, 1))
    (tmp_path / "vault" / f"{bad.point_id}.json").write_text('{"format": 1, "plan": "../../etc"}')
    assert [point.point_id for point in vault.points("shop")] == [good.point_id]
    found = vault.check(None)
    assert (len(found.faults), found.points) == (1, (bad.point_id,))
    assert "restore another point" in found.faults[0]


def test_a_copy_of_damaged_bytes_is_refused_and_leaves_nothing(tmp_path, vault):
    taken = take(vault, stream(os.urandom(100_000)))
    path = archive_of(tmp_path, taken.point_id)
    path.write_bytes(_flipped(path.read_bytes()))
    second = engine(tmp_path, "second")
    before = files_in(tmp_path / "second")
    with pytest.raises(BackupError, match="not copied") as caught:
        vault.copy_to(second, [taken.point_id])
    assert caught.value.fault is BackupFault.DAMAGED
    assert files_in(tmp_path / "second") == before


def test_no_repository_is_made_unless_the_plan_says_so(tmp_path):
    with pytest.raises(BackupError, match="create: true") as caught:
        engine(tmp_path, create=False)
    assert caught.value.fault is BackupFault.NO_REPOSITORY
    assert not (tmp_path / "vault").exists()


def test_a_folder_with_other_things_in_it_becomes_no_repository(tmp_path):
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "letters").touch()
    with pytest.raises(BackupError, match="a folder of its own"):
        engine(tmp_path)


def test_a_disk_that_is_not_mounted_is_not_taken_for_a_new_repository(tmp_path, vault):
    (tmp_path / "vault").rename(tmp_path / "unplugged")
    (tmp_path / "vault").mkdir()
    for act in (vault.prepare, lambda: take(vault, stream(b"x")), lambda: vault.points("shop")):
        with pytest.raises(BackupError, match="mounted") as caught:
            act()
        assert caught.value.fault is BackupFault.NO_REPOSITORY
    assert list((tmp_path / "vault").iterdir()) == []


def test_another_disk_under_the_same_name_is_refused(tmp_path, vault):
    engine(tmp_path, "other")
    (tmp_path / "vault").rename(tmp_path / "unplugged")
    (tmp_path / "other").rename(tmp_path / "vault")
    with pytest.raises(BackupError, match="another repository lies there"):
        vault.prepare()


def test_a_living_owner_keeps_his_lock_and_other_plans_are_free(tmp_path, vault):
    with sole_writer(tmp_path / "vault" / "locks" / "shop"):
        for act in (lambda: take(vault, stream(b"x")), lambda: vault.forget(["shop/20261122T020000Z-R-0"])):
            with pytest.raises(BackupError, match=f"process {os.getpid()} on") as caught:
                act()
            assert caught.value.fault is BackupFault.LOCKED
            assert not caught.value.permanent
        assert vault.unlock(lambda _owner: True) == []
        take(vault, stream(b"x"), plan="other")
    take(vault, stream(b"x"))


def test_the_lock_of_a_killed_owner_is_taken_over_and_what_he_left_is_removed(tmp_path, vault):
    killed = Stream("dump", lambda _size: os.kill(os.getpid(), signal.SIGKILL), lambda: None)
    child, _ = _in_child(lambda: take(vault, killed))
    left = tmp_path / "vault" / "incoming" / "shop"
    assert list(left.iterdir())
    [owner] = vault.unlock(is_dead)
    assert (owner.lock_id, owner.pid) == ("shop", child)
    assert list(left.iterdir()) == []
    assert vault.unlock(is_dead) == []


@pytest.mark.parametrize(
    ("change", "is_free", "reason"),
    [
        ({"host": "elsewhere"}, False, "another machine cannot be asked"),
        ({"boot": "before-the-restart"}, True, "this machine has been started since"),
        ({"pid": 2**22 + 1}, True, "there is no such process"),
        ({"pid": 1}, True, "that number is another process's now"),
    ],
)
def test_an_owner_written_in_a_lock_counts_until_he_is_proven_dead(tmp_path, vault, change, is_free, reason):
    path = tmp_path / "vault" / "locks" / "shop"
    with sole_writer(path):
        record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"pid": os.getppid()} | change))
    if is_free:
        take(vault, stream(b"x"))
    else:
        with pytest.raises(BackupError, match="elsewhere"):
            take(vault, stream(b"x"))
        assert vault.unlock(lambda _owner: False) == []
        asked: list[LockOwner] = []
        assert vault.unlock(lambda owner: bool(asked.append(owner) or True)) == asked
        take(vault, stream(b"x"))


def test_a_reader_does_not_hinder_a_writer(tmp_path, vault):
    taken = take(vault, stream(b"x" * 100_000))
    with sole_writer(tmp_path / "vault" / "locks" / "shop"):
        restore(vault, taken.point_id, tmp_path / "to")
        assert vault.check(WHOLE).faults == ()
        assert len(vault.points("shop")) == 1


def test_two_processes_that_take_at_once_do_not_mix(tmp_path, vault):
    script = (
        "import sys, time; from pathlib import Path; from tests.tasks.backup.archive_lab import *;"
        "v = engine(Path(sys.argv[1]));"
        "Path(sys.argv[1], 'ready').touch();"
        "take(v, Stream('dump', lambda n, d=[b'x', b'']: (time.sleep(1), d.pop(0))[1], lambda: None))"
    )
    other = subprocess.Popen([sys.executable, "-c", script, os.fspath(tmp_path)], cwd=Path(__file__).parents[3])
    until = time.monotonic() + 30
    refused = 0
    while not refused and time.monotonic() < until and other.poll() is None:
        if (tmp_path / "vault" / "locks" / "shop").exists():
            try:
                take(vault, stream(b"y"), 1)
                vault.forget([point.point_id for point in vault.points("shop") if point.run == "R-1"])
            except BackupError as error:
                assert error.fault is BackupFault.LOCKED
                refused += 1
        time.sleep(0.01)
    assert other.wait(30) == 0
    assert refused == 1
    assert [point.run for point in vault.points("shop")] == ["R-0"]
    assert vault.check(WHOLE).faults == ()


def test_what_people_put_beside_the_points_stays(tmp_path, vault):
    take(vault, stream(b"x"))
    note = tmp_path / "vault" / "shop" / "README.txt"
    note.write_text("ours")
    take(vault, stream(b"x"), 1)
    vault.forget([point.point_id for point in vault.points("shop")])
    assert note.read_text() == "ours"
