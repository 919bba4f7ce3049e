"""How restic is called: what it is told, what it never is, and what its answers become."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.errors import BackupError
from models.rules.manifests import EntryKind
from models.rules.read_slices import Slice
from models.vocabulary import BackupFault
from tasks.tools.backup.manifests import read_manifest
from tasks.tools.backup.owners import is_dead
from tasks.tools.backup.restic import Repository, ResticEngine
from tasks.tools.backup.shapes import Advance, Label, LockOwner, Stream, Tree
from tasks.tools.ssh.shapes import Target
from tests.tasks.backup.fake_restic import FakeRestic
from tests.tasks.backup.restic_answers import LOCKED, PACK, SUMMARY_OLD, exit_error, listed, snapshot

ID, OTHER = "2f" * 32, "4e" * 32
AT = datetime(2026, 11, 22, 3, 4, 5, 678, tzinfo=UTC)
LABEL = Label("shop", "RUN000012", "web1", AT)
SECRET = "correct horse"


def silent(_advance: Advance) -> None:
    """Nobody watches."""


@pytest.fixture
def fake(tmp_path: Path) -> FakeRestic:
    return FakeRestic(tmp_path / "bin")


@pytest.fixture
def engine(fake: FakeRestic, tmp_path: Path) -> ResticEngine:
    return ResticEngine(Repository("main", str(tmp_path / "repository"), SECRET, tmp_path / "state"), fake.program)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a").write_bytes(b"one")
    past = time.time_ns() - 10**12
    os.utime(folder / "a", ns=(past, past))
    time.sleep(0.15)  # so that the file counts as older than the backup
    return folder


def whole(fake: FakeRestic, output: str = SUMMARY_OLD) -> None:
    """A backup that ends well, and is listed."""
    fake.answer("backup", output)
    fake.answer("snapshots", listed(snapshot(ID, "2026-11-22T03:04:05Z", "plan=shop", "run=RUN000012", *TAKE)))


TAKE = ("kind=tree", "take=0123456789abcdef")


@pytest.fixture(autouse=True)
def one_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt has the number that the fake lists."""

    class Numbers:
        hex = "0123456789abcdef" * 2

    monkeypatch.setattr("tasks.tools.backup.restic.taking.uuid.uuid4", Numbers)


def test_a_point_says_whose_it_is_and_no_secret_is_an_argument(
    engine: ResticEngine, fake: FakeRestic, tree: Path
) -> None:
    whole(fake)
    heard: list[Advance] = []
    taken = engine.take(Tree((tree,), ("*.tmp", "--flag")), LABEL, None, heard.append)
    (call,) = fake.calls("backup")
    argv = call["argv"]
    assert argv[argv.index("--host") + 1] == "web1"
    assert argv[argv.index("--time") + 1] == "2026-11-22 03:04:05"
    assert {"plan=shop", "run=RUN000012", "kind=tree"} < set(argv)
    assert argv[-2:] == ["--", str(tree)]
    assert argv[argv.index("*.tmp") - 1] == argv[argv.index("--flag") - 1] == "--exclude"
    assert call["environment"]["TZ"] == "UTC", "restic reads --time in its own zone"
    assert call["environment"]["RESTIC_PASSWORD"] == SECRET
    assert all(SECRET not in word for each in fake.calls() for word in each["argv"])
    assert (taken.point_id, taken.bytes_read, taken.bytes_added, taken.files) == (ID, 900, 901, 1)
    assert [entry.path for entry in read_manifest(taken.manifest) if entry.kind is EntryKind.FILE] == [f"{tree}/a"[1:]]
    assert engine.manifest_of(ID) == taken.manifest
    assert heard == [Advance(400, 1, 900, 3)]


def test_nothing_of_our_environment_reaches_restic(
    engine: ResticEngine, fake: FakeRestic, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of somebody else")
    monkeypatch.setenv("RESTIC_REPOSITORY_FILE", "/elsewhere")
    whole(fake)
    engine.take(Tree((tree,)), LABEL, None, silent)
    environment = fake.calls("backup")[0]["environment"]
    assert not {"AWS_SECRET_ACCESS_KEY", "RESTIC_REPOSITORY_FILE", "SSH_AUTH_SOCK"} & environment.keys()


def test_a_missing_source_is_a_failure_before_anything_is_started(
    engine: ResticEngine, fake: FakeRestic, tree: Path
) -> None:
    with pytest.raises(BackupError) as raised:
        engine.take(Tree((tree, tree / "gone")), LABEL, None, silent)
    assert raised.value.fault is BackupFault.SOURCE_MISSING
    assert "gone" in str(raised.value)
    assert fake.calls() == []


def test_a_source_of_folders_alone_is_empty(engine: ResticEngine, fake: FakeRestic, tree: Path) -> None:
    with pytest.raises(BackupError) as raised:
        engine.take(Tree((tree,), ("a",)), LABEL, None, silent)
    assert raised.value.fault is BackupFault.SOURCE_EMPTY
    assert fake.calls() == []


@pytest.mark.parametrize(
    ("version", "error"),
    [
        (
            "0.14.0",
            "error: open /srv/data/key: permission denied\nWarning: at least one source file could not be read\n",
        ),
        (
            "0.18.0",
            '{"message_type":"error","error":{"message":"open /srv/data/key: permission denied"},"during":"archival",'
            '"item":"/srv/data/key"}\n' + exit_error(3, "Warning: at least one source file could not be read"),
        ),
    ],
)
def test_a_partial_point_is_a_failure_and_is_removed(tmp_path: Path, tree: Path, version: str, error: str) -> None:
    fake = FakeRestic(tmp_path / "newer", version)
    fake.answer("backup", SUMMARY_OLD, error, 3)
    fake.answer("snapshots", listed(snapshot(ID, "2026-11-22T03:04:05Z", "plan=shop", "run=RUN000012", *TAKE)))
    fake.answer("forget")
    engine = ResticEngine(Repository("main", "/srv/r", SECRET, tmp_path / "state"), fake.program)
    with pytest.raises(BackupError, match="/srv/data/key") as raised:
        engine.take(Tree((tree,)), LABEL, None, silent)
    assert raised.value.fault is BackupFault.SOURCE_UNREADABLE
    assert fake.calls("forget")[0]["argv"][-1] == ID
    assert engine.manifest_of(ID) is None
    assert engine.points("shop") == [], "even while the repository still lists it"


def test_a_partial_point_that_cannot_be_removed_is_not_listed(
    engine: ResticEngine, fake: FakeRestic, tree: Path
) -> None:
    fake.answer("backup", SUMMARY_OLD, "error: open /srv/data/key: permission denied\n", 3)
    fake.answer("snapshots", listed(snapshot(ID, "2026-11-22T03:04:05Z", "plan=shop", *TAKE)))
    fake.answer("forget", "", LOCKED, 1)
    with pytest.raises(BackupError) as raised:
        engine.take(Tree((tree,)), LABEL, None, silent)
    assert raised.value.fault is BackupFault.SOURCE_UNREADABLE
    assert "not listed" in raised.value.__notes__[0]
    assert engine.points("shop") == []


def test_a_point_that_the_repository_does_not_list_does_not_count(
    engine: ResticEngine, fake: FakeRestic, tree: Path
) -> None:
    fake.answer("backup", SUMMARY_OLD)
    fake.answer("snapshots", "null\n")
    with pytest.raises(BackupError) as raised:
        engine.take(Tree((tree,)), LABEL, None, silent)
    assert raised.value.fault is BackupFault.ENGINE_FAILED


def test_a_full_target_is_named_though_hashing_went_well(engine: ResticEngine, fake: FakeRestic, tree: Path) -> None:
    fake.answer("backup", "", "Fatal: unable to save snapshot: write /srv/r/tmp: no space left on device\n", 1)
    fake.answer("snapshots", "[]\n")
    with pytest.raises(BackupError) as raised:
        engine.take(Tree((tree,)), LABEL, None, silent)
    assert raised.value.fault is BackupFault.TARGET_FULL


def test_a_restic_that_waits_for_ever_on_a_full_target_is_ended(
    engine: ResticEngine, fake: FakeRestic, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.tools.backup.restic.process.FULL_SECONDS", 0.2)
    fake.answer("backup", "", "write /srv/r/tmp: no space left on device\n", seconds=60)
    fake.answer("snapshots", "[]\n")
    started = time.monotonic()
    with pytest.raises(BackupError) as raised:
        engine.take(Tree((tree,)), LABEL, None, silent)
    assert raised.value.fault is BackupFault.TARGET_FULL
    assert time.monotonic() - started < 30


def test_a_watcher_that_gives_up_ends_restic(engine: ResticEngine, fake: FakeRestic, tree: Path) -> None:
    fake.answer("backup", SUMMARY_OLD, seconds=60)
    fake.answer("snapshots", "[]\n")

    def give_up(_advance: Advance) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        engine.take(Tree((tree,)), LABEL, None, give_up)
    assert time.monotonic() - started < 10


def test_a_stream_is_fed_to_its_end_and_hashed_on_the_way(engine: ResticEngine, fake: FakeRestic) -> None:
    fake.answer("backup", SUMMARY_OLD, reads=True)
    fake.answer("snapshots", listed(snapshot(ID, "2026-11-22T03:04:05Z", "plan=shop", *TAKE)))
    taken = engine.take(_stream(b"x" * 3_000_000), LABEL, None, silent)
    (call,) = fake.calls("backup")
    assert call["got"] == 3_000_000
    assert call["argv"][-3:] == ["--stdin", "--stdin-filename", "shop.sql"]
    assert "kind=file" in call["argv"]
    (entry,) = read_manifest(taken.manifest)
    assert (entry.path, entry.size) == ("shop.sql", 3_000_000)


@pytest.mark.parametrize("is_tar", [False, True])
def test_a_source_that_fails_never_lets_restic_see_an_end(engine: ResticEngine, fake: FakeRestic, is_tar: bool) -> None:
    fake.answer("backup", SUMMARY_OLD, reads=True)
    fake.answer("snapshots", "[]\n")

    def fail() -> None:
        raise BackupError("shop", BackupFault.SOURCE_FAILED, "pg_dump ended with 1")

    with pytest.raises(BackupError, match="pg_dump ended with 1"):
        engine.take(_stream(_tar("a") if is_tar else b"half", fail, is_tar=is_tar), LABEL, None, silent)
    assert fake.calls("backup") == [], "it was ended while it read: nothing was written down"


@pytest.mark.parametrize(
    ("content", "is_tar", "reason"),
    [(b"", False, "no byte"), (b"\0" * 10240, True, "a tar of nothing")],
)
def test_a_stream_of_nothing_is_a_failure(
    engine: ResticEngine, fake: FakeRestic, content: bytes, is_tar: bool, reason: str
) -> None:
    fake.answer("backup", SUMMARY_OLD, reads=True)
    fake.answer("snapshots", "[]\n")
    with pytest.raises(BackupError) as raised:
        engine.take(_stream(content, is_tar=is_tar), LABEL, None, silent)
    assert raised.value.fault is BackupFault.SOURCE_EMPTY, reason
    assert fake.calls("backup") == []


def test_a_tar_that_is_cut_short_is_no_point(engine: ResticEngine, fake: FakeRestic) -> None:
    fake.answer("backup", SUMMARY_OLD, reads=True)
    fake.answer("snapshots", "[]\n")
    with pytest.raises(BackupError) as raised:
        engine.take(_stream(_tar("a" * 50)[:700], is_tar=True), LABEL, None, silent)
    assert raised.value.fault is BackupFault.SOURCE_FAILED
    assert fake.calls("backup") == []


def test_restics_own_end_is_told_while_the_source_still_has_bytes(engine: ResticEngine, fake: FakeRestic) -> None:
    fake.answer("backup", "", "Fatal: write /srv/r: no space left on device\n", 1)
    fake.answer("snapshots", "[]\n")
    with pytest.raises(BackupError) as raised:
        engine.take(Stream("big", bytes, lambda: None), LABEL, None, silent)
    assert raised.value.fault is BackupFault.TARGET_FULL


def test_points_are_the_plans_own_oldest_first(engine: ResticEngine, fake: FakeRestic) -> None:
    fake.answer(
        "snapshots",
        listed(
            snapshot(ID, "2026-11-22T05:04:05.123456789+01:00", "plan=shop", "run=RUN2"),
            snapshot(OTHER, "2026-11-21T03:04:05Z", "plan=shop", "run=RUN1", summary={"total_bytes_processed": 77}),
            snapshot("67" * 32, "2026-11-20T03:04:05Z", "plan=shop-2", "run=RUN0"),
            snapshot("89" * 32, "2026-11-20T03:04:05Z"),
        ),
    )
    points = engine.points("shop")
    assert [(point.run, point.size) for point in points] == [("RUN1", 77), ("RUN2", None)]
    assert points[1].at == datetime(2026, 11, 22, 4, 4, 5, 123456, tzinfo=UTC)
    assert "--no-lock" in fake.calls("snapshots")[0]["argv"], "a prune that runs must not hide them"


@pytest.mark.parametrize("wrong", ["latest", "2f2f2f2f", "--prune", "", ID.upper()])
def test_only_whole_ids_are_removed_restored_or_copied(
    engine: ResticEngine, fake: FakeRestic, tmp_path: Path, wrong: str
) -> None:
    empty = tmp_path / "to"
    empty.mkdir()
    acts: list[Callable[[], object]] = [
        lambda: engine.forget([ID, wrong]),
        lambda: engine.restore(wrong, empty, None, silent),  # type: ignore[arg-type]  # refused before it is read
        lambda: engine.copy_to(engine, [wrong]),
    ]
    for act in acts:
        with pytest.raises(BackupError) as raised:
            act()
        assert raised.value.fault is BackupFault.REFUSED_BY_US
    assert fake.calls() == []


def test_what_is_forgotten_is_looked_for_again(engine: ResticEngine, fake: FakeRestic) -> None:
    there = listed(snapshot(ID, "2026-11-22T03:04:05Z", "plan=shop"))
    fake.answer("snapshots", there)
    fake.answer("forget")
    with pytest.raises(BackupError, match="still there"):
        engine.forget([ID, OTHER])
    assert fake.calls("forget")[0]["argv"] == ["forget", "--prune", ID], "the other one is gone already"


def test_a_lock_is_waited_for_where_restic_can(tmp_path: Path) -> None:
    for version, waits in (("0.14.0", False), ("0.18.0", True)):
        fake = FakeRestic(tmp_path / version, version)
        fake.answer("check", "{}")
        fake.answer("snapshots", "[]\n")
        repository = Repository("main", "/srv/r", SECRET, tmp_path / "state", lock_wait_seconds=30)
        engine = ResticEngine(repository, fake.program)
        engine.check(None)
        engine.points("shop")
        assert ("--retry-lock" in fake.calls("check")[0]["argv"]) is waits
        assert "--retry-lock" not in fake.calls("snapshots")[0]["argv"], "it takes no lock"


CHECKED_OLD = f"Pack ID does not match, want {PACK}, got {'c4' * 32}\nFatal: repository contains errors\n"
CHECKED_NEW = (
    json.dumps(
        {"message_type": "error", "message": f"pack {PACK} contains 2 errors: [ciphertext verification failed]\n"}
    )
    + "\n"
    + json.dumps({"message_type": "error", "message": "\nThe repository contains damaged pack files. These damaged\n"})
    + "\n"
    + json.dumps(
        {"message_type": "error", "message": f"restic repair packs {PACK}\nrestic repair snapshots --forget\n"}
    )
    + "\n"
    + exit_error(1, "Fatal: repository contains errors")
)


@pytest.mark.parametrize(("version", "error"), [("0.14.0", CHECKED_OLD), ("0.18.0", CHECKED_NEW)])
def test_damage_is_an_answer_with_the_points_that_it_touches(tmp_path: Path, version: str, error: str) -> None:
    fake = FakeRestic(tmp_path / "bin", version)
    fake.answer("check", "", error, 1)
    fake.answer(
        "snapshots",
        listed(snapshot(ID, "2026-11-22T03:04:05Z"), snapshot(OTHER, "2026-11-21T03:04:05Z")),
    )
    fake.answer("find", "[]\n")
    fake.answer("find", json.dumps([{"object_type": "blob", "path": "/a", "snapshot": ID}]))
    checked = ResticEngine(Repository("main", "/srv/r", SECRET, tmp_path / "state"), fake.program).check(Slice(2, 7))
    assert checked.slice == Slice(2, 7)
    assert len(checked.faults) == 1, "restic's advice to repair is no fault"
    assert PACK in checked.faults[0]
    assert checked.points == (ID,), "asked from the oldest on: the first one needs it not"
    assert "--read-data-subset=2/7" in fake.calls("check")[0]["argv"]
    assert all(call["argv"][-1] == PACK for call in fake.calls("find"))


@pytest.mark.parametrize(("version", "code"), [("0.14.0", 1), ("0.18.0", 11)])
def test_a_check_that_cannot_be_done_finds_nothing(tmp_path: Path, version: str, code: int) -> None:
    fake = FakeRestic(tmp_path / "bin", version)
    fake.answer("check", "", LOCKED if code == 1 else exit_error(11, LOCKED), code)
    with pytest.raises(BackupError) as raised:
        ResticEngine(Repository("main", "/srv/r", SECRET, tmp_path / "state"), fake.program).check(None)
    assert raised.value.fault is BackupFault.LOCKED
    assert not raised.value.permanent


def test_a_copy_needs_accounts_that_do_not_collide(fake: FakeRestic, tmp_path: Path) -> None:
    here = Repository("here", "s3:https://a/b", SECRET, tmp_path / "1", {"AWS_SECRET_ACCESS_KEY": "first-key"})
    there = Repository("there", "s3:https://c/d", "other", tmp_path / "2", {"AWS_SECRET_ACCESS_KEY": "two"})
    fake.answer("snapshots", "[]\n")
    with pytest.raises(BackupError, match="AWS_SECRET_ACCESS_KEY") as raised:
        ResticEngine(here, fake.program).copy_to(ResticEngine(there, fake.program), [ID])
    assert raised.value.fault is BackupFault.REFUSED_BY_US
    assert "first-key" not in str(raised.value)


def test_a_copy_is_believed_when_it_is_listed(fake: FakeRestic, tmp_path: Path) -> None:
    first, second = (
        ResticEngine(Repository(name, f"/srv/{name}", SECRET + name, tmp_path / name), fake.program)
        for name in ("here", "there")
    )
    fake.answer("copy")
    fake.answer("snapshots", listed(snapshot(ID, "2026-11-22T03:04:05Z", "plan=shop")))
    fake.answer("snapshots", listed(snapshot(OTHER, "2026-11-22T03:04:05Z", "plan=shop", original=ID)))
    fake.answer("snapshots", "[]\n")
    assert [(point.point_id, point.original) for point in first.copy_to(second, [ID])] == [(OTHER, ID)]
    environment = fake.calls("copy")[0]["environment"]
    assert environment["RESTIC_FROM_REPOSITORY"] == "/srv/here"
    assert environment["RESTIC_REPOSITORY"] == "/srv/there"
    assert environment["RESTIC_FROM_PASSWORD"] == SECRET + "here"
    with pytest.raises(BackupError) as raised:
        first.copy_to(second, [ID])
    assert raised.value.fault is BackupFault.NO_POINT


def _lock(
    pid: int = 528, host: str = "elsewhere", exclusive: bool = False, time: str = "2026-11-22T04:39:42+01:00"
) -> str:
    return json.dumps({"time": time, "exclusive": exclusive, "hostname": host, "username": "root", "pid": pid})


def test_one_living_owner_keeps_every_lock(engine: ResticEngine, fake: FakeRestic) -> None:
    fake.answer("list", f"{ID}\n{OTHER}\n")
    fake.answer("cat", _lock(528))
    fake.answer("cat", _lock(529, exclusive=True))
    with pytest.raises(BackupError, match="process 529 on elsewhere since 2026-11-22 03:39:42 UTC") as raised:
        engine.unlock(lambda owner: owner.pid == 528)
    assert raised.value.fault is BackupFault.LOCKED
    assert "528" not in str(raised.value)
    assert fake.calls("unlock") == []


def test_dead_locks_of_a_local_repository_are_removed_by_name(
    engine: ResticEngine, fake: FakeRestic, tmp_path: Path
) -> None:
    locks = tmp_path / "repository" / "locks"
    locks.mkdir(parents=True)
    (locks / ID).touch()
    (locks / "new-one").touch()
    fake.answer("list", f"{ID}\n")
    fake.answer("list", "")
    fake.answer("cat", _lock())
    asked: list[LockOwner] = []
    removed = engine.unlock(lambda owner: not asked.append(owner))
    assert removed == asked == [LockOwner(ID, "elsewhere", 528, datetime(2026, 11, 22, 3, 39, 42, tzinfo=UTC), False)]
    assert [path.name for path in locks.iterdir()] == ["new-one"], "it was made since"
    assert fake.calls("unlock") == []


def test_dead_locks_far_away_are_removed_by_restic_which_takes_only_stale_ones(
    fake: FakeRestic, tmp_path: Path
) -> None:
    engine = ResticEngine(Repository("far", "rest:http://127.0.0.1:1/", SECRET, tmp_path / "state"), fake.program)
    fake.answer("list", f"{ID}\n")
    fake.answer("list", "")
    fake.answer("cat", _lock())
    fake.answer("unlock", "successfully removed locks\n")
    assert [owner.pid for owner in engine.unlock(lambda _owner: True)] == [528]
    assert fake.calls("unlock")[0]["argv"] == ["unlock"]


def test_a_lock_that_restic_keeps_is_told_with_the_time_at_which_it_goes(fake: FakeRestic, tmp_path: Path) -> None:
    engine = ResticEngine(Repository("far", "rest:http://127.0.0.1:1/", SECRET, tmp_path / "state"), fake.program)
    fake.answer("list", f"{ID}\n")
    fake.answer("cat", _lock())
    fake.answer("unlock", "successfully removed locks\n")
    with pytest.raises(BackupError, match="04:09:42 UTC"):
        engine.unlock(lambda _owner: True)


def test_restic_may_not_send_its_signal_to_another_process_that_has_the_number(
    fake: FakeRestic, tmp_path: Path
) -> None:
    now = datetime.now(UTC).isoformat()
    engine = ResticEngine(Repository("far", "rest:http://127.0.0.1:1/", SECRET, tmp_path / "state"), fake.program)
    fake.answer("list", f"{ID}\n")
    fake.answer("cat", _lock(os.getpid(), os.uname().nodename, time=now))
    fake.answer("unlock")
    with pytest.raises(BackupError, match="SIGHUP"):
        engine.unlock(lambda _owner: True)
    assert fake.calls("unlock") == []


def test_only_a_process_that_is_gone_is_dead() -> None:
    child = subprocess.Popen(["sleep", "60"])
    here, now = os.uname().nodename, datetime.now(UTC)

    def dead(host: str = here, since: datetime = now) -> bool:
        return is_dead(LockOwner(ID, host, child.pid, since, False))

    try:
        assert not dead(), "it lives"
        assert dead(since=now - timedelta(hours=1)), "the number is another program's, which began later"
    finally:
        child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert dead(), "it ended and nobody asked how"
    child.wait()
    assert dead(), "it is gone"
    assert not dead(host="elsewhere"), "of another machine nothing is known"


def test_a_restic_that_lives_keeps_its_lock_whatever_the_clock_says(
    engine: ResticEngine, fake: FakeRestic, tmp_path: Path
) -> None:
    program = tmp_path / "restic"
    shutil.copy("/bin/sleep", program)
    child = subprocess.Popen([program, "60"])
    fake.answer("list", f"{ID}\n")
    fake.answer("cat", _lock(child.pid, os.uname().nodename))
    try:
        with pytest.raises(BackupError) as raised:
            engine.unlock(lambda _owner: True)  # as after a step of the clock: it began after its lock
        assert raised.value.fault is BackupFault.LOCKED
    finally:
        child.kill()
        child.wait()


def test_sftp_is_reached_by_our_own_ssh_with_pinned_keys(fake: FakeRestic, tmp_path: Path) -> None:
    jump = Target("door", "192.0.2.1", 22, "gate", tmp_path / "door key", ("ssh-ed25519 AAAAdoor",))
    host = Target("vault", "192.0.2.9", 2222, "keeper", tmp_path / "key", ("ssh-ed25519 AAAAvault",), jump)
    fake.answer("snapshots", "[]\n")
    for where in ("sftp:vault:/srv/r", "sftp:keeper@192.0.2.9:/srv/r", "sftp://keeper@192.0.2.9:2222//srv/r"):
        engine = ResticEngine(Repository("far", where, SECRET, tmp_path / "state", host=host), fake.program)
        engine.points("shop")
        environment = fake.calls("snapshots")[-1]["environment"]
        assert environment["RESTIC_REPOSITORY"] == "sftp:watchbill-vault:/srv/r"
    ssh = Path(environment["PATH"].split(":")[0])
    config = (ssh.parent / "config").read_text()
    assert "ProxyJump watchbill-door" in config
    assert "StrictHostKeyChecking yes" in config
    assert f'IdentityFile "{tmp_path}/door key"' in config
    assert (ssh.parent / "known_hosts").read_text().splitlines() == [
        "watchbill-vault ssh-ed25519 AAAAvault",
        "watchbill-door ssh-ed25519 AAAAdoor",
    ]
    assert "-F" in (ssh / "ssh").read_text()


@pytest.mark.parametrize(
    ("where", "host", "fault", "reason"),
    [
        ("sftp:vault:/srv/r", None, BackupFault.REFUSED_BY_US, "nobody pinned its key"),
        ("sftp:vault", Target("vault"), BackupFault.NO_REPOSITORY, "no folder"),
        ("sftp:vault:/r", Target("vault", user="a\n  ProxyCommand x"), BackupFault.REFUSED_BY_US, "a line of its own"),
    ],
)
def test_an_sftp_repository_that_cannot_be_told_is_refused(
    fake: FakeRestic, tmp_path: Path, where: str, host: Target | None, fault: BackupFault, reason: str
) -> None:
    with pytest.raises(BackupError) as raised:
        ResticEngine(Repository("far", where, SECRET, tmp_path / "state", host=host), fake.program).points("shop")
    assert raised.value.fault is fault, reason


def _stream(content: bytes, finish: Callable[[], None] = lambda: None, *, is_tar: bool = False) -> Stream:
    return Stream("web1.tar" if is_tar else "shop.sql", io.BytesIO(content).read, finish, is_tar)


def _tar(content: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo("srv/a")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content.encode()))
    return packed.getvalue()
