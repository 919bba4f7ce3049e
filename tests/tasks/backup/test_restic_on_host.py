"""What a host's restic and its find may answer, played by scripts: understood as on this machine, the host named."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models import clock
from models.errors import BackupError
from models.rules.manifests import EntryKind
from models.vocabulary import BackupFault
from tasks.tools.backup.host_files import HostTree, hashes_of, listed
from tasks.tools.backup.restic import Program, Repository
from tasks.tools.backup.restic.calls import Restic
from tasks.tools.backup.restic.on_host import HostRestic
from tasks.tools.backup.shapes import LockOwner
from tasks.tools.ssh import HostPool, Target
from tests.tasks.backup.opened import origin, programs, refused

OUR_PASSWORD = "the word that nobody may see"


@pytest.fixture
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


@pytest.fixture
def tree(pool: HostPool, tmp_path: Path) -> HostTree:
    """Some files of a host that is this machine."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("content")
    here = Target("web1", connection="local", run_directory=str(tmp_path / "watchbill"))
    return HostTree(origin(pool, here), (f"{tmp_path}/data",))


def there(tree: HostTree, tmp_path: Path, **changes: Any) -> HostRestic:
    """The restic of the host, and ours, which is not asked."""
    given: dict[str, Any] = {"where": "/srv/backups", "password": OUR_PASSWORD, **changes}
    repository = Repository(name="main", folder=tmp_path / "state", **given)
    return HostRestic(Restic(Program(tmp_path / "none", (0, 14, 0)), repository), tree)


def answering(version: str, rest: str) -> str:
    """A restic of a version, and what it does when it is asked for more."""
    return f"case $1 in version) echo 'restic {version} compiled with go';; *) {rest};; esac"


@pytest.mark.parametrize(
    ("script", "fault", "words", "reason"),
    [
        (answering("0.12.1", ""), BackupFault.OLD_ENGINE, "install 0.14.0 or newer on web1", "older than Debian 12's"),
        ("echo 'restless 3'", BackupFault.NO_ENGINE, "'restless 3' to `version`", "another program of this name"),
        ("echo broken >&2; exit 2", BackupFault.NO_ENGINE, "broken; install restic anew there", "it does not start"),
        ("exit 127", BackupFault.NO_ENGINE, "restic is not on web1", "what a shell says for none"),
    ],
)
def test_a_host_whose_restic_cannot_be_used_is_named(
    tree: HostTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    script: str, fault: BackupFault, words: str, reason: str,
) -> None:  # fmt: skip
    programs(tmp_path / "bin", monkeypatch, {"restic": script})
    with refused(fault, words, "restic on web1"):
        there(tree, tmp_path).make_sure_of_program()


@pytest.mark.parametrize(
    ("version", "script", "fault", "words", "reason"),
    [
        ("0.18.0", "exit 10", BackupFault.NO_REPOSITORY, "exit code 10", "by its code"),
        ("0.18.0", "exit 12", BackupFault.WRONG_PASSWORD, "exit code 12", "by its code"),
        ("0.14.0", "exit 12", BackupFault.ENGINE_FAILED, "the disk of web1", "an old one has no such code"),
        (
            "0.14.0", "echo 'Fatal: wrong password or no key found' >&2; exit 1", BackupFault.WRONG_PASSWORD,
            "no key found", "by its words",
        ),
        (
            "0.14.0", "echo 'dial tcp: connection refused' >&2; exit 1", BackupFault.UNREACHABLE,
            "see that web1 reaches it", "the host is named, not this machine",
        ),
        (
            "0.18.0",
            """echo '{"message_type":"error","error":{"message":"open /x: denied"},"item":"/x"}' >&2; exit 3""",
            BackupFault.SOURCE_UNREADABLE, "on web1: restic could not read /x: open /x: denied", "a file unread",
        ),
        ("0.18.0", "echo 'it was " + OUR_PASSWORD + "' >&2; exit 1", BackupFault.ENGINE_FAILED, "it was", "redacted"),
    ],
)  # fmt: skip
def test_what_it_says_is_understood_by_the_version_of_the_host(
    tree: HostTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    version: str, script: str, fault: BackupFault, words: str, reason: str,
) -> None:  # fmt: skip
    programs(tmp_path / "bin", monkeypatch, {"restic": answering(version, script)})
    host = there(tree, tmp_path)
    host.make_sure_of_program()
    with pytest.raises(BackupError, match="restic on web1") as raised:
        host.make_sure_of_repository()
    assert raised.value.fault is fault, reason
    assert words in str(raised.value)
    assert OUR_PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    ("where", "is_shown", "reason"),
    [
        ("rest:https://backup.example/shop", True, "no secret in it"),
        ("rest:https://ann:pass-word-1@backup.example/shop", False, "a password in the address"),
    ],
)
def test_a_secret_is_in_the_environment_and_never_an_argument(
    tree: HostTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, is_shown: bool, reason: str
) -> None:
    # The ancestors of restic up to the wrapper have what it is started with as their arguments.
    lines = "cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' ' ' >>LOG; env >ENV; echo '{}'; exit 0"
    script = lines.replace("LOG", f"{tmp_path}/log").replace("ENV", f"{tmp_path}/env")
    programs(tmp_path / "bin", monkeypatch, {"restic": answering("0.18.0", script)})
    host = there(tree, tmp_path, where=where, variables={"AWS_SECRET_ACCESS_KEY": "another one"})
    with refused(BackupFault.ENGINE_FAILED, "did not answer as documented"):
        host.make_sure_of_repository()
    environment = (tmp_path / "env").read_text()
    for line in (
        f"RESTIC_PASSWORD={OUR_PASSWORD}",
        f"RESTIC_REPOSITORY={where}",
        "AWS_SECRET_ACCESS_KEY=another one",
        "TZ=UTC",
    ):
        assert line in environment
    arguments = (tmp_path / "log").read_text()
    assert "cat --no-lock config" in arguments
    for secret in (OUR_PASSWORD, "another one", "pass-word-1"):
        assert secret not in arguments
    assert (where in arguments) is is_shown, reason


def test_a_list_has_the_folders_above_and_not_what_is_left_out(tree: HostTree, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "out" / "deep").mkdir(parents=True)
    (data / "out" / "deep" / "back").touch()
    odd = os.fsdecode(b"no \xff text\n")
    (data / odd).write_text("x")
    (data / "link").symlink_to("a target\nof two lines")
    found = listed(HostTree(tree.origin, (f"{data}/", f"{data}/file"), ("out", "!back")), "list")
    names = [entry.path for entry in found.entries]
    base = str(tmp_path).lstrip("/")
    wanted = ["data", "data/file", "data/link", f"data/{odd}"]
    above = [os.fspath(folder).lstrip("/") for folder in (tmp_path / "x").parents if os.fspath(folder) != "/"]
    assert names == sorted(above + [f"{base}/{name}" for name in wanted])
    by_name = {Path(entry.path).name: entry for entry in found.entries}
    status = (data / "file").stat()
    entry = by_name["file"]
    assert (entry.size, entry.modified_ns, entry.inode) == (7, status.st_mtime_ns, status.st_ino)
    assert (entry.changed_ns, entry.uid, entry.mode) == (status.st_ctime_ns, status.st_uid, status.st_mode & 0o7777)
    assert (by_name["link"].kind, by_name["link"].target) == (EntryKind.LINK, "a target\nof two lines")
    assert found.at_ns > status.st_mtime_ns


def test_a_file_that_vanished_has_no_hash_and_the_others_have_theirs(tree: HostTree, tmp_path: Path) -> None:
    (tmp_path / "data" / "gone").write_text("soon")
    entries = listed(tree, "list").entries
    (tmp_path / "data" / "gone").unlink()
    seen: list[int] = []
    hashes = {Path(entry.path).name: entry.sha256 for entry in hashes_of(tree, entries, seen.append)}
    assert hashes["gone"] == ""
    assert hashes["file"] == "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    assert seen[-1] == 1


@pytest.mark.parametrize(
    ("name", "script", "fault", "words", "reason"),
    [
        ("find", "exit 127", BackupFault.NO_ENGINE, "install findutils", "not installed"),
        ("find", "echo 'unrecognized: -printf' >&2; exit 1", BackupFault.SOURCE_FAILED, "needs GNU find", "busybox"),
        ("find", "exit 2", BackupFault.SOURCE_FAILED, "exit code 2", "it failed otherwise"),
        ("date", "echo today", BackupFault.SOURCE_FAILED, "the date of coreutils", "no GNU date"),
        (
            "sha256sum",
            "echo nonsense; printf '\\0'",
            BackupFault.SOURCE_FAILED,
            "the sha256sum of coreutils",
            "another one",
        ),
        ("sha256sum", "exit 1", BackupFault.SOURCE_FAILED, "the sha256sum of coreutils", "it knows no -z"),
    ],
)
def test_tools_that_are_not_as_needed_are_a_failure_never_an_empty_list(
    tree: HostTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    name: str, script: str, fault: BackupFault, words: str, reason: str,
) -> None:  # fmt: skip
    programs(tmp_path / "bin", monkeypatch, {name: script})
    with refused(fault, words):
        hashes_of(tree, listed(tree, "list").entries, lambda _files: None)


def test_locks_of_the_living_and_of_other_machines_are_left(
    tree: HostTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f'echo "$@" >>{tmp_path}/calls'
    programs(tmp_path / "bin", monkeypatch, {"restic": answering("0.18.0", script)})
    host = there(tree, tmp_path)
    ours = os.uname().nodename
    gone = 4_194_400  # above the largest number that Linux gives
    for held, is_freed in (
        ([], False),
        ([(ours, os.getpid())], False),
        ([("another", gone)], False),
        ([(ours, gone), (ours, os.getpid())], False),
        ([(ours, gone)], True),
        ([(ours, gone), ("another", os.getpid())], True),
    ):
        (tmp_path / "calls").unlink(missing_ok=True)
        owners = [LockOwner(f"{number}", *who, clock.now(), False) for number, who in enumerate(held)]
        monkeypatch.setattr("tasks.tools.backup.restic.on_host.owners", lambda _restic, owners=owners: owners)
        host.free_locks(f"locks-{len(str(held))}-{is_freed}")
        assert (tmp_path / "calls").exists() is is_freed, held
