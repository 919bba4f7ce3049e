"""restic on the source's own host, over a real sshd: a point like any other, or none."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from deployments.lab import Lab, openssh
from models import clock
from models.errors import BackupError, HostError
from models.rules.manifests import EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.host_files import HostTree
from tasks.tools.backup.manifests import read_manifest
from tasks.tools.backup.restic import ResticEngine, on_host
from tasks.tools.backup.shapes import Advance, Label, Progress, Taken
from tasks.tools.ssh import HostPool, Target
from tests.drills.restic_lab import PASSWORD, Vault, silent, vault
from tests.drills.ssh_lab import as_target, until
from tests.servers import need
from tests.tasks.backup.opened import origin, refused

__all__ = ["vault"]
pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two hosts with sftp; host2 has all programs of this machine but restic, host1 a key that opens host1."""
    need("sshd")
    need("restic")
    folder = tmp_path_factory.mktemp("lab")
    server = need("sftp-server")
    paths = {"host1": f"{_own_key(folder)}:{os.environ['PATH']}", "host2": f"{_without_restic(folder)}"}
    plain = openssh.Sshd._config

    def config(sshd: openssh.Sshd) -> str:
        text = f"Subsystem sftp {server}\n{plain(sshd)}"
        return text.replace("SetEnv ", f'SetEnv "PATH={paths[sshd.folder.name]}" ')

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openssh.Sshd, "_config", config)
        with Lab(folder, hosts=2, kind="OpenSSH sshd") as lab:
            yield lab


def _own_key(folder: Path) -> Path:
    """An ssh that has a key, as an account has one in its own ~/.ssh, which ssh does not look for in $HOME."""
    (folder / "own").mkdir()
    program = folder / "own" / "ssh"
    program.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -i "{folder}/user_key" "$@"\n')
    program.chmod(0o755)
    return program.parent


def _without_restic(folder: Path) -> Path:
    folder = folder / "bin"
    folder.mkdir()
    for place in ("/usr/bin", "/bin", "/usr/sbin"):
        for program in Path(place).iterdir():
            link = folder / program.name
            if program.name != "restic" and not link.is_symlink():
                link.symlink_to(program)
    return folder


@pytest.fixture
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


@pytest.fixture
def host(lab: Lab) -> Target:
    return as_target(lab.hosts[0])


@pytest.fixture(autouse=True)
def only_the_installed_one(vault: Vault) -> None:
    if vault.program != need("restic"):
        pytest.skip("the host has the installed restic")


def take(
    engine: ResticEngine, pool: HostPool, host: Target, *paths: Path,
    excludes: tuple[str, ...] = (), progress: Progress = silent,
) -> Taken:  # fmt: skip
    """A restore point of the paths, taken on the host."""
    tree = HostTree(origin(pool, host), tuple(map(str, paths)), excludes)
    return engine.take_on_host(tree, Label("shop", "RUN1", host.name, clock.now()), progress)


def fill(vault: Vault) -> None:
    """Names and kinds of every sort."""
    vault.fill(3)
    (vault.tree / "deep" / "er").mkdir(parents=True)
    (vault.tree / "deep" / "er" / "two\nlines ü 'quoted' \\").write_text("odd")
    os.link(vault.tree / "file-0", vault.tree / "deep" / "same")
    (vault.tree / "deep" / "link").symlink_to("../file-1")
    (vault.tree / "empty").touch(0o640)
    (vault.tree / "cache").mkdir()
    (vault.tree / "cache" / "kept.txt").write_text("left out with its folder")
    (vault.tree / "x.tmp").write_text("left out")
    os.mkfifo(vault.tree / "pipe")


def test_a_point_of_a_shared_folder_is_like_any_other_and_a_drill_proves_it(
    vault: Vault, pool: HostPool, host: Target
) -> None:
    fill(vault)
    told: list[Advance] = []
    taken = take(vault.engine, pool, host, vault.tree, excludes=("*.tmp", "cache", "!kept.txt"), progress=told.append)
    vault.prove(taken)
    entries = {entry.path.removeprefix(f"{vault.tree}/".lstrip("/")): entry for entry in read_manifest(taken.manifest)}
    assert "x.tmp" not in entries
    assert "cache/kept.txt" not in entries
    assert entries["deep/er/two\nlines ü 'quoted' \\"].sha256
    assert entries["deep/link"].target == "../file-1"
    assert entries["pipe"].kind is EntryKind.OTHER
    assert all(entry.sha256 for entry in entries.values() if entry.kind is EntryKind.FILE)
    (point,) = vault.engine.points("shop")
    assert (point.point_id, point.run, point.host) == (taken.point_id, "RUN1", host.name)
    assert taken.bytes_read > 3 << 20
    assert told
    assert vault.engine.lock_owners() == []


def test_a_repository_over_sftp_is_reached_with_the_sites_pinned_keys(
    vault: Vault, pool: HostPool, host: Target
) -> None:
    vault.engine = vault.opened(f"sftp:far:{vault.folder}/far", name="far", host=replace(host, name="far"))
    vault.engine.prepare()
    fill(vault)
    vault.prove(take(vault.engine, pool, host, vault.tree))
    wrong = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEyW6p0h7ZcJXqfJk3cKp0bF0n0hN0m0Zb4m8mJ0aaaa",)
    other = vault.opened(f"sftp:far:{vault.folder}/far", name="other", host=replace(host, name="far", host_keys=wrong))
    with refused(BackupFault.UNREACHABLE, f"see that {host.name} reaches it"):
        take(other, pool, host, vault.tree)


def test_a_host_without_restic_is_named(vault: Vault, pool: HostPool, lab: Lab) -> None:
    vault.fill(1)
    with refused(BackupFault.NO_ENGINE, "restic is not on host2", "install it there"):
        take(vault.engine, pool, as_target(lab.hosts[1]), vault.tree)


def test_a_wrong_password_is_said_by_the_host_and_leaves_nothing(vault: Vault, pool: HostPool, host: Target) -> None:
    vault.fill(1)
    other = vault.opened(name="other", password="not it")
    with refused(BackupFault.WRONG_PASSWORD, f"restic on {host.name}"):
        take(other, pool, host, vault.tree)
    assert vault.engine.points("shop") == []


def test_a_source_that_is_not_there_or_holds_nothing_is_a_failure(vault: Vault, pool: HostPool, host: Target) -> None:
    with refused(BackupFault.SOURCE_EMPTY, "nothing but folders"):
        take(vault.engine, pool, host, vault.tree)
    vault.fill(1)
    with refused(BackupFault.SOURCE_MISSING, f"{vault.folder}/gone not found"):
        take(vault.engine, pool, host, vault.tree, vault.folder / "gone")
    assert vault.engine.points("shop") == []


def test_a_folder_that_is_another_repository_there_is_refused(vault: Vault, pool: HostPool, host: Target) -> None:
    """As when the share is mounted on one of the two machines only."""
    vault.fill(1)
    (vault.folder / "elsewhere").mkdir()
    elsewhere = vault.opened(vault.folder / "elsewhere" / "r", name="elsewhere")
    elsewhere.prepare()
    engine = vault.opened()
    seen = engine._restic.json
    with pytest.MonkeyPatch.context() as patch:
        ours = elsewhere._restic.json("cat", "--no-lock", "config")
        patch.setattr(type(engine._restic), "json", lambda *words: ours if "config" in words else seen(*words[1:]))
        with refused(BackupFault.REFUSED_BY_US, "is another repository on", "mount the same share"):
            take(engine, pool, host, vault.tree)
    assert engine.points("shop") == []


class GivenUp(Exception):
    """A person asked for the end."""


def test_one_that_is_killed_half_way_leaves_no_point_no_lock_and_nobody(
    vault: Vault, pool: HostPool, host: Target
) -> None:
    vault.fill(200)

    seen: list[bytes] = []

    def give_up(_advance: Advance) -> None:
        assert _restics(vault, "backup")
        seen.extend(filter(None, map(_command_line, Path("/proc").glob("[0-9]*"))))
        raise GivenUp

    with pytest.raises(GivenUp):
        take(vault.engine, pool, host, vault.tree, progress=give_up)
    assert not [line for line in seen if PASSWORD.encode() in line], "a secret is never an argument"
    assert vault.engine.points("shop") == []
    assert _restics(vault) == []
    assert vault.engine.lock_owners() == []
    vault.prove(take(vault.engine, pool, host, vault.tree))


def test_one_that_is_given_up_after_restic_has_ended_takes_its_point_back(
    vault: Vault, pool: HostPool, host: Target
) -> None:
    vault.fill(1)
    found: list[object] = []

    def give_up(_advance: Advance) -> None:
        found.extend(vault.engine.points("shop"))
        if found:
            raise GivenUp

    with pytest.raises(GivenUp):
        take(vault.engine, pool, host, vault.tree, progress=give_up)
    assert found
    assert vault.engine.points("shop") == []


def test_the_manifest_is_that_of_the_point_when_files_change_before_they_are_hashed(
    vault: Vault, pool: HostPool, host: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.fill(1)
    hashing = on_host.hashes_of

    def late(*given: Any) -> Any:
        (vault.tree / "file-0").write_bytes(b"changed" * 1000)
        (vault.tree / "file-1").unlink()
        (vault.tree / "new").touch()
        return hashing(*given)

    monkeypatch.setattr(on_host, "hashes_of", late)
    taken = take(vault.engine, pool, host, vault.tree)
    vault.prove(taken)
    hashes = {Path(entry.path).name: entry.sha256 for entry in read_manifest(taken.manifest)}
    assert hashes["file-0"]
    assert hashes["file-1"]
    assert "new" not in hashes


def test_restic_killed_on_its_host_is_an_error_and_leaves_no_lock(vault: Vault, pool: HostPool, host: Target) -> None:
    vault.fill(400)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            take(vault.engine, pool, host, vault.tree)
        except (BackupError, HostError) as error:
            raised.append(error)

    thread = Thread(target=work)
    thread.start()
    until(lambda: any(vault.repository.joinpath("data").rglob("*/*")) and _restics(vault, "backup"), 30)
    for number in _restics(vault, "backup"):
        os.kill(number, signal.SIGKILL)
    thread.join(60)
    assert isinstance(raised[0], BackupError), raised
    assert vault.engine.points("shop") == []
    assert vault.engine.lock_owners() == []


def test_a_host_that_is_lost_half_way_leaves_no_point_and_the_next_run_frees_its_lock(
    vault: Vault, pool: HostPool, host: Target, lab: Lab
) -> None:
    """As when the worker dies: the host ends what has lost its line."""
    vault.fill(200)
    cut: list[int] = []

    def lose(_advance: Advance) -> None:
        if not cut:
            cut.extend(_restics(vault, "backup"))
            lab.stop_host(host.name)

    try:
        with refused(BackupFault.SOURCE_FAILED, "no restore point is kept"):
            take(vault.engine, pool, host, vault.tree, progress=lose)
    finally:
        lab.start_host(host.name)
    assert cut
    until(lambda: not _restics(vault), 20)
    assert vault.engine.points("shop") == []
    vault.prove(take(vault.engine, pool, host, vault.tree))
    assert vault.engine.lock_owners() == []


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except (OSError, ProcessLookupError):
        return b""


def _restics(vault: Vault, word: str = "restic") -> list[int]:
    """The restics that work on this repository."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            is_ours = f"RESTIC_REPOSITORY={vault.repository}".encode() in (path / "environ").read_bytes().split(b"\0")
        except (OSError, ProcessLookupError):
            continue
        if is_ours and words[0].endswith(b"restic") and (word == "restic" or word.encode() in words):
            found.append(int(path.name))
    return found
