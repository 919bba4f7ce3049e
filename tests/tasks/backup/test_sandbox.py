"""What runs behind the walls can read what it must, write into one folder, and end in time."""

import ctypes
import io
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from backports import zstd

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup import confinement, kernel
from tasks.tools.backup.confinement import WALLS, Confinement, enter
from tasks.tools.backup.sandbox import Confined, run_confined, unpack
from tasks.tools.backup.shapes import Limits
from tests.tasks.backup.archives import END, HOSTILE, block, folder, link

LIMITS = Limits(size=1 << 20, files=100, seconds=60)
NOBODY = 65534
PR_SET_DUMPABLE = 4


@pytest.fixture
def around() -> Path:
    """Not below pytest's own folder, which only its user may enter."""
    with TemporaryDirectory(prefix="watchbill-sandbox-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def sandbox(around: Path) -> Path:
    folder = around / "sandbox"
    folder.mkdir()
    return folder


def shell(script: str, sandbox: Path, seconds: float = 30, **where: object):
    return run_confined(["/bin/sh", "-c", script], Confinement(os.fspath(sandbox), **where), seconds)


@contextmanager
def archive(data: bytes):
    """A pipe that gives these bytes, whatever a pipe holds."""
    with subprocess.Popen(
        [sys.executable, "-c", "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(data)
        process.stdin.close()
        yield process.stdout


def has_namespaces() -> bool:
    return subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(not has_namespaces(), reason="this user may not make namespaces")


def test_a_command_gives_its_output_and_exit_code(sandbox):
    ended = shell("echo out; echo err >&2; exit 3", sandbox)
    assert (ended.output, ended.errors, ended.exit_code, ended.is_late) == (b"out\n", b"err\n", 3, False)


def test_a_command_works_in_the_folder_and_may_write_there(sandbox):
    ended = shell("pwd; echo kept > file; mkdir folder", sandbox)
    assert ended.output.decode().strip() == os.fspath(sandbox)
    assert (sandbox / "file").read_text() == "kept\n"


@needs_namespaces
def test_nothing_else_can_be_written(sandbox, around):
    around.chmod(0o777)
    ended = shell(f"touch {around}/outside /tmp/outside; echo into-null > /dev/null && echo fine", sandbox)
    assert ended.output == b"fine\n"
    assert b"Read-only" in ended.errors
    assert [path.name for path in around.iterdir()] == ["sandbox"]


@needs_namespaces
def test_nobody_outside_can_be_seen_or_reached(sandbox):
    ended = shell("ls -d /proc/[0-9]*; cat /proc/net/dev | tail -n +3; id -u", sandbox)
    processes, interfaces = ended.output.split(b"    lo:")
    assert len(processes.split()) <= 4
    assert interfaces.count(b":") == 0
    assert ended.output.split()[-1] == (str(NOBODY) if os.geteuid() == 0 else str(os.geteuid())).encode()
    assert set(ended.walls) == set(WALLS) - {"root"}
    assert ended.missing_walls == ("root",)


@needs_namespaces
def test_hidden_folders_look_empty(sandbox, around):
    keys = around / "keys"
    keys.mkdir()
    (keys / "secret").write_text("s3cr3t")
    assert shell(f"cat {keys}/secret", sandbox).output == b"s3cr3t"
    ended = shell(f"cat {keys}/secret; ls {keys}", sandbox, hidden=(os.fspath(keys),))
    assert (ended.output, b"No such file" in ended.errors) == (b"", True)


def test_our_environment_stays_outside(sandbox, monkeypatch):
    monkeypatch.setenv("WATCHBILL_DATABASE", "postgresql://secret")
    where = Confinement(os.fspath(sandbox))
    ended = run_confined(["/usr/bin/env"], where, 30, {"PGPASSWORD": "given"})
    assert b"secret" not in ended.output
    assert b"PGPASSWORD=given" in ended.output


def test_the_deadline_ends_a_command_that_ignores_it_and_all_it_started(sandbox, monkeypatch):
    monkeypatch.setattr("tasks.tools.backup.sandbox.GRACE_SECONDS", 0.5)
    begun = time.monotonic()
    ended = shell("trap '' TERM HUP; setsid sh -c 'trap \"\" TERM; sleep 987' & while :; do sleep 1; done", sandbox, 1)
    assert ended.is_late
    assert ended.exit_code == 128 + signal.SIGKILL
    assert time.monotonic() - begun < 10
    if "processes" in ended.walls:
        assert _until(lambda: not _runs("sleep\0987"))


@needs_namespaces
def test_what_a_command_leaves_behind_ends_with_it(sandbox):
    shell("setsid sleep 986 & exit 0", sandbox)
    assert _until(lambda: not _runs("sleep\0986"))


def test_it_dies_when_the_worker_is_killed(sandbox, around):
    """kill -9 on the worker must not leave a restore that goes on."""
    script = (
        "import sys; from tasks.tools.backup.sandbox import run_confined, Confinement;"
        "run_confined(['/bin/sh', '-c', 'echo up > up; sleep 985'], Confinement(sys.argv[1]), 60)"
    )
    worker = subprocess.Popen([sys.executable, "-c", script, os.fspath(sandbox)], cwd=Path(__file__).parents[3])
    assert _until((sandbox / "up").exists)
    worker.kill()
    worker.wait()
    assert _until(lambda: not _runs("sleep\0985"))


def test_an_endless_output_is_cut_and_does_not_block(sandbox):
    ended = shell("head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 4", sandbox)
    assert (ended.is_cut, ended.exit_code) == (True, 4)
    assert len(ended.output) == len(ended.errors) == 256 * 1024


def test_limits_of_file_size_and_memory_hold(sandbox):
    ended = shell("head -c 100000 /dev/zero > big", sandbox, file_bytes=5000)
    assert ended.exit_code != 0
    assert (sandbox / "big").stat().st_size == 5000
    script = [sys.executable, "-c", "bytearray(1 << 30)"]
    if os.access(sys.executable, os.X_OK) and os.geteuid() != 0:
        assert run_confined(script, Confinement(os.fspath(sandbox), memory_bytes=200 << 20), 30).exit_code == 1


def test_a_command_that_is_not_there_says_so(sandbox):
    ended = run_confined(["no-such-command"], Confinement(os.fspath(sandbox)), 30)
    assert ended.exit_code == confinement.CANNOT_RUN
    assert b"no-such-command" in ended.errors


def test_a_server_can_be_started_and_ends_with_its_block(sandbox):
    where = Confinement(os.fspath(sandbox))
    with Confined(["/bin/sh", "-c", "echo up > up; sleep 984"], where):
        assert _until((sandbox / "up").exists)
    assert _until(lambda: not _runs("sleep\0984"))


@pytest.mark.parametrize("packed", [lambda data: data, zstd.compress], ids=["plain", "zstd"])
def test_an_archive_is_unpacked_behind_every_wall(sandbox, packed):
    good = folder("f", mode=0o500) + block("f/file", data=b"x" * 70_000) + link("f/link", "/etc") + END
    with archive(packed(good)) as source:
        found, walls = unpack(source, sandbox, LIMITS)
    assert (found.files, found.size) == (3, 70_000)
    assert (sandbox / "f" / "file").read_bytes() == b"x" * 70_000
    if os.geteuid() == 0 and has_namespaces():
        assert walls == WALLS
        assert (sandbox / "f" / "file").stat().st_uid == NOBODY


@pytest.mark.parametrize("hostile", HOSTILE[::6], ids=lambda hostile: hostile.name)
def test_a_hostile_archive_is_refused_with_its_member_s_name(sandbox, hostile):
    with archive(hostile.data() + END) as source, pytest.raises(BackupError) as caught:
        unpack(source, sandbox, LIMITS)
    assert caught.value.fault is hostile.fault
    assert hostile.word in str(caught.value)


def test_ten_gigabytes_of_zeros_are_refused_at_the_limit(sandbox):
    """Real bytes, packed a thousandfold: what is written stays under the limit."""
    big = block("zeros", size=10 << 30)
    compressor = zstd.ZstdCompressor()
    packed = (
        compressor.compress(big) + b"".join(compressor.compress(bytes(1 << 20)) for _ in range(64)) + compressor.flush()
    )
    with archive(packed) as source, pytest.raises(BackupError, match="zeros") as caught:
        unpack(source, sandbox, LIMITS)
    assert caught.value.fault is BackupFault.TOO_LARGE
    assert sum(path.stat().st_size for path in sandbox.iterdir()) == 0


@pytest.mark.parametrize("cut", [0, 20, 200])
def test_a_truncated_archive_is_damaged(sandbox, cut):
    whole = zstd.compress(block("file", data=os.urandom(2000)) + END)
    with archive(whole[:cut]) as source, pytest.raises(BackupError) as caught:
        unpack(source, sandbox, LIMITS)
    assert caught.value.fault is BackupFault.DAMAGED


def test_progress_is_told_and_its_exception_ends_the_unpacking(sandbox):
    def stop(advance):
        raise TimeoutError("killed by a person")

    with archive(block("file", data=b"x") + END) as source, pytest.raises(TimeoutError, match="person"):
        unpack(source, sandbox, LIMITS, stop)


def _in_child(act) -> str:
    """What the function says in a process that may change who it is."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(theirs, act().encode())
        except BaseException as error:  # noqa: BLE001  # the parent's test must see whatever it was
            os.write(theirs, repr(error).encode())
        os._exit(0)
    os.close(theirs)
    with io.FileIO(ours) as answer:
        said = answer.readall().decode()
    os.waitpid(child, 0)
    return said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_normal_user_gets_the_walls_that_the_kernel_allows(sandbox):
    sandbox.chmod(0o777)
    user = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups"]
    is_allowed = subprocess.run([*user, "unshare", "-Umnp", "true"], check=False).returncode == 0

    def as_user() -> str:
        os.setgroups([])
        os.setresgid(1234, 1234, 1234)
        os.setresuid(1234, 1234, 1234)
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)  # as after the exec of a real start
        walls = enter(Confinement(os.fspath(sandbox), only_folder=True), os.getppid())
        Path("made").touch()
        may_mount = kernel.is_done(lambda: kernel.mount("none", "/", "tmpfs", 0))
        return f"{' '.join(walls)}; {os.getuid()} {may_mount} {Path('/').resolve()} {Path('/tmp').exists()}"

    if is_allowed:
        assert _in_child(as_user) == f"{' '.join(WALLS)}; 1234 False / False"
    else:
        assert _in_child(as_user) == "limits; 1234 False / True"
    assert (sandbox / "made").stat().st_uid == 1234


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_namespaces_root_still_becomes_nobody_and_the_missing_walls_are_known(sandbox, monkeypatch):
    def refused(flags: int) -> None:
        raise PermissionError(1, "not here")

    monkeypatch.setattr(kernel, "unshare", refused)
    said = _in_child(lambda: " ".join((*enter(Confinement(os.fspath(sandbox)), os.getppid()), str(os.geteuid()))))
    assert said == f"user limits {NOBODY}"


def _runs(words: str) -> bool:
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words in line.read_text(errors="replace"):
                return True
        except OSError:
            continue
    return False


def _until(is_so, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return False
