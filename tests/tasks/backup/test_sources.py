"""Files and outputs as sources, on this machine: whole, or an error that says what to do."""

import io
import tarfile
from pathlib import Path

import pytest

from models.errors import HostError
from models.vocabulary import BackupFault, HostFault
from tasks.tools.backup.sources import files_of, output_of
from tasks.tools.ssh import HostPool, Target
from tests.tasks.backup.opened import origin, programs, refused, taken


def test_files_of_a_host_are_one_tar_without_what_is_left_out(here: Target, pool: HostPool, tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "kept").write_bytes(b"\0kept")
    (tmp_path / "data" / "left.tmp").write_text("out")
    tar = taken(files_of(origin(pool, here), (str(tmp_path / "data"),), ("*.tmp",)))
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        root = str(tmp_path).lstrip("/")
        assert archive.getnames() == [f"{root}/data", f"{root}/data/deep", f"{root}/data/deep/kept"]
        kept = archive.extractfile(f"{root}/data/deep/kept")
        assert kept is not None
        assert kept.read() == b"\0kept"


def test_a_missing_path_is_a_failure_before_anything_is_read(here: Target, pool: HostPool, tmp_path: Path) -> None:
    opened = files_of(origin(pool, here), (str(tmp_path), str(tmp_path / "gone")))
    with refused(BackupFault.SOURCE_MISSING, f"{tmp_path}/gone not found", "correct the plan's paths"), opened:
        pass


def test_a_file_that_cannot_be_read_is_a_failure_and_no_smaller_backup(
    here: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path / "bin", monkeypatch, {"tar": "echo 'tar: /srv/key: Cannot open' >&2; echo half; exit 2"})
    with refused(BackupFault.SOURCE_UNREADABLE, "/srv/key: Cannot open", "let the account read it"):
        taken(files_of(origin(pool, here), (str(tmp_path),)))


def test_a_host_without_tar_says_what_to_install(
    here: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path / "bin", monkeypatch, {"tar": "exit 127"})
    with refused(BackupFault.NO_ENGINE, "tar is not installed on here"):
        taken(files_of(origin(pool, here), (str(tmp_path),)))


def test_a_commands_output_is_the_backup_byte_for_byte(here: Target, pool: HostPool) -> None:
    opened = output_of(origin(pool, here), ("printf", r"a\0b\n"), "shop.sql")
    with opened as stream:
        assert (stream.name, stream.is_tar) == ("shop.sql", False)
        assert stream.read(100) == b"a\0b\n"
        assert stream.read(100) == b""
        stream.finish()


def test_a_command_gets_its_secrets_and_no_message_shows_them(here: Target, pool: HostPool) -> None:
    secrets = {"DB_PASSWORD": "correct-horse"}
    argv = ("sh", "-c", 'printf %s "$DB_PASSWORD"')
    assert taken(output_of(origin(pool, here, secrets=secrets), argv, "x")) == b"correct-horse"
    failing = ("sh", "-c", 'echo "denied: $DB_PASSWORD" >&2; exit 2')
    with refused(BackupFault.SOURCE_FAILED, "exit code 2: denied: [redacted:DB_PASSWORD]"):
        taken(output_of(origin(pool, here, secrets=secrets), failing, "x"))


@pytest.mark.parametrize(
    ("line", "at_least", "fault", "words", "reason"),
    [
        ("true", 1, BackupFault.SOURCE_EMPTY, "it gave 0 B", "ends well, and gave nothing"),
        ("printf 123", 4, BackupFault.SOURCE_EMPTY, "gave 3 B, and the plan wants at least 4 B", "one byte too few"),
        ("printf 1234; exit 3", 1, BackupFault.SOURCE_FAILED, "exit code 3", "all came, but it says no"),
        ("nonesuch-dump", 1, BackupFault.SOURCE_FAILED, "not found", "no such program"),
        ("printf 1234; kill -9 $$", 1, BackupFault.SOURCE_FAILED, "ended by SIGKILL", "killed, out of memory"),
    ],
)
def test_half_an_output_is_no_backup(
    here: Target, pool: HostPool, line: str, at_least: int, fault: BackupFault, words: str, reason: str
) -> None:
    with refused(fault, words):
        pytest.fail(f"{reason}: {taken(output_of(origin(pool, here), ('sh', '-c', line), 'x', at_least))!r}")


def test_as_many_bytes_as_the_plan_wants_are_enough(here: Target, pool: HostPool) -> None:
    assert taken(output_of(origin(pool, here), ("printf", "1234"), "x", 4)) == b"1234"


def test_the_host_ends_a_source_at_the_plans_deadline(here: Target, pool: HostPool) -> None:
    slow = ("sh", "-c", "echo on; sleep 60")
    with refused(BackupFault.SOURCE_FAILED, "deadline of 1 s", "a larger deadline"):
        taken(output_of(origin(pool, here, deadline_seconds=1), slow, "x"))


def test_one_reading_of_a_source_at_a_time(here: Target, pool: HostPool) -> None:
    with output_of(origin(pool, here), ("sleep", "60"), "x"), pytest.raises(HostError) as failure:
        taken(output_of(origin(pool, here), ("echo",), "x"))
    assert failure.value.fault is HostFault.BUSY


def test_a_host_that_is_away_is_said_as_it_is(pool: HostPool, tmp_path: Path) -> None:
    away = Target("away", port=9, run_directory=str(tmp_path), host_keys=("ssh-ed25519 AAAA",))
    with pytest.raises(HostError) as failure:
        taken(output_of(origin(pool, away), ("echo",), "x"))
    assert failure.value.fault not in (HostFault.LOST, HostFault.COMMAND)
    assert not failure.value.permanent


def test_why_a_source_failed_is_said_at_its_end_before_an_engine_stumbles_over_half_a_tar(
    here: Target, pool: HostPool
) -> None:
    with output_of(origin(pool, here), ("sh", "-c", "printf half; exit 3"), "x") as stream:
        assert stream.read(100) == b"half"
        with refused(BackupFault.SOURCE_FAILED, "exit code 3"):
            stream.read(100)
        with refused(BackupFault.SOURCE_FAILED, "exit code 3"):
            stream.finish()


@pytest.mark.parametrize(
    ("said", "kept", "reason"),
    [
        ("", ("some file changed while it was read",), "tar says nothing"),
        ("tar: srv/log: file changed as we read it\n", ("srv/log: file changed as we read it",), "one file"),
        ("tar: a: File removed\n" * 23, ("a: File removed",) * 20 + ("and 3 more",), "not a flood"),
    ],
)
def test_files_that_changed_while_they_were_read_are_told_with_the_backup(
    here: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, kept: tuple[str, ...],
    reason: str,
) -> None:  # fmt: skip
    programs(tmp_path / "bin", monkeypatch, {"tar": f"printf '{said}' >&2; echo a tar; exit 1".replace("\n", "\\n")})
    with files_of(origin(pool, here), (str(tmp_path),)) as stream:
        assert stream.warnings() == ()
        while stream.read(100):
            pass
        stream.finish()
        assert stream.warnings() == kept, reason
