"""Packets that vanish: a host in a network namespace of its own, cut off by its packet filter."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.lab import Lab
from deployments.lab.openssh import Sshd, make_key
from deployments.lab.processes import end_marked
from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import HostPool, Target, line
from tasks.tools.ssh import pool as pool_module
from tests.drills.ssh_lab import as_target, command, new_key, shell, until
from tests.servers import need, need_root

pytestmark = [pytest.mark.drill, pytest.mark.fault]


class FarHost:
    """A real sshd behind a cable that can be cut."""

    def __init__(self, folder: Path) -> None:
        self._space = f"wb{os.getpid()}"
        self._cable = f"wb{os.getpid() % 10**9}"
        network = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
        self.address = f"{network}.2"
        mark = f"WATCHBILL_LAB=far{os.getpid()}"
        self._mark = mark
        host_key, user_key = make_key(folder / "host_key", "far"), make_key(folder / "user_key", "user")
        (folder / "authorized_keys").write_text(user_key)
        (folder / "home").mkdir()
        environment = {"WATCHBILL_LAB": mark.partition("=")[2], "HOME": str(folder / "home")}
        self.target = Target(
            "far",
            self.address,
            22,
            "root",
            folder / "user_key",
            (host_key,),
            run_directory=str(folder / "watchbill"),
        )
        self._sshd = Sshd(
            need("sshd"),
            folder,
            22,
            {self.address: environment},
            folder / "authorized_keys",
            "10:30:100",
            prefix=("ip", "netns", "exec", self._space),
        )
        self._near = f"{network}.1/30"

    def __enter__(self) -> "FarHost":
        run("ip", "netns", "add", self._space)
        try:
            run("ip", "link", "add", self._cable, "type", "veth", "peer", "name", "far0", "netns", self._space)
            run("ip", "addr", "add", self._near, "dev", self._cable)
            run("ip", "link", "set", self._cable, "up")
            run("ip", "-n", self._space, "addr", "add", f"{self.address}/30", "dev", "far0")
            run("ip", "-n", self._space, "link", "set", "far0", "up")
            self._sshd.start()
            self._sshd.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._sshd.stop()
        end_marked(self._mark)
        run("ip", "netns", "del", self._space)

    def cut(self) -> None:
        """From now on every packet is dropped, both ways, without a word."""
        for chain in ("INPUT", "OUTPUT"):
            run("ip", "netns", "exec", self._space, "iptables", "-I", chain, "-j", "DROP")

    def mend(self) -> None:
        """Packets pass again."""
        for chain in ("INPUT", "OUTPUT"):
            run("ip", "netns", "exec", self._space, "iptables", "-D", chain, "-j", "DROP")


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=20)


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarHost]:
    for server in ("sshd", "ip", "iptables"):
        need(server)
    need_root()
    with FarHost(tmp_path_factory.mktemp("far")) as far:
        yield far


def test_a_host_that_drops_packets_is_unreachable_and_holds_no_other_up(
    far: FarHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.cut()
    try:
        ended: dict[str, float] = {}
        started = time.monotonic()
        with Lab(tmp_path, hosts=3) as lab, HostPool() as pool:
            pairs = [(target, command("true")) for target in [far.target, *map(as_target, lab.hosts)]]
            results = pool.run_many(
                pairs, on_result=lambda result: ended.update({result.host: time.monotonic() - started})
            )
            monkeypatch.setattr(line, "CONNECT_SECONDS", 1)
            proof = pool.kill(far.target, new_key())
    finally:
        far.mend()
    outcomes = [result.outcome for result in results]
    assert outcomes == [Outcome.FAILED, Outcome.OK, Outcome.OK, Outcome.OK], [result.message for result in results]
    assert results[0].fault is HostFault.UNREACHABLE
    assert results[0].message == f"{far.address}:22 did not answer within 5 s"
    assert ended["far"] < 10
    assert max(seconds for host, seconds in ended.items() if host != "far") < ended["far"]
    assert proof.outcome is Outcome.KILL_UNCONFIRMED


def test_a_half_open_line_is_noticed_and_the_command_collected_when_it_mends(far: FarHost, tmp_path: Path) -> None:
    owned = shell(f"echo ran >> {tmp_path}/ran; sleep 2; echo done; exit 7", seconds=60)
    results = []
    with HostPool() as pool:
        assert pool.run(far.target, command("true")).outcome is Outcome.OK
        thread = threading.Thread(target=lambda: results.append(pool.run(far.target, owned)))
        thread.start()
        until((tmp_path / "ran").exists)
        far.cut()
        try:
            until(lambda: not _established(far.address), 60)
        finally:
            far.mend()
        thread.join()
    assert (results[0].outcome, results[0].exit_code, results[0].stdout.text()) == (Outcome.FAILED, 7, "done\n")
    assert (tmp_path / "ran").read_text() == "ran\n"


def _established(address: str) -> list[str]:
    """This machine's connections to an address, as the kernel lists them."""
    remote = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[2].startswith(remote) and line.split()[3] == "01"]


def test_a_host_that_stays_away_leaves_the_outcome_unknown(
    far: FarHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ran, and nobody can say how it ended: that is not `failed`."""
    monkeypatch.setattr(pool_module, "ANSWER_SECONDS", 2)
    monkeypatch.setattr(pool_module, "LAST_LOOK_SECONDS", 1)
    monkeypatch.setattr(line, "CONNECT_SECONDS", 1)
    for name, value in {"QUIET_SECONDS": 1, "KNOCK_SECONDS": 1, "KNOCKS_UNHEARD": 2}.items():
        monkeypatch.setattr(line, name, value)
    owned = shell(f"touch {tmp_path}/ran; sleep 1", seconds=2, kill_grace_seconds=1)
    results = []
    with HostPool() as pool:
        thread = threading.Thread(target=lambda: results.append(pool.run(far.target, owned)))
        thread.start()
        until((tmp_path / "ran").exists)
        far.cut()
        try:
            thread.join()
        finally:
            far.mend()
        assert (results[0].outcome, results[0].fault) == (Outcome.UNKNOWN, HostFault.LOST)
        assert "may live" in results[0].message
        collected = pool.collect(far.target, owned.key)
    assert collected is not None
    assert (collected.outcome, collected.attached) == (Outcome.OK, True)
