"""Streams and transfers over real sshd: every byte, every failure told, nothing left, nothing that grows."""

import hashlib
import io
import os
import random
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployments.lab import Lab
from deployments.lab.processes import marked
from models.errors import HostError
from models.settings import CHECKOUT
from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import CommandFailed, HostPool, Stream, StreamLost, Target, transfer
from tasks.tools.ssh.transfer import MissingSource, Source, Way, get, put, tree_of
from tests.drills.relay import Relay
from tests.drills.ssh_lab import as_target, command, new_key, shell, until
from tests.servers import need

pytestmark = pytest.mark.drill
MEBI = 1024 * 1024
BOTH = pytest.mark.parametrize("host", ["paramiko", "ssh"], indirect=True)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=2) as lab:
        yield lab


@pytest.fixture(scope="module")
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


@pytest.fixture
def host(lab: Lab, request: pytest.FixtureRequest) -> Target:
    """The first host; by both transports where the test asks for it."""
    return as_target(lab.hosts[0], slots=8, transport=getattr(request, "param", "paramiko"))


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 MiB of every kind of byte, with runs of NULs."""
    path = tmp_path_factory.mktemp("big") / "big"
    source = random.Random(11)
    path.write_bytes(b"".join(source.randbytes(MEBI - 4096) + bytes(4096) for _ in range(64)))
    return path


def hashed(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of(stream: Stream) -> str:
    digest = hashlib.sha256()
    while piece := stream.read():
        digest.update(piece)
    return digest.hexdigest()


def is_gone(key: str) -> bool:
    return not marked(f"WATCHBILL_STEP={key}")


@BOTH
def test_every_byte_arrives_both_ways(host: Target, pool: HostPool, big: Path) -> None:
    with pool.stream(host, command("cat", str(big))) as stream:
        assert digest_of(stream) == hashed(big)
        assert stream.finish().size == 64 * MEBI
    with (
        big.open("rb") as source,
        pool.stream(host, command("sha256sum"), stdin=source) as stream,
    ):
        assert stream.read().split()[0].decode() == hashed(big)
        stream.finish()


@BOTH
def test_a_failure_is_told_with_its_code_and_its_words(host: Target, pool: HostPool) -> None:
    flood = "head -c 20000000 /dev/zero | tr '\\0' x >&2; echo half; echo connection refused >&2; exit 3"
    with pool.stream(host, shell(flood)) as stream:
        assert stream.read() == b"half\n"
        with pytest.raises(CommandFailed, match=r"exit code 3: .*connection refused") as failure:
            stream.finish()
    assert (failure.value.exit_code, failure.value.stderr) == (3, "x" * 65536)


@BOTH
def test_the_host_ends_it_at_its_deadline(host: Target, pool: HostPool) -> None:
    owned = shell("echo on; sleep 60", seconds=1)
    with pool.stream(host, owned) as stream:
        assert stream.read() == b"on\n"
        with pytest.raises(HostError, match="at its deadline of 1 s") as failure:
            stream.finish()
    assert failure.value.fault is HostFault.TIMEOUT
    assert is_gone(owned.key)


@BOTH
def test_a_login_shell_that_talks_is_not_taken_for_output(lab: Lab, host: Target) -> None:
    talking = as_target(lab.hosts[1], transport=host.transport)
    rc = lab.hosts[1].folder / "home" / ".bashrc"
    rc.write_text("echo welcome to this machine\necho and mind the step >&2\n")
    try:
        with HostPool() as fresh, fresh.stream(talking, shell("echo out")) as it:
            assert it.read() == b"out\n"
            it.finish()
    finally:
        rc.unlink()


@BOTH
@pytest.mark.parametrize("line", ["cat /dev/zero", "head -c 3000000 /dev/zero; sleep 60"])
def test_a_cable_cut_half_way_is_a_lost_line_and_the_command_is_gone(host: Target, pool: HostPool, line: str) -> None:
    owned = shell(line)
    with Relay(host.port) as relay:
        through = as_target_at(host, relay.port)
        relay.cut_after = 2_000_000
        with (
            pytest.raises(StreamLost) as failure,
            HostPool() as fresh,
            fresh.stream(through, owned) as stream,
        ):
            while stream.read():
                pass
    assert (failure.value.fault, failure.value.proof.gone) == (HostFault.LOST, True)
    assert "nothing of it is left on the host" in str(failure.value)
    assert is_gone(owned.key)


def as_target_at(host: Target, port: int) -> Target:
    return replace(host, port=port)


@BOTH
def test_an_input_that_a_cut_cable_ended_is_not_taken_for_all_of_it(host: Target, big: Path, tmp_path: Path) -> None:
    owned = shell(f"cat >{tmp_path}/half; touch {tmp_path}/taken")
    with Relay(host.port) as relay:
        relay.cut_after = 3_000_000
        with (
            big.open("rb") as source,
            pytest.raises(StreamLost),
            HostPool() as fresh,
            fresh.stream(as_target_at(host, relay.port), owned, stdin=source) as stream,
        ):
            stream.finish()
    assert is_gone(owned.key)
    assert 0 < (tmp_path / "half").stat().st_size < big.stat().st_size
    assert not (tmp_path / "taken").exists()


def test_a_controller_killed_mid_stream_leaves_nothing_on_the_host(lab: Lab, host: Target) -> None:
    key, lab_host = new_key(), lab.hosts[0]
    program = f"""
        from pathlib import Path
        from tasks.tools.ssh import HostPool, OwnedCommand, Target
        target = Target("host1", "{host.address}", {host.port}, "{host.user}", Path("{host.key_file}"),
                        ("{lab_host.host_key}",), run_directory="{host.run_directory}")
        with HostPool() as pool, pool.stream(target, OwnedCommand("{key}", ("sleep", "60"), 90)) as stream:
            print("on", flush=True)
            stream.read()
    """
    controller = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=CHECKOUT, stdout=subprocess.PIPE
    )
    assert controller.stdout is not None
    assert controller.stdout.readline() == b"on\n"
    until(lambda: not is_gone(key))
    controller.kill()
    controller.wait()
    controller.stdout.close()
    until(lambda: is_gone(key))


@BOTH
def test_a_kill_from_another_connection_is_proven(host: Target, pool: HostPool) -> None:
    owned = shell("echo on; setsid sleep 81 & trap '' TERM; sleep 82; sleep 83")
    with pool.stream(host, owned) as stream:
        assert stream.read() == b"on\n"
        with HostPool() as other:
            proof = other.kill(host, owned.key, 1)
        assert (proof.outcome, proof.gone, proof.survivors) == (Outcome.KILLED, True, ())
        with pytest.raises(HostError, match="killed on request"):
            stream.finish()


def test_a_slow_reader_holds_the_command_back_and_not_the_bytes(host: Target, pool: HostPool, tmp_path: Path) -> None:
    with pool.stream(host, shell(f"while head -c 1000000 /dev/zero; do printf . >>{tmp_path}/sent; done")) as stream:
        stream.read()
        before = resident()
        time.sleep(1.5)
        assert resident() - before < 12 * MEBI, "a window of 4 MiB, and what the kernel says late"
        assert (tmp_path / "sent").stat().st_size < 30, "30 MB would be far more than windows and pipes"


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@BOTH
def test_twenty_streams_leave_no_thread_and_no_file(host: Target) -> None:
    with HostPool() as pool:
        pool.run(host, command("true"))
        files, threads = open_files(), set(threading.enumerate())
        for number in range(20):
            with pool.stream(host, command("cat"), stdin=io.BytesIO(b"x")) as stream:
                if number % 2:
                    stream.finish()
        until(lambda: set(threading.enumerate()) <= threads and open_files() <= files, 10)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@BOTH
def test_a_wrong_key_of_the_host_means_that_nothing_is_sent(lab: Lab, host: Target) -> None:
    wrong = replace(host, host_keys=(lab.hosts[1].host_key,))
    owned = shell("touch ran")
    with HostPool() as pool, pytest.raises(HostError) as failure:
        pool.stream(wrong, owned)
    assert failure.value.fault is HostFault.WRONG_KEY
    assert not (lab.hosts[0].folder / "home" / "ran").exists()


def test_the_system_ssh_goes_through_a_jump_host_with_pins_of_its_own(lab: Lab, pool: HostPool) -> None:
    behind = as_target(lab.hosts[1], jump=as_target(lab.hosts[0]), transport="ssh")
    with pool.stream(behind, shell("echo $WATCHBILL_LAB_HOST")) as stream:
        assert stream.read() == b"host2\n"
        stream.finish()
    wrong = replace(behind, jump=as_target(lab.hosts[0], host_keys=(lab.hosts[1].host_key,)))
    with pytest.raises(HostError):
        pool.stream(wrong, shell("echo"))


@BOTH
def test_a_file_goes_there_and_back_whole_with_its_mode(
    host: Target, pool: HostPool, big: Path, tmp_path: Path
) -> None:
    big.chmod(0o640)
    there, back = tmp_path / "there", tmp_path / "back"
    sent = put(pool, host, big, str(there), Way(new_key(), 60))
    assert (sent.size, sent.sha256) == (64 * MEBI, hashed(big))
    assert (hashed(there), there.stat().st_mode & 0o777) == (hashed(big), 0o640)
    taken = get(pool, host, str(there), back, Way(new_key(), 60))
    assert (taken.sha256, hashed(back)) == (sent.sha256, hashed(big))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "there"]


@BOTH
@pytest.mark.parametrize("cut_after", [100_000, 40_000_000])
def test_a_transfer_cut_half_way_leaves_the_old_file_and_no_part(
    host: Target, big: Path, tmp_path: Path, cut_after: int
) -> None:
    there = tmp_path / "there"
    there.write_text("old")
    with Relay(host.port) as relay, HostPool() as fresh:
        relay.cut_after = cut_after
        with pytest.raises(StreamLost):
            put(fresh, as_target_at(host, relay.port), big, str(there), Way(new_key(), 60))
    with Relay(host.port) as relay, HostPool() as fresh:
        fresh.run(as_target_at(host, relay.port), command("true"))
        relay.cut_after = relay.passed + cut_after
        with pytest.raises(StreamLost):
            get(fresh, as_target_at(host, relay.port), str(big), there, Way(new_key(), 60))
    assert there.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@BOTH
def test_a_tree_comes_as_one_tar_without_what_is_excluded(host: Target, pool: HostPool, tmp_path: Path) -> None:
    tree, out = tmp_path / "tree", tmp_path / "out"
    for name in ("a/keep.txt", "a/drop.tmp", "a/cache/x", "b/cache/y", "b/log/1/2/z.log", "b/-rf", "b/n\newline"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    out.mkdir()
    source = Source((str(tree / "a"), str(tree / "b")), ("*.tmp", f"{tree}/b/cache", "log/**/*.log"))
    with tree_of(pool, host, source, Way(new_key(), 60)) as stream:
        (tmp_path / "tar").write_bytes(b"".join(iter(stream.read, b"")))
        assert stream.finish().exit_code == 0
    subprocess.run(["tar", "-xf", str(tmp_path / "tar"), "-C", str(out)], check=True)
    unpacked = out / str(tree).lstrip("/")
    found = sorted(str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file())
    assert found == ["a/cache/x", "a/keep.txt", "b/-rf", "b/n\newline"]


def test_a_source_that_is_not_there_is_named_before_anything_is_read(
    host: Target, pool: HostPool, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    paths = (str(tmp_path), "/nonesuch/a", str(tmp_path / "link"), "/nonesuch/$(b)")
    with pytest.raises(MissingSource, match="nothing was read") as failure:
        tree_of(pool, host, Source(paths), Way(new_key(), 60))
    assert failure.value.paths == ("/nonesuch/a", "/nonesuch/$(b)")
    with pytest.raises(HostError, match="no absolute path"):
        tree_of(pool, host, Source(("srv",)), Way(new_key(), 60))


def test_what_changes_while_it_is_read_is_said_and_what_cannot_be_read_is_an_error(
    host: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log").write_bytes(bytes(30 * MEBI))
    with tree_of(pool, host, Source((str(tmp_path),)), Way(new_key(), 60)) as stream:
        stream.read()
        with (tmp_path / "log").open("ab") as log:
            log.write(b"one more line")
        while stream.read():
            pass
        ending = stream.finish()
    assert ending.exit_code == 1
    assert "changed as we read it" in ending.stderr
    monkeypatch.setattr(transfer, "require", lambda *_: None)  # it goes away after the look
    source = Source((str(tmp_path), "/nonesuch/gone"))
    with (
        tree_of(pool, host, source, Way(new_key(), 60)) as stream,
        pytest.raises(CommandFailed, match="gone") as failure,
    ):
        stream.finish()
    assert failure.value.exit_code == 2
