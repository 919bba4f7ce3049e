"""Lines that die, hosts that hang, keys that are wrong: what a result says, and that nothing runs twice."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from deployments.lab import Lab
from models.settings import CHECKOUT
from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import CommandResult, HostPool, OwnedCommand, Target, line, links
from tests.drills.ssh_lab import as_target, command, new_key, shell, until
from tests.servers import need

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=4) as lab:
        yield lab


@pytest.fixture
def pool() -> Iterator[HostPool]:
    with HostPool() as pool:
        yield pool


def in_thread(pool: HostPool, target: Target, owned: OwnedCommand) -> tuple[threading.Thread, list[CommandResult]]:
    results: list[CommandResult] = []
    thread = threading.Thread(target=lambda: results.append(pool.run(target, owned)))
    thread.start()
    return thread, results


def test_a_session_killed_mid_command_still_gives_the_true_exit_code_of_one_run(
    lab: Lab, pool: HostPool, tmp_path: Path
) -> None:
    owned = shell(f"echo ran >> {tmp_path}/ran; sleep 1.5; echo done; exit 7")
    thread, results = in_thread(pool, as_target(lab.hosts[0]), owned)
    until((tmp_path / "ran").exists)
    for pid in lab.sessions("host1"):
        os.kill(pid, signal.SIGKILL)
    thread.join()
    assert (results[0].outcome, results[0].exit_code, results[0].stdout.text()) == (Outcome.FAILED, 7, "done\n")
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert not results[0].attached, "it was this controller that started it"


def test_one_that_attached_knows_it_also_when_its_line_died_meanwhile(lab: Lab, tmp_path: Path) -> None:
    owned = shell(f"echo ran >> {tmp_path}/ran; while [ ! -e {tmp_path}/enough ]; do sleep 0.1; done; exit 7")
    with HostPool() as first, HostPool() as second:
        starting, starters = in_thread(first, as_target(lab.hosts[0]), owned)
        until((tmp_path / "ran").exists)
        alone = len(lab.sessions("host1"))
        attaching, attached = in_thread(second, as_target(lab.hosts[0]), owned)
        until(lambda: len(lab.sessions("host1")) > alone)
        time.sleep(1)  # its request has reached the host
        for pid in lab.sessions("host1"):
            os.kill(pid, signal.SIGKILL)
        (tmp_path / "enough").touch()
        starting.join()
        attaching.join()
    assert (starters[0].exit_code, starters[0].attached) == (7, False)
    assert (attached[0].exit_code, attached[0].attached) == (7, True)
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_controller_killed_mid_command_is_followed_by_one_that_collects(
    lab: Lab, pool: HostPool, tmp_path: Path
) -> None:
    host, key = lab.hosts[1], new_key()
    program = f"""
        from pathlib import Path
        from tasks.tools.ssh import HostPool, OwnedCommand, Target
        target = Target("host2", "{host.address}", {host.port}, "{host.user}", Path("{host.key_file}"),
                        ("{host.host_key}",), run_directory="{host.run_directory}")
        with HostPool() as pool:
            pool.run(target, OwnedCommand("{key}", ("sh", "-c", "echo ran >> {tmp_path}/ran; sleep 2; exit 9"), 30))
    """
    controller = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=CHECKOUT)
    until((tmp_path / "ran").exists)
    controller.kill()
    controller.wait()
    result = pool.collect(as_target(host), key)
    assert result is not None
    assert (result.outcome, result.exit_code, result.attached) == (Outcome.FAILED, 9, True)
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_wrong_host_key_means_that_nothing_is_sent(lab: Lab, pool: HostPool, tmp_path: Path) -> None:
    wrong = replace(as_target(lab.hosts[0]), host_keys=(lab.hosts[1].host_key,))
    result = pool.run(wrong, shell(f"touch {tmp_path}/ran"))
    assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.WRONG_KEY)
    assert "SHA256:" in result.message
    assert "nothing was sent" in result.message
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("pins", "fault", "says", "reason"),
    [
        ((), HostFault.WRONG_KEY, "no host key is pinned", "no trust on first use"),
        (("ssh-rsa AAAAB3NzaC1yc2E=",), HostFault.WRONG_KEY, "nothing that we accept", "another kind is another key"),
        (("rubbish",), HostFault.REFUSED_BY_US, "is not like", "a mistake in the site, not of the host"),
    ],
)
def test_without_the_right_pin_there_is_no_connection(
    lab: Lab, pool: HostPool, pins: tuple[str, ...], fault: HostFault, says: str, reason: str
) -> None:
    result = pool.run(as_target(lab.hosts[0], host_keys=pins), command("true"))
    assert (result.outcome, result.fault) == (Outcome.FAILED, fault), reason
    assert says in result.message, reason


def test_a_key_that_the_host_does_not_know_is_told_from_a_broken_one(lab: Lab, pool: HostPool, tmp_path: Path) -> None:
    stranger = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    refused = pool.run(as_target(lab.hosts[0], key_file=stranger), command("true"))
    assert (refused.fault, refused.outcome) == (HostFault.AUTH, Outcome.FAILED)
    assert str(stranger) in refused.message
    missing = pool.run(as_target(lab.hosts[0], key_file=tmp_path / "none"), command("true"))
    assert missing.fault is HostFault.REFUSED_BY_US


def test_a_closed_port_is_refused_at_once_and_open_again_serves(lab: Lab, pool: HostPool) -> None:
    target = as_target(lab.hosts[2])
    assert pool.run(target, command("true")).outcome is Outcome.OK
    lab.stop_host("host3")
    started = time.monotonic()
    result = pool.run(target, command("true"))
    assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.REFUSED)
    assert result.message == f"connection refused by 127.0.0.1:{target.port}"
    assert time.monotonic() - started < 5
    proof = pool.kill(target, new_key())
    assert proof.outcome is Outcome.KILL_UNCONFIRMED
    assert "nobody knows" in proof.message
    lab.start_host("host3")
    assert pool.run(target, command("true")).outcome is Outcome.OK


def test_a_frozen_sshd_hangs_and_is_given_up_in_time(lab: Lab, pool: HostPool) -> None:
    lab.freeze_host("host4")
    try:
        started = time.monotonic()
        result = pool.run(as_target(lab.hosts[3]), command("true"))
        assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.HANGS)
        assert time.monotonic() - started < 15
    finally:
        lab.thaw_host("host4")
    assert pool.probe(as_target(lab.hosts[3])) is None


def test_a_session_frozen_while_idle_gets_no_command(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was good a minute ago must not swallow a command, nor hold it for its whole deadline."""
    monkeypatch.setattr(line, "CHANNEL_SECONDS", 2)
    monkeypatch.setattr(line, "BANNER_SECONDS", 2)
    with HostPool() as pool:
        target = as_target(lab.hosts[3])
        assert pool.run(target, command("true")).outcome is Outcome.OK
        lab.freeze_host("host4")
        try:
            started = time.monotonic()
            result = pool.run(target, shell(f"touch {tmp_path}/ran", seconds=3600))
            assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.HANGS)
            assert time.monotonic() - started < 10
        finally:
            lab.thaw_host("host4")
        time.sleep(0.3)
        assert not (tmp_path / "ran").exists()


def test_a_server_that_closes_every_handshake_is_no_hanging_one(
    pool: HostPool, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "KNOCKS", 3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def slam() -> None:
            server.settimeout(0.1)
            while not stop.is_set():
                try:
                    server.accept()[0].close()
                except TimeoutError:
                    continue

        thread = threading.Thread(target=slam)
        thread.start()
        result = pool.run(as_target(lab.hosts[0], port=server.getsockname()[1]), command("true"))
        stop.set()
        thread.join()
    assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.REFUSED)
    assert "hung up during the handshake" in result.message


def test_a_host_behind_a_jump_host_is_reached_and_their_faults_told_apart(lab: Lab, pool: HostPool) -> None:
    jump = as_target(lab.hosts[0])
    behind = as_target(lab.hosts[1], jump=jump)
    result = pool.run(behind, shell("echo $WATCHBILL_LAB_HOST"))
    assert (result.outcome, result.stdout.text()) == (Outcome.OK, "host2\n")
    assert pool.run(behind, shell("echo again")).stdout.text() == "again\n"
    closed = pool.run(as_target(lab.hosts[1], jump=jump, port=1), command("true"))
    assert closed.fault is HostFault.UNREACHABLE
    assert "through host1" in closed.message
    no_jump = pool.run(as_target(lab.hosts[1], jump=replace(jump, port=1)), command("true"))
    assert no_jump.fault is HostFault.REFUSED
    assert "the jump host host1" in no_jump.message


def test_forty_connections_at_once_meet_no_max_startups(tmp_path: Path) -> None:
    need("sshd")
    with Lab(tmp_path, hosts=1, max_startups="10:30:100") as lab, HostPool(channels_per_connection=1) as pool:
        target = as_target(lab.hosts[0], slots=64)
        results = pool.run_many([(target, shell("sleep 0.2")) for _ in range(40)], threads=40)
    assert [result.message for result in results] == ["exit code 0"] * 40


def test_eight_commands_share_a_connection_and_nine_take_two(lab: Lab) -> None:
    with HostPool() as pool:
        target = as_target(lab.hosts[0], slots=64)
        before = len(_established(target.port))
        nine = [(target, shell("sleep 1.5")) for _ in range(9)]
        thread = threading.Thread(target=pool.run_many, args=(nine,))
        thread.start()
        time.sleep(1)
        assert len(_established(target.port)) - before == 2
        thread.join()


def test_an_idle_connection_keeps_its_slot_only_until_somebody_needs_it(lab: Lab, tmp_path: Path) -> None:
    target = as_target(lab.hosts[0], slots=1, run_directory=str(tmp_path / "lent"))
    slot, one = tmp_path / "lent/slots/1", tmp_path / "one"  # `one` is there while a command runs: two cannot make it
    script = f"mkdir {one} && sleep 0.01 && echo $WATCHBILL_STEP && rmdir {one}"
    commands = [shell(script, lock_wait_seconds=60) for _ in range(45)]
    with HostPool() as mine, HostPool() as yours, HostPool() as theirs:
        assert mine.run(target, shell("true")).exit_code == 0
        lent = slot.read_text()
        assert lent.startswith("lent ")
        assert mine.run(target, shell("true")).exit_code == 0
        assert slot.read_text() == lent  # it had it again without the mutex, and wrote nothing there
        # Taken under the mutex by its own shell it is given back like any other.
        assert mine.run(target, shell("true", lock="job")).exit_code == 0
        assert slot.read_text().startswith("free")
        assert yours.run(target, shell("true")).exit_code == 0
        assert slot.read_text().split()[2] != lent.split()[2]
        with ThreadPoolExecutor(3) as threads:
            pools = cycle((mine, yours, theirs))
            results = list(threads.map(lambda pool, each: pool.run(target, each), pools, commands))
    said = [(result.message, result.stdout.text().strip()) for result in results]
    assert said == [("exit code 0", each.key) for each in commands]


def _established(port: int) -> list[str]:
    """This machine's connections to a port, as the kernel lists them."""
    remote = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()
    return [line for line in lines if line.split()[2].endswith(remote) and line.split()[3] == "01"]


def test_a_closed_pool_leaves_no_thread_and_no_connection(lab: Lab) -> None:
    before = set(threading.enumerate())
    with HostPool() as pool:
        pool.run_many([(as_target(host), command("true")) for host in lab.hosts])
        pool.run(as_target(lab.hosts[0], port=1), command("true"))
    until(lambda: set(threading.enumerate()) <= before, 20)
    refused = pool.run(as_target(lab.hosts[0]), command("true"))
    assert refused.fault is HostFault.REFUSED_BY_US
