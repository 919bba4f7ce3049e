"""Streams on this machine: every byte, every exit code, and nothing left behind."""

import hashlib
import io
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.lab.processes import marked
from models.errors import HostError
from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import CommandFailed, HostPool, OwnedCommand, Stream, StreamLost, Target, transfer
from tests.drills.ssh_lab import command, new_key, shell, until
from tests.tasks.owned_lab import diary, has


def drained(stream: Stream, size: int = 100_000) -> bytes:
    """All that comes, in pieces of a size that fits nothing."""
    pieces = []
    while piece := stream.read(size):
        assert len(piece) <= size
        pieces.append(piece)
    return b"".join(pieces)


def of(pool: HostPool, target: Target, owned: OwnedCommand, **more: object) -> bytes:
    """The whole output of a stream that ends well."""
    with pool.stream(target, owned, **more) as stream:  # type: ignore[arg-type]  # the options of one test
        output = drained(stream)
        assert stream.finish().size == len(output)
    return output


def noise(size: int) -> bytes:
    """Bytes of every kind, the same each time."""
    return random.Random(7).randbytes(size)


def is_gone(key: str) -> bool:
    """Is nobody left who carries the mark of a command?"""
    return not marked(f"WATCHBILL_STEP={key}")


def test_every_byte_of_the_output_arrives(here: Target, pool: HostPool, tmp_path: Path) -> None:
    whole = b"\0\n\0" + noise(5_000_003) + b"\0\0"
    (tmp_path / "whole").write_bytes(whole)
    assert of(pool, here, command("cat", str(tmp_path / "whole"))) == whole
    assert of(pool, here, command("true")) == b""


def test_every_byte_of_the_input_arrives_and_ends(here: Target, pool: HostPool) -> None:
    whole = b"\n" + noise(5_000_003) + b"\0"
    assert of(pool, here, command("cat"), stdin=io.BytesIO(whole)) == whole
    assert of(pool, here, command("cat"), stdin=io.BytesIO(b"")) == b""


def test_what_is_printed_comes_at_once(here: Target, pool: HostPool) -> None:
    with pool.stream(here, shell("echo first; sleep 5; echo second")) as stream:
        started = time.monotonic()
        assert stream.read() == b"first\n"
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("line", "code", "stderr", "reason"),
    [
        ("echo half; echo no space >&2; exit 3", 3, "no space\n", "its own code, and why"),
        ("exit 124", 124, "", "the code of a deadline, but it ended at once"),
        ("kill -9 $$", 137, "", "ended by a signal"),
        ("nonesuch-command", 127, "nonesuch-command: not found", "not there"),
    ],
)
def test_a_command_that_failed_is_an_error_at_the_end(
    here: Target, pool: HostPool, line: str, code: int, stderr: str, reason: str
) -> None:
    with pool.stream(here, shell(line)) as stream:
        drained(stream)
        with pytest.raises(CommandFailed) as failure:
            stream.finish()
    assert (failure.value.exit_code, failure.value.fault) == (code, HostFault.COMMAND), reason
    assert stderr in failure.value.stderr, reason
    assert f"exit code {code}" in str(failure.value)


def test_a_flood_on_standard_error_neither_blocks_nor_grows(here: Target, pool: HostPool) -> None:
    flood = "head -c 30000000 /dev/zero | tr '\\0' x >&2; head -c 3000000 /dev/zero; echo last words >&2; exit 2"
    with pool.stream(here, shell(flood)) as stream:
        assert len(drained(stream)) == 3_000_000
        with pytest.raises(CommandFailed, match="last words") as failure:
            stream.finish()
    assert failure.value.stderr == "x" * 65536


def test_the_host_ends_a_stream_at_its_deadline(here: Target, pool: HostPool) -> None:
    owned = shell("echo on; trap '' TERM; while :; do sleep 0.1; done", seconds=1, kill_grace_seconds=1)
    with pool.stream(here, owned) as stream:
        assert drained(stream) == b"on\n"
        with pytest.raises(HostError) as failure:
            stream.finish()
    assert failure.value.fault is HostFault.TIMEOUT
    assert is_gone(owned.key)


def test_a_secret_comes_by_the_stream_and_is_in_no_command_line(here: Target, pool: HostPool) -> None:
    owned = shell("cat; echo $TOKEN; cat /proc/*/cmdline", secrets={"TOKEN": "t'1 correct horse"})
    with pool.stream(here, owned, stdin=io.BytesIO(b"body ")) as stream:
        output = drained(stream)
    assert output.startswith(b"body t'1 correct horse\n")
    assert output.count(b"correct horse") == 1


def test_a_command_may_end_before_its_input_does(here: Target, pool: HostPool) -> None:
    assert of(pool, here, command("head", "-c", "3"), stdin=io.BytesIO(bytes(9_000_000))) == bytes(3)


class Broken:
    """A source that fails half way."""

    def __init__(self) -> None:
        self.left = 3

    def read(self, size: int) -> bytes:
        self.left -= 1
        if not self.left:
            raise OSError("the disk of the source is gone")
        return bytes(size)


def test_a_command_never_takes_half_of_its_input_for_all_of_it(here: Target, pool: HostPool, tmp_path: Path) -> None:
    owned = shell(f"cat >{tmp_path}/half; touch {tmp_path}/taken")
    with pool.stream(here, owned, stdin=Broken()) as stream, pytest.raises(OSError, match="disk of the source"):
        stream.finish()
    assert is_gone(owned.key)
    assert (tmp_path / "half").exists()
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("line", ["yes", "sleep 60", "trap '' TERM PIPE; echo; while :; do sleep 0.1; done"])
def test_a_stream_that_is_left_leaves_nothing(here: Target, pool: HostPool, line: str) -> None:
    owned = shell(line, kill_grace_seconds=1)
    with pool.stream(here, owned) as stream:
        pass
    assert is_gone(owned.key)
    with pytest.raises(HostError, match="left before its end"):
        stream.finish()


def test_a_kill_from_elsewhere_is_proven_and_said(here: Target, pool: HostPool) -> None:
    owned = shell("echo on; setsid sleep 71 & sleep 72")
    with pool.stream(here, owned) as stream:
        assert stream.read() == b"on\n"
        with HostPool() as other:
            proof = other.kill(here, owned.key, 1)
        assert (proof.outcome, proof.gone) == (Outcome.KILLED, True)
        with pytest.raises(HostError, match="killed on request"):
            stream.finish()
    assert is_gone(owned.key)


def test_a_wrapper_that_was_killed_is_a_lost_line_and_its_command_ends(here: Target, pool: HostPool) -> None:
    owned = shell("echo on; sleep 60")
    with pool.stream(here, owned) as stream:
        assert stream.read() == b"on\n"
        os.kill(int(diary(here, owned.key).read_text().split()[1]), signal.SIGKILL)
        with pytest.raises(StreamLost) as failure:
            stream.read()
    assert (failure.value.fault, failure.value.proof.gone) == (HostFault.LOST, True)
    assert "nothing of it is left" in str(failure.value)
    assert is_gone(owned.key)


def test_who_outlives_the_command_and_holds_its_output_makes_it_no_whole_one(here: Target, pool: HostPool) -> None:
    owned = shell("(sleep 60; echo late) & echo early")
    with pool.stream(here, owned) as stream:
        assert drained(stream) == b"early\n"
        with pytest.raises(HostError, match="had left somebody who held its output"):
            stream.finish()
    assert is_gone(owned.key)


def test_a_daemon_that_let_go_of_the_output_may_stay(here: Target, pool: HostPool) -> None:
    owned = shell("setsid sleep 60 >/dev/null 2>&1 & echo started")
    assert of(pool, here, owned) == b"started\n"
    assert not is_gone(owned.key)
    pool.kill(here, owned.key, 1)
    for pid in marked(f"WATCHBILL_STEP={owned.key}"):
        os.kill(pid, signal.SIGKILL)


def test_a_key_serves_once(here: Target, pool: HostPool, tmp_path: Path) -> None:
    owned = shell(f"echo ran >>{tmp_path}/ran")
    of(pool, here, owned)
    with pytest.raises(HostError, match="its key was used before; nothing was started") as failure:
        pool.stream(here, owned)
    assert failure.value.fault is HostFault.BUSY
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_the_host_keeps_how_a_stream_ended(here: Target, pool: HostPool) -> None:
    owned = shell("echo out; echo err >&2; exit 6")
    with pool.stream(here, owned) as stream, pytest.raises(CommandFailed):
        stream.finish()
    result = pool.collect(here, owned.key)
    assert result is not None
    assert (result.outcome, result.exit_code, result.stderr.head) == (Outcome.FAILED, 6, b"err\n")


def test_a_stream_holds_its_lock_and_its_slot(here: Target, pool: HostPool) -> None:
    with pool.stream(here, shell("echo on; sleep 60", lock="dump")) as stream:
        assert stream.read() == b"on\n"
        assert pool.run(here, shell("true", lock="dump")).fault is HostFault.BUSY
        with pytest.raises(HostError, match="the lock dump is held by"):
            pool.stream(here, shell("true", lock="dump"))
    assert pool.run(here, shell("true", lock="dump")).outcome is Outcome.OK


def test_commands_after_streams_share_their_slots_but_not_their_output(here: Target, pool: HostPool) -> None:
    one = Target("one", connection="local", run_directory=f"{here.run_directory}-one", slots=1)
    assert pool.run(one, shell("echo a secret of another command")).outcome is Outcome.OK
    owned = shell("echo streamed")
    assert of(pool, one, owned) == b"streamed\n"
    assert pool.run(one, shell("printf short")).stdout.head == b"short"
    assert not has(diary(one, owned.key), "secret")
    assert not list(Path(one.run_directory).rglob(f"{owned.key.partition('/')[2]}.out"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda: OwnedCommand(new_key(), (), 5), "a stream runs a command"),
        (lambda: OwnedCommand(new_key(), (), 5, script=b"#!/bin/sh\n"), "a stream runs a command"),
        (lambda: OwnedCommand("no-key", ("true",), 5), "is not DAY/NAME"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(
    here: Target, pool: HostPool, change: Callable[[], OwnedCommand], says: str
) -> None:
    with pytest.raises(HostError, match=says) as failure:
        pool.stream(here, change())
    assert failure.value.fault is HostFault.REFUSED_BY_US


def test_fifty_streams_leave_no_thread_no_file_and_no_process(here: Target, pool: HostPool) -> None:
    of(pool, here, command("true"))
    files, threads = len(list(Path("/proc/self/fd").iterdir())), set(threading.enumerate())
    for _ in range(50):
        assert of(pool, here, command("cat"), stdin=io.BytesIO(b"x")) == b"x"
    until(lambda: set(threading.enumerate()) <= threads, 10)
    assert len(list(Path("/proc/self/fd").iterdir())) <= files


def test_the_input_of_a_stream_may_be_another_stream(here: Target, pool: HostPool) -> None:
    with pool.stream(here, command("head", "-c", "3000000", "/dev/zero")) as source:
        digest = of(pool, here, command("sha256sum"), stdin=source)
        source.finish()
    assert digest.split()[0].decode() == hashlib.sha256(bytes(3_000_000)).hexdigest()


@pytest.mark.parametrize("direction", ["put", "get"])
def test_a_file_that_arrives_with_another_byte_takes_no_name(
    here: Target, pool: HostPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direction: str
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    new.write_bytes(bytes(1_000_000))
    old.write_text("old")
    kind = transfer._Sent if direction == "put" else transfer._Measured
    read = kind.read
    monkeypatch.setattr(kind, "read", lambda self, size: read(self, size).replace(b"\0", b"\1", 1))
    way = transfer.Way(new_key(), 60)
    if direction == "get":  # what is read is hashed as it comes, so the damage must lie before that
        monkeypatch.setattr(transfer, "_CHECK", "echo 1000000 0123456789abcdef")
    with pytest.raises(HostError, match=f"{new} changed while it was .*, or arrived damaged"):
        if direction == "put":
            transfer.put(pool, here, new, str(old), way)
        else:
            transfer.get(pool, here, str(new), old, way)
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]
    monkeypatch.undo()
    assert transfer.put(pool, here, new, str(old), transfer.Way(new_key(), 60)).size == 1_000_000
    assert old.read_bytes() == new.read_bytes()


@pytest.mark.parametrize(
    ("name", "says"),
    [("folder", "it is a folder"), ("nonesuch/file", "nonexistent|No such file")],
    ids=["folder", "none"],
)
def test_a_file_that_cannot_take_its_name_leaves_no_part(
    here: Target, pool: HostPool, tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "new").write_text("new")
    with pytest.raises(HostError, match=says):
        transfer.put(pool, here, tmp_path / "new", str(tmp_path / name), transfer.Way(new_key(), 60))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "new"]
