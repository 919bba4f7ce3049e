"""Owned commands over real sshd: bytes, floods, secrets, kills."""

import hashlib
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from deployments.lab import Lab
from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import HostPool, OwnedCommand
from tests.drills.ssh_lab import as_target, command, new_key, shell, until
from tests.servers import need

pytestmark = pytest.mark.drill

TEXT = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
NASTY = some.sampled_from(["", "-rf", "--", "$(id)", "`id`", "it's", "a\nb", "\n", "*", "!!", "\\", "\x1b[2J", "ü€😀"])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=2) as lab:
        yield lab


@pytest.fixture(scope="module")
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=some.lists(TEXT | NASTY, min_size=1, max_size=5))
def test_every_argument_arrives_byte_for_byte(lab: Lab, pool: HostPool, words: list[str]) -> None:
    result = pool.run(as_target(lab.hosts[0]), command("/usr/bin/printf", "%s\\0", *words))
    assert result.stdout.head == b"".join(word.encode() + b"\0" for word in words), result


def test_an_argument_of_a_hundred_thousand_bytes_arrives(lab: Lab, pool: HostPool) -> None:
    long = "ä" * 50_000
    result = pool.run(as_target(lab.hosts[0]), command("/usr/bin/printf", "%s", long))
    assert result.stdout.sha256 == hashlib.sha256(long.encode()).hexdigest()


def test_five_megabytes_on_standard_error_first_hold_nothing_up(lab: Lab, pool: HostPool) -> None:
    result = pool.run(as_target(lab.hosts[0]), shell("head -c 5000000 /dev/zero >&2; echo out; exit 2"))
    assert (result.exit_code, result.stdout.text(), result.stderr.size) == (2, "out\n", 5_000_000)
    assert result.stderr.sha256 == hashlib.sha256(bytes(5_000_000)).hexdigest()


def test_a_hundred_megabytes_are_hashed_whole_and_kept_in_bounds(lab: Lab, pool: HostPool) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = pool.run(as_target(lab.hosts[0]), shell("head -c 100000000 /dev/zero | tr '\\0' 'x'", seconds=60))
    assert (result.outcome, result.stdout.size, result.stdout.cut) == (Outcome.OK, 100_000_000, True)
    digest = hashlib.sha256()
    for _ in range(100):
        digest.update(b"x" * 1_000_000)
    assert result.stdout.sha256 == digest.hexdigest()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000, "KiB more than before"
    kept = sum(path.stat().st_size for path in Path(lab.hosts[0].run_directory).rglob("*") if path.is_file())
    assert kept < 8_000_000


def test_a_secret_is_in_no_command_line_and_no_file(lab: Lab, pool: HostPool) -> None:
    canary = "canary-7f3a-correct-horse"
    seen: set[bytes] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes()
                except OSError:
                    continue
                if canary.encode() in line:
                    seen.add(line)

    watcher = threading.Thread(target=watch)
    watcher.start()
    owned = OwnedCommand(
        new_key(), ("sh", "-c", "sleep 1; printf %s $PASSWORD | sha256sum"), 30, secrets={"PASSWORD": canary}
    )
    result = pool.run(as_target(lab.hosts[1]), owned)
    done.set()
    watcher.join()
    assert result.stdout.text().startswith(hashlib.sha256(canary.encode()).hexdigest()), "the command had it"
    assert seen == set()
    files = [path for path in Path(lab.hosts[1].run_directory).rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if canary.encode() in path.read_bytes()]


def test_a_script_goes_through_the_line_and_is_for_its_owner_only(lab: Lab, pool: HostPool) -> None:
    owned = OwnedCommand(
        new_key(), ("--flag", "two words"), 30, script=b'#!/bin/sh\nls -l "$0" | cut -c1-10; echo "$2"\n'
    )
    assert pool.run(as_target(lab.hosts[0]), owned).stdout.text() == "-rwx------\ntwo words\n"


def test_a_kill_from_another_connection_is_proven(lab: Lab, pool: HostPool) -> None:
    target = as_target(lab.hosts[0])
    owned = shell("setsid sleep 81 & sleep 82 & trap '' TERM; sleep 83; sleep 84")
    results = []
    thread = threading.Thread(target=lambda: results.append(pool.run(target, owned)))
    thread.start()
    diary = Path(target.run_directory) / "runs" / f"{owned.key}.state"
    until(lambda: diary.exists() and "started" in diary.read_text())
    time.sleep(0.3)
    with HostPool() as other:
        proof = other.kill(target, owned.key, 1)
    thread.join()
    assert (proof.outcome, proof.gone, proof.survivors) == (Outcome.KILLED, True, ())
    assert [name.partition(":")[2] for name in proof.escaped] == ["sleep"]
    assert results[0].outcome is Outcome.KILLED


def test_a_job_that_runs_on_a_host_keeps_a_second_one_out(lab: Lab, pool: HostPool) -> None:
    target, other = as_target(lab.hosts[0]), as_target(lab.hosts[1])
    first = shell("sleep 30", lock="backup")
    thread = threading.Thread(target=lambda: pool.run(target, first))
    thread.start()
    diary = Path(target.run_directory) / "runs" / f"{first.key}.state"
    until(lambda: diary.exists() and "started" in diary.read_text())
    with HostPool() as second_controller:
        assert second_controller.run(target, shell("true", lock="backup")).fault is HostFault.BUSY
        assert second_controller.run(other, shell("true", lock="backup")).outcome is Outcome.OK
    pool.kill(target, first.key, 1)
    thread.join()


def test_a_login_shell_that_talks_and_one_that_refuses_are_told_apart(lab: Lab, pool: HostPool) -> None:
    home = lab.hosts[1].folder / "home"
    with HostPool() as fresh:
        (home / ".bashrc").write_text("echo welcome to this machine\necho and mind the step >&2\n")
        try:
            assert fresh.run(as_target(lab.hosts[1]), shell("echo out")).stdout.text() == "out\n"
        finally:
            (home / ".bashrc").write_text("echo This account is currently not available.; exit 1\n")
    try:
        with HostPool() as fresh:
            result = fresh.run(as_target(lab.hosts[1]), shell("echo out"))
    finally:
        (home / ".bashrc").unlink()
    if result.outcome is Outcome.OK:
        pytest.skip("the login shell here is no bash that reads its file for commands")
    assert (result.outcome, result.fault) == (Outcome.UNKNOWN, HostFault.UNUSABLE)
    assert "not available" in result.message


def test_the_probe_names_what_a_host_lacks(lab: Lab, pool: HostPool) -> None:
    assert pool.probe(as_target(lab.hosts[0])) is None
    trouble = pool.trouble(as_target(lab.hosts[0], run_directory="/proc/watchbill"))
    assert trouble is not None
    assert trouble.fault is HostFault.UNUSABLE
