"""A real restic: what is taken is what comes back, whatever the names, and while the files change."""

import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import clock
from models.errors import BackupError
from models.rules.manifests import EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.manifests import read_manifest
from tasks.tools.backup.restic import Repository, ResticEngine
from tasks.tools.backup.shapes import Advance, Label, Limits, Tree
from tests.drills.restic_lab import LIMITS, PASSWORD, Vault, program, silent, vault, versions
from tests.servers import need_root

__all__ = ["vault"]
pytestmark = pytest.mark.drill
NOBODY = 65534


def test_every_kind_of_path_comes_back_as_it_was(vault: Vault) -> None:
    tree = vault.tree
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "empty").touch()
    (tree / "deep" / "er" / "zeros").write_bytes(bytes(3_000_000))
    (tree / ("n" * 200)).write_text("a long name")
    (tree / "two\nlines * ? [x] \\ 'quoted' ü").write_text("a strange name")
    Path(os.fsdecode(os.fsencode(tree) + b"/caf\xe9")).write_bytes(b"\0\xff")
    (tree / "link").symlink_to("../../outside")
    (tree / "absolute").symlink_to("/etc/passwd")
    os.link(tree / "empty", tree / "hard")
    os.mkfifo(tree / "pipe")
    (tree / "program").write_text("#!/bin/sh\n")
    (tree / "program").chmod(0o4755)
    (tree / "closed").mkdir()
    (tree / "closed" / "file").write_text("behind a closed door")
    (tree / "closed").chmod(0o500)
    taken = vault.take()
    assert taken.warnings == ()
    kinds = {entry.kind for entry in read_manifest(taken.manifest)}
    assert kinds == set(EntryKind)
    vault.prove(taken)
    restored = vault.folder / "proof" / str(tree).lstrip("/")
    assert not stat.S_ISUID & (restored / "program").lstat().st_mode
    assert str((restored / "absolute").readlink()) == "/etc/passwd"
    again = vault.take(previous=taken.manifest)
    assert again.bytes_added < taken.bytes_added
    vault.prove(again, "again")


def test_the_manifest_is_that_of_the_point_while_files_change(vault: Vault) -> None:
    vault.fill(20)
    (vault.tree / "leaves").write_text("soon gone")
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            with (vault.tree / "log").open("a") as file:
                file.write(f"line {number}\n")
            (vault.tree / f"new-{number % 7}").write_bytes(os.urandom(1000))
            (vault.tree / "leaves").unlink(missing_ok=True)
            number += 1
            time.sleep(0.002)

    thread = threading.Thread(target=change)
    (vault.tree / "log").touch()
    thread.start()
    try:
        taken = vault.take()
        again = vault.take(previous=taken.manifest)
    finally:
        stop.set()
        thread.join()
    entries = {entry.path.rpartition("/")[2]: entry for entry in read_manifest(taken.manifest)}
    assert entries["log"].sha256
    vault.prove(taken)
    vault.prove(again, "again")


def test_a_restore_stays_within_its_limits(vault: Vault) -> None:
    vault.fill(8)
    taken = vault.take()
    for name, limits in (("size", Limits(1 << 20, 1000, 60)), ("files", Limits(1 << 30, 5, 60))):
        to = vault.folder / name
        to.mkdir()
        with pytest.raises(BackupError) as raised:
            vault.engine.restore(taken.point_id, to, limits, silent)
        assert raised.value.fault is BackupFault.TOO_LARGE, name
    assert vault.engine.lock_owners() == [], "an end of ours leaves no lock"
    (vault.folder / "full").mkdir()
    (vault.folder / "full" / "file").touch()
    with pytest.raises(BackupError) as raised:
        vault.engine.restore(taken.point_id, vault.folder / "full", LIMITS, silent)
    assert raised.value.fault is BackupFault.REFUSED_BY_US


@pytest.fixture(params=versions())
def unprivileged(request: pytest.FixtureRequest) -> Iterator[Vault]:
    """A restic that may not read everything that we may."""
    need_root()
    folder = Path(tempfile.mkdtemp(prefix="wb-"))
    folder.chmod(0o755)
    real = program(request.param)
    as_nobody = folder / "restic"
    as_nobody.write_text(f'#!/bin/sh\nexec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {real} "$@"\n')
    as_nobody.chmod(0o755)
    made = Vault(folder / "v", as_nobody)
    made.engine = ResticEngine(
        Repository("drill", str(made.repository), PASSWORD, folder / "state", create=True), as_nobody
    )
    for owned in (made.repository, folder / "state"):
        owned.mkdir()
        os.chown(owned, NOBODY, NOBODY)
    yield made
    shutil.rmtree(folder)


def test_a_file_that_restic_cannot_read_makes_no_point(unprivileged: Vault) -> None:
    vault = unprivileged
    vault.engine.prepare()
    vault.fill(1)
    good = vault.take("RUN1")
    (vault.tree / "secret").write_text("for root alone")
    (vault.tree / "secret").chmod(0o600)
    with pytest.raises(BackupError, match="secret") as raised:
        vault.take("RUN2")
    assert raised.value.fault is BackupFault.SOURCE_UNREADABLE
    assert [point.run for point in vault.engine.points("shop")] == ["RUN1"]
    (partial,) = (vault.folder.parent / "state" / "partial-points").read_text().split()
    assert partial != good.point_id
    (vault.tree / "secret").chmod(0o644)
    assert vault.take("RUN3").files == 9
    assert [point.run for point in vault.engine.points("shop")] == ["RUN1", "RUN3"]


def test_points_are_copied_once_and_removed_by_their_ids(vault: Vault) -> None:
    vault.fill(4)
    first = vault.take()
    vault.fill(4)
    second = vault.take()
    other = vault.opened(vault.folder / "off-site", name="off-site", password="another one")
    other.prepare()
    (copied,) = vault.engine.copy_to(other, [first.point_id])
    assert copied.original == first.point_id
    both = vault.engine.copy_to(other, [first.point_id, second.point_id])
    assert [point.point_id for point in other.points("shop")] == [point.point_id for point in both]
    assert both[0] == copied, "what was there is left"
    freed = vault.engine.forget([first.point_id])
    assert freed.points == (first.point_id,)
    assert freed.size > 3_000_000
    assert vault.engine.forget([first.point_id]).points == (), "it is gone already"
    assert [point.point_id for point in vault.engine.points("shop")] == [second.point_id]
    to = vault.folder / "from-off-site"
    to.mkdir()
    assert other.restore(copied.point_id, to, LIMITS, silent).size == 4 << 20


def test_progress_is_told_and_whoever_watches_can_end_it(vault: Vault) -> None:
    vault.fill(60)
    heard: list[Advance] = []

    def watch(advance: Advance) -> None:
        heard.append(advance)
        if advance.bytes > 1 << 20:
            raise InterruptedError

    label = Label("shop", "RUN1", "web1", clock.now())
    with pytest.raises(InterruptedError):
        vault.engine.take(Tree((vault.tree,)), label, None, watch)
    assert heard
    assert vault.engine.points("shop") == []
    assert vault.engine.lock_owners() == [], "an end that was asked for leaves no lock"
