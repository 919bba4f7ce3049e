"""What restic answers, old and new, becomes one named fault with a next step."""

from pathlib import Path

import pytest

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.restic import Repository, ResticEngine, find_program
from tasks.tools.backup.restic import engine as engine_module
from tests.tasks.backup.fake_restic import FakeRestic
from tests.tasks.backup.restic_answers import LOCKED, NO_REPOSITORY, REFUSED, RETRYING, TRACE, exit_error

OLD, NEW = "0.14.0", "0.18.0"
EMPTY_NEW = exit_error(1, "Fatal: an empty password is not allowed by default. Pass the flag `--insecure-no-password`")
SFTP_OLD = (
    "Fatal: unable to open repository at sftp:x:/y: unable to start the sftp session, error: read |0: file already "
    "closed\n"
)
FAULTS = [
    (OLD, 1, f"Fatal: {NO_REPOSITORY}\n", BackupFault.NO_REPOSITORY, "0.14 has no code for it"),
    (NEW, 10, exit_error(10, f"Fatal: repository does not exist: {NO_REPOSITORY}"), BackupFault.NO_REPOSITORY, "10"),
    ("0.17.0", 10, "words of some other day", BackupFault.NO_REPOSITORY, "the code is enough"),
    (OLD, 10, "words of some other day", BackupFault.ENGINE_FAILED, "0.14 has no such code"),
    (OLD, 1, f"{LOCKED}\n", BackupFault.LOCKED, "0.14 has no code for it"),
    (NEW, 11, exit_error(11, LOCKED), BackupFault.LOCKED, "11"),
    (OLD, 1, "Fatal: wrong password or no key found\n", BackupFault.WRONG_PASSWORD, "0.14 has no code for it"),
    ("0.17.0", 1, "Fatal: wrong password or no key found\n", BackupFault.WRONG_PASSWORD, "the code came with 0.17.1"),
    (NEW, 12, exit_error(12, "Fatal: wrong password or no key found"), BackupFault.WRONG_PASSWORD, "12"),
    (OLD, 1, "Fatal: an empty password is not a password\n", BackupFault.WRONG_PASSWORD, "none at all"),
    (NEW, 1, EMPTY_NEW, BackupFault.WRONG_PASSWORD, "none at all"),
    (OLD, 1, REFUSED, BackupFault.UNREACHABLE, "it asks whether there is a repository, and nobody answered"),
    (NEW, 1, RETRYING, BackupFault.UNREACHABLE, "it was trying again"),
    (OLD, 1, SFTP_OLD, BackupFault.UNREACHABLE, "ssh ended"),
    (NEW, 1, "subprocess ssh: Host key verification failed.\n", BackupFault.UNREACHABLE, "another key than the pinned"),
    (OLD, 1, "Fatal: save: write /r/tmp: no space left on device\n", BackupFault.TARGET_FULL, "no code in any version"),
    (NEW, 1, exit_error(1, "write /r/tmp: no space left on device"), BackupFault.TARGET_FULL, "no code in any version"),
    (OLD, 1, TRACE, BackupFault.DAMAGED, "an index is gone"),
    (NEW, 1, exit_error(1, "Fatal: LoadRaw(<key/62>): invalid data returned"), BackupFault.DAMAGED, "a key is broken"),
    (OLD, 1, "Fatal: Unmarshal: invalid character 'g'\n", BackupFault.DAMAGED, "a key is broken"),
    (OLD, 2, "panic: runtime error: index out of range\n", BackupFault.ENGINE_FAILED, "a fault of restic's"),
    (NEW, 137, "", BackupFault.ENGINE_FAILED, "killed, and no word"),
]


@pytest.mark.parametrize(("version", "code", "error", "fault", "reason"), FAULTS)
def test_each_answer_is_a_named_fault(
    tmp_path: Path, version: str, code: int, error: str, fault: BackupFault, reason: str
) -> None:
    fake = FakeRestic(tmp_path / "bin", version)
    fake.answer("cat", "", error, code)
    with pytest.raises(BackupError) as raised:
        _engine(fake, tmp_path).prepare()
    assert raised.value.fault is fault, reason
    assert raised.value.what == "main"
    assert "/srv/repository" in str(raised.value), "the place"
    assert ";" in str(raised.value), "the next step"
    assert "--remove-all" not in str(raised.value)
    assert "`unlock`" not in str(raised.value), "restic's hint would remove any lock"
    assert "github.com" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "fault", "reason"),
    [
        ("restic 0.13.1 compiled with go1.18", BackupFault.OLD_ENGINE, "it copies the other way round"),
        ("restic 0.9.6", BackupFault.OLD_ENGINE, "numbers, not text: 9 is before 14"),
        ("restic v0.14.0", None, "exactly the oldest"),
        ("restic 0.18.0-dev (compiled manually) compiled with go1.24", None, "a build of one's own"),
        ("restic 1.0 compiled with go2", None, "without a third number"),
        ("borg 1.2.4", BackupFault.NO_ENGINE, "another program"),
        ("", BackupFault.NO_ENGINE, "nothing"),
    ],
)
def test_the_version_decides_whether_it_can_be_used(
    tmp_path: Path, answer: str, fault: BackupFault | None, reason: str
) -> None:
    program = tmp_path / "restic"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    if fault is None:
        assert find_program(program).version >= (0, 14, 0), reason
        return
    with pytest.raises(BackupError) as raised:
        find_program(program)
    assert raised.value.fault is fault, reason


def test_a_machine_without_restic_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="apt install restic") as raised:
        find_program(tmp_path / "restic")
    assert raised.value.fault is BackupFault.NO_ENGINE


def test_a_repository_that_never_answers_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "OPEN_SECONDS", 0.5)
    fake = FakeRestic(tmp_path / "bin", NEW)
    fake.answer("cat", "", RETRYING, seconds=60)
    with pytest.raises(BackupError, match="connection refused") as raised:
        _engine(fake, tmp_path).prepare()
    assert raised.value.fault is BackupFault.UNREACHABLE
    assert not raised.value.permanent


def test_a_repository_is_made_only_when_the_plan_says_so(tmp_path: Path) -> None:
    fake = FakeRestic(tmp_path / "bin")
    fake.answer("cat", "", f"Fatal: {NO_REPOSITORY}\n", 1)
    fake.answer("cat", '{"id": "ebaab3e0"}')
    fake.answer("init", "created restic repository ebaab3e0df\n")
    with pytest.raises(BackupError) as raised:
        _engine(fake, tmp_path).prepare()
    assert raised.value.fault is BackupFault.NO_REPOSITORY
    assert fake.calls("init") == []
    (tmp_path / "bin" / "calls.jsonl").unlink()
    _engine(fake, tmp_path, create=True).prepare()
    assert len(fake.calls("init")) == 1
    assert len(fake.calls("cat")) == 2, "it is opened once more"


@pytest.mark.parametrize(
    ("now", "fault", "words", "reason"),
    [
        (
            ("", f"Fatal: {NO_REPOSITORY}\n", 1),
            BackupFault.NO_REPOSITORY,
            "look whether it is mounted",
            "no disk there",
        ),
        (
            ('{"id": "another"}', "", 0),
            BackupFault.REFUSED_BY_US,
            "another repository than before",
            "another disk there",
        ),
    ],
)
def test_a_repository_that_is_not_the_one_of_before_is_neither_made_nor_used(
    tmp_path: Path, now: tuple[str, str, int], fault: BackupFault, words: str, reason: str
) -> None:
    fake = FakeRestic(tmp_path / "bin")
    fake.answer("cat", '{"id": "the one"}')
    fake.answer("cat", *now)
    _engine(fake, tmp_path, create=True).prepare()
    with pytest.raises(BackupError, match=words) as raised:
        _engine(fake, tmp_path, create=True).prepare()
    assert raised.value.fault is fault
    seen = next(tmp_path.rglob("repository-id"))
    assert str(seen) in str(raised.value), "what to remove when it is meant so"
    assert fake.calls("init") == []


def test_a_note_of_the_repository_that_was_cut_short_is_written_again(tmp_path: Path) -> None:
    fake = FakeRestic(tmp_path / "bin")
    fake.answer("cat", '{"id": "the one"}')
    _engine(fake, tmp_path).prepare()
    seen = next(tmp_path.rglob("repository-id"))
    seen.write_text("")
    _engine(fake, tmp_path).prepare()
    assert seen.read_text() == "the one\n"


def test_a_wrong_password_makes_no_repository(tmp_path: Path) -> None:
    fake = FakeRestic(tmp_path / "bin")
    fake.answer("cat", "", "Fatal: wrong password or no key found\n", 1)
    with pytest.raises(BackupError) as raised:
        _engine(fake, tmp_path, create=True).prepare()
    assert raised.value.fault is BackupFault.WRONG_PASSWORD
    assert raised.value.permanent
    assert fake.calls("init") == []


def _engine(fake: FakeRestic, tmp_path: Path, *, create: bool = False) -> ResticEngine:
    return ResticEngine(
        Repository("main", "/srv/repository", "good", tmp_path / "state", create=create), program=fake.program
    )
