"""`uname -a` on 100 SSH hosts of this machine: ours, bare paramiko, ansible and pssh, alternating in one run.

Each contestant is a process of its own, so that start-up, imports and client CPU count for everybody. The
figures inside a process (`fan_out_seconds`, `reused_seconds`) leave the start of Python out.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from deployments.lab import Lab, LabHost
from models import clock
from models.settings import CHECKOUT
from tasks.tools.ssh import CommandResult, HostPool, OwnedCommand, Target

HOSTS = 100
THREADS = 32
FORKS = 50
COMMAND = ("uname", "-a")
WARM_ROUNDS = 5
Figures = dict[str, float]


@dataclass(frozen=True)
class Contestant:
    """One way to do it: its command line, and what to do after each run, unmeasured."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    clean_up: Callable[[], None] = lambda: None


def targets(folder: Path) -> list[Target]:
    """The lab's hosts, from the list that `measure` left for its children."""
    return [
        Target(
            name=host["name"],
            address=host["address"],
            port=host["port"],
            user=host["user"],
            key_file=Path(host["key_file"]),
            host_keys=(host["host_key"],),
            run_directory=host["run_directory"],
        )
        for host in json.loads((folder / "hosts.json").read_text())
    ]


def ours(folder: Path, rounds: int, on_result: Callable[[CommandResult], None] | None = None) -> list[float]:
    """The seconds of each round over all hosts: the first on new connections, the others on the same ones."""
    hosts, seconds = targets(folder), []
    with HostPool() as pool:
        for number in range(rounds):
            started = time.perf_counter()
            run = f"{clock.now():%Y%m%d}/BENCH{os.getpid()}-{number}"
            pairs = [(host, OwnedCommand(f"{run}-{host.name}", COMMAND, 60)) for host in hosts]
            results = pool.run_many(pairs, threads=THREADS, on_result=on_result)
            seconds.append(time.perf_counter() - started)
            bad = [result for result in results if result.exit_code != 0 or b"Linux" not in result.stdout.head]
            if bad:
                raise SystemExit(f"{len(bad)} hosts failed, first: {bad[0]}")
    return seconds


def bare(folder: Path, rounds: int) -> list[float]:
    """The same by paramiko's own client, as a short script would do it."""
    import paramiko

    hosts = targets(folder)
    key = paramiko.PKey.from_path(str(hosts[0].key_file))
    clients: dict[str, paramiko.SSHClient] = {}

    def one(host: Target) -> bytes:
        client = clients.get(host.name)
        if client is None:
            client = paramiko.SSHClient()
            kind, _, encoded = host.host_keys[0].partition(" ")
            pin = paramiko.hostkeys.HostKeyEntry.from_line(f"[{host.address}]:{host.port} {kind} {encoded}").key
            client.get_host_keys().add(f"[{host.address}]:{host.port}", kind, pin)
            client.connect(
                host.address, host.port, host.user, pkey=key, allow_agent=False, look_for_keys=False, timeout=60
            )
            clients[host.name] = client
        _, stdout, _ = client.exec_command(" ".join(COMMAND))
        output = stdout.read()
        if stdout.channel.recv_exit_status() != 0 or b"Linux" not in output:
            raise SystemExit(f"{host.name} failed")
        return output

    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as executor:
            list(executor.map(one, hosts))
        seconds.append(time.perf_counter() - started)
    for client in clients.values():
        client.close()
    return seconds


def measure(repeats: int = 3, *, peers: bool = True) -> dict[str, object]:
    """Run every contestant in turn, so many times; medians and ratios."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wb-")))
        lab = stack.enter_context(Lab(folder / "lab", hosts=HOSTS))
        (folder / "hosts.json").write_text(json.dumps([asdict(host) for host in lab.hosts], default=str))
        entered = contestants(folder, lab, peers=peers)
        runs: dict[str, list[Figures]] = {contestant.name: [] for contestant in entered}
        for number in range(repeats + 1):
            for contestant in entered:
                figures = _run(contestant, folder)
                if number:  # the first round warms caches and counts for nobody
                    runs[contestant.name].append(figures)
        return _summary(runs, lab.kind)


def contestants(folder: Path, lab: Lab, *, peers: bool) -> list[Contestant]:
    """Ours and bare paramiko, and of the peers those that this machine has or can install."""
    own = {"PYTHONPATH": str(CHECKOUT)}

    def python(name: str, rounds: int) -> list[str]:
        return [sys.executable, "-m", "bench.fan_out", name, str(folder), str(rounds)]

    entered = [
        Contestant("watchbill", python("ours", 1), own),
        Contestant("paramiko, 32 threads", python("bare", 1), own),
        Contestant("watchbill, logged", [sys.executable, "-m", "bench.logged", str(folder), "1"], own),
        Contestant("watchbill, reused", python("ours", 1 + WARM_ROUNDS), own),
        Contestant("paramiko, reused", python("bare", 1 + WARM_ROUNDS), own),
    ]
    if not peers:
        return entered
    config = _ssh_config(folder, lab.hosts)
    pssh = shutil.which("parallel-ssh") or shutil.which("pssh")
    if pssh:
        addresses = folder / "addresses"
        addresses.write_text("".join(f"{host.address}\n" for host in lab.hosts))
        call = [pssh, "-h", str(addresses), "-p", str(FORKS), "-t", "60", "-x", f"-F {config}"]
        entered.append(Contestant("pssh -p 50", [*call, *COMMAND], {}))
        fast = [*call[:-1], f"-F {config} -o KexAlgorithms=curve25519-sha256"]
        entered.append(Contestant("pssh -p 50, curve25519", [*fast, *COMMAND], {}))
    ansible = _ansible(folder)
    if ansible:
        entered.append(_ansible_contestant(ansible, folder, lab.hosts, config))
    return entered


def _ssh_config(folder: Path, hosts: Sequence[LabHost]) -> Path:
    known, config = folder / "known_hosts", folder / "ssh_config"
    known.write_text("".join(f"[{host.address}]:{host.port} {host.host_key}\n" for host in hosts))
    lines = [
        "Host *",
        f"User {hosts[0].user}",
        f"Port {hosts[0].port}",
        f"IdentityFile {hosts[0].key_file}",
        "IdentitiesOnly yes",
        f"UserKnownHostsFile {known}",
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking yes",
        "LogLevel ERROR",
    ]
    config.write_text("\n  ".join(lines) + "\n")
    return config


def _ansible(folder: Path) -> Path | None:
    """ansible in a virtual environment of its own, or None where it cannot be installed."""
    venv.create(folder / "ansible", with_pip=True)
    install = [str(folder / "ansible/bin/pip"), "install", "--quiet", "--disable-pip-version-check", "ansible-core"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        sys.stderr.write(f"ansible-core cannot be installed, so it is left out: {done.stderr[-300:]}\n")
        return None
    return folder / "ansible/bin/ansible"


def _ansible_contestant(ansible: Path, folder: Path, hosts: Sequence[LabHost], config: Path) -> Contestant:
    inventory, control = folder / "inventory", folder / "c"
    inventory.write_text("[all]\n" + "".join(f"{host.address}\n" for host in hosts))

    def hang_up() -> None:
        # The connections that ansible keeps for the next run: ours is to measure cold ones.
        for path in control.glob("*"):
            subprocess.run(
                ["ssh", "-F", str(config), "-S", str(path), "-O", "exit", "x"], capture_output=True, check=False
            )
        shutil.rmtree(control, ignore_errors=True)

    settings = folder / "ansible.cfg"
    settings.write_text("[defaults]\n")
    environment = {
        "ANSIBLE_HOME": str(folder / "ansible-home"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(control),
        "ANSIBLE_SSH_COMMON_ARGS": f"-F {config}",
        "ANSIBLE_CONFIG": str(settings),
    }
    call = [str(ansible), "all", "-i", str(inventory), "-m", "raw", "-a", " ".join(COMMAND), "-f", str(FORKS)]
    return Contestant("ansible -m raw -f 50", call, environment, hang_up)


def _run(contestant: Contestant, folder: Path) -> Figures:
    output = folder / "output"
    with output.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(contestant.command),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **contestant.environment},
            cwd=folder,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    contestant.clean_up()
    text = output.read_text(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{contestant.name} failed with {process.returncode}: {text[-800:]}")
    figures = {"seconds": seconds, "client_cpu_seconds": usage.ru_utime + usage.ru_stime}
    if contestant.name.startswith(("watchbill", "paramiko")):
        said = json.loads(text)
        rounds = said if isinstance(said, list) else said["rounds"]
        if isinstance(said, dict):
            figures["fan_out_cpu_seconds"] = said["cpu"][0]
        figures["fan_out_seconds"] = rounds[0]
        if rounds[1:]:
            figures["reused_seconds"] = statistics.median(rounds[1:])
    return figures


def _summary(runs: Mapping[str, Sequence[Figures]], kind: str) -> dict[str, object]:
    medians = {
        name: {figure: round(statistics.median(run[figure] for run in entry), 4) for figure in entry[0]}
        for name, entry in runs.items()
        if entry
    }
    own, plain = medians["watchbill"], medians["paramiko, 32 threads"]
    logged = medians["watchbill, logged"]
    ratios = {
        "everything logged in a warm process, against bare paramiko (at most 1.4)": logged["fan_out_seconds"]
        / plain["fan_out_seconds"],
        "without the log, whole processes, against bare paramiko": own["seconds"] / plain["seconds"],
        # Both of one process, so that they met the same machine.
        "reused connections against cold ones (at least 4)": medians["watchbill, reused"]["fan_out_seconds"]
        / medians["watchbill, reused"]["reused_seconds"],
    }
    for name in medians:
        if name.startswith(("pssh", "ansible")):
            goal = {"pssh -p 50": " (at least 1.5)", "ansible -m raw -f 50": " (at least 5)"}.get(name, "")
            ratios[f"everything logged in a warm process, faster than {name}{goal}"] = (
                medians[name]["seconds"] / logged["fan_out_seconds"]
            )
            ratios[f"without the log, whole processes, faster than {name}"] = medians[name]["seconds"] / own["seconds"]
    if "ansible -m raw -f 50" in medians:
        share = logged["fan_out_cpu_seconds"] / medians["ansible -m raw -f 50"]["client_cpu_seconds"]
        ratios["everything logged in a warm process, client CPU against ansible (at most 0.1)"] = share
    return {
        "what": f"{' '.join(COMMAND)} on {HOSTS} hosts ({kind}) on loopback",
        "medians": medians,
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
    }


def main(words: Sequence[str]) -> None:
    """A contestant's process, or the whole comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="?", default="measure", choices=["measure", "ours", "bare"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    given = parser.parse_args(words)
    if given.role == "measure":
        print(json.dumps(measure(given.rounds, peers=not given.no_peers), indent=2))
        return
    print(json.dumps((ours if given.role == "ours" else bare)(given.folder, given.rounds)))


if __name__ == "__main__":
    main(sys.argv[1:])
