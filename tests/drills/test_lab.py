"""The lab: real hosts that start quickly, feel like machines of their own, and all end."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.lab import Lab
from deployments.lab.processes import marked
from models.settings import CHECKOUT
from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import HostPool, line
from tests.drills.ssh_lab import as_target, command, shell, until
from tests.servers import need

pytestmark = pytest.mark.drill


@pytest.fixture(params=["OpenSSH sshd", "asyncssh"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    if request.param == "OpenSSH sshd":
        need("sshd")
    with Lab(tmp_path / "lab", hosts=["web1", "web2", "db1"], kind=request.param) as lab:
        assert lab.kind == request.param
        yield lab


def test_each_host_has_a_name_a_home_and_a_key_of_its_own(lab: Lab) -> None:
    with HostPool() as pool:
        line = 'echo "$WATCHBILL_LAB_HOST"; pwd; echo "$HOME"'
        results = pool.run_many([(as_target(host), shell(line)) for host in lab.hosts])
    for host, result in zip(lab.hosts, results, strict=True):
        assert result.stdout.text().splitlines() == [host.name, str(host.folder / "home"), str(host.folder / "home")]
    assert [host.name for host in lab.hosts] == ["web1", "web2", "db1"]
    assert len({host.host_key for host in lab.hosts}) == len({host.port for host in lab.hosts}) == 3


def test_a_host_can_be_stopped_frozen_and_brought_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "BANNER_SECONDS", 2)
    web1, web2 = as_target(lab.host("web1")), as_target(lab.host("web2"))
    with HostPool() as pool:
        lab.stop_host("web1")
        assert pool.run(web1, command("true")).fault is HostFault.REFUSED
        lab.start_host("web1")
        assert pool.run(web1, command("true")).outcome is Outcome.OK
        lab.freeze_host("web2")
        assert pool.run(web2, command("true")).fault is HostFault.HANGS
        lab.thaw_host("web2")
        assert pool.run(web2, command("true")).outcome is Outcome.OK


def test_a_command_outlives_its_line(lab: Lab, tmp_path: Path) -> None:
    target = as_target(lab.host("web1"))
    owned = shell(f"touch {tmp_path}/began; sleep 1; exit 7")
    with HostPool() as pool:
        results = []
        thread = threading.Thread(target=lambda: results.append(pool.run(target, owned)))
        thread.start()
        until((tmp_path / "began").exists)
        lab.stop_host("web1")
        lab.start_host("web1")
        thread.join()
    assert (results[0].outcome, results[0].exit_code) == (Outcome.FAILED, 7)


def test_all_that_was_started_ends_with_the_lab_even_when_it_fails(tmp_path: Path) -> None:
    need("sshd")
    with pytest.raises(ValueError, match="trouble"), Lab(tmp_path / "lab", hosts=2) as lab, HostPool() as pool:
        pool.run(as_target(lab.hosts[0]), shell("setsid sleep 300 & setsid sleep 301 >/dev/null 2>&1 & exit 0"))
        assert len(marked(lab.mark)) >= 2
        raise ValueError("trouble")
    assert marked(lab.mark) == []
    with HostPool() as pool:
        assert pool.run(as_target(lab.hosts[0]), command("true")).fault is HostFault.REFUSED


def test_a_lab_whose_owner_was_killed_goes_too(tmp_path: Path) -> None:
    need("sshd")
    program = f"""
        import sys, time
        from pathlib import Path
        from deployments.lab import Lab
        with Lab(Path("{tmp_path}/lab"), hosts=2) as lab:
            sys.stdout.write(" ".join(str(server.process.pid) for server in lab._servers.values()) + chr(10))
            sys.stdout.flush()
            time.sleep(60)
    """
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=CHECKOUT, stdout=subprocess.PIPE)
    assert owner.stdout
    with owner.stdout:
        pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 2
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    until(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_hundred_hosts_share_seven_servers_and_start_in_seconds(tmp_path: Path) -> None:
    need("sshd")
    started = time.monotonic()
    with Lab(tmp_path, hosts=100) as lab, HostPool() as pool:
        assert time.monotonic() - started < 10
        last = lab.hosts[-1]
        result = pool.run(as_target(last), shell("echo $WATCHBILL_LAB_HOST"))
        assert result.stdout.text() == "host100\n"
        assert len({(host.address, host.port) for host in lab.hosts}) == 100
        with pytest.raises(RuntimeError, match="shares its sshd"):
            lab.stop_host("host3")
