"""Files over SSH on this machine: ours against sftp, and a tree of small ones against rsync, alternating in one run.

Every contestant is given AES-128-GCM and the same folders: in memory where there is room, so that SSH is measured
and not the disk. Ours proves what arrived by size and hash; sftp does not. `--disk` measures on the disk, where
ours and `sftp -f` flush what they wrote.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from deployments.lab import Lab, LabHost
from models import clock
from tasks.tools.ssh import HostPool, OwnedCommand, Target
from tasks.tools.ssh.transfer import Source, Way, get, put, tree_of

MEBI = 1024 * 1024
FILES, FILE_BYTES = 10_000, 10 * 1024
CIPHER = "aes128-gcm@openssh.com"
MEMORY = Path("/dev/shm")
SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server")


@dataclass
class Ground:
    """What every contestant works on."""

    folder: Path
    host: LabHost
    target: Target
    pool: HostPool
    flush: bool
    number: int = 0

    @property
    def big(self) -> Path:
        """The one large file."""
        return self.folder / "big"

    def new(self) -> Path:
        """A place where nothing is yet."""
        self.number += 1
        return self.folder / f"out-{self.number}"

    def way(self) -> Way:
        """A key of its own for each transfer."""
        key = f"{clock.now():%Y%m%d}/BENCH{os.getpid()}-{self.new().name}"
        return Way(key, 600, self.flush)

    def ssh(self) -> list[str]:
        """The options that every program of OpenSSH gets."""
        known = self.folder / "known_hosts"
        known.write_text(f"[{self.host.address}]:{self.host.port} {self.host.host_key}\n")
        words = ["-F", "none", "-c", CIPHER, "-i", str(self.host.key_file), "-o", f"UserKnownHostsFile={known}"]
        return [*words, "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"]


def sftp(ground: Ground, verb: str, server: str) -> None:
    """One file by sftp."""
    batch, new = ground.folder / "batch", ground.new()
    batch.write_text(f"{verb}{' -f' if ground.flush else ''} {ground.big} {new}\n")
    words = ["sftp", "-q", "-s", server, *ground.ssh(), "-P", str(ground.host.port), "-b", str(batch)]
    subprocess.run([*words, f"{ground.host.user}@{ground.host.address}"], check=True, stdout=subprocess.DEVNULL)
    _check(new, ground.big)


def ours(ground: Ground, verb: str, transport: str) -> None:
    """The same by us."""
    new, target = ground.new(), replace(ground.target, transport=transport)
    if verb == "put":
        put(ground.pool, target, ground.big, str(new), ground.way())
    else:
        get(ground.pool, target, str(ground.big), new, ground.way())
    _check(new, ground.big)


def rsync(ground: Ground) -> None:
    """The tree by rsync."""
    new = ground.new()
    there = f"{ground.host.user}@{ground.host.address}:{ground.folder}/tree/"
    shell = " ".join(["ssh", *ground.ssh(), "-p", str(ground.host.port)])
    subprocess.run(["rsync", "-a", "-e", shell, there, f"{new}/"], check=True)
    _check_tree(new)


def our_tree(ground: Ground, transport: str) -> None:
    """The tree as one tar stream, unpacked as it comes."""
    new, target = ground.new(), replace(ground.target, transport=transport)
    new.mkdir()
    source = Source((f"{ground.folder}/tree",))
    tar = subprocess.Popen(["tar", "--extract", "--file=-", "--directory", str(new)], stdin=subprocess.PIPE)
    with tree_of(ground.pool, target, source, ground.way()) as stream:
        if tar.stdin is None:
            raise RuntimeError("tar has no input")
        with tar.stdin as sink:
            while piece := stream.read():
                sink.write(piece)
        stream.finish()
    if tar.wait():
        raise RuntimeError("tar failed")
    _check_tree(new / str(ground.folder).lstrip("/") / "tree")


def _check(new: Path, old: Path) -> None:
    if new.stat().st_size != old.stat().st_size:
        raise RuntimeError(f"{new} is not whole")


def _check_tree(new: Path) -> None:
    if sum(1 for path in new.rglob("*") if path.is_file()) != FILES:
        raise RuntimeError(f"{new} is not whole")


def measure(repeats: int = 3, size: int = 1024, *, disk: bool = False) -> dict[str, object]:
    """Every contestant in turn, so many times; medians and ratios. `size` of the large file in MiB."""
    with ExitStack() as stack:
        roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 3 * size * MEBI + 600 * MEBI
        where = str(MEMORY) if roomy and not disk else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wb-", dir=where)))
        lab = stack.enter_context(Lab(folder / "lab", hosts=1))
        pool = stack.enter_context(HostPool())
        ground = Ground(folder, lab.hosts[0], _target(lab.hosts[0]), pool, flush=where is None)
        _make_files(folder, size)
        entered = contestants(ground)
        pool.run(ground.target, OwnedCommand(ground.way().key, ("true",), 60))
        runs: dict[str, list[float]] = {name: [] for name in entered}
        for _ in range(repeats):
            for name, act in entered.items():
                runs[name].append(_timed(ground, act))
        medians = {name: statistics.median(seconds) for name, seconds in runs.items()}
        return {
            "what": f"one file of {size} MiB and {FILES} of {FILE_BYTES} bytes by {lab.kind} on loopback",
            "folder": "in memory, not flushed" if where else "on the disk, flushed",
            "seconds": {
                name: {"median": round(medians[name], 3), "all": [round(s, 3) for s in runs[name]]} for name in runs
            },
            "MB/s": {name: round(size * MEBI / 1e6 / medians[name], 1) for name in runs if "tree" not in name},
            "ratios": _ratios(medians),
            "peak MiB of this process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


def contestants(ground: Ground) -> dict[str, Callable[[], None]]:
    """Ours by both transports, and of the peers those that this machine has."""
    entered: dict[str, Callable[[], None]] = {}
    server = next((path for path in SFTP_SERVERS if Path(path).exists()), None)
    for verb in ("put", "get"):
        if server and shutil.which("sftp"):
            entered[f"sftp {verb}"] = lambda verb=verb: sftp(ground, verb, server)
        for transport in ("paramiko", "ssh"):
            entered[f"{verb} by {transport}"] = lambda verb=verb, transport=transport: ours(ground, verb, transport)
    if shutil.which("rsync"):
        entered["tree by rsync -a"] = lambda: rsync(ground)
    for transport in ("paramiko", "ssh"):
        entered[f"tree by {transport}"] = lambda transport=transport: our_tree(ground, transport)
    return entered


def _timed(ground: Ground, act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    seconds = time.perf_counter() - started
    for path in ground.folder.glob("out-*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return seconds


def _ratios(medians: dict[str, float]) -> dict[str, float]:
    goals = {"put": "at least 0.75", "get": "at least 0.5"}
    ratios = {}
    for verb, goal in goals.items():
        if f"sftp {verb}" in medians:
            for transport in ("paramiko", "ssh"):
                name = f"rate of {verb} by {transport} against sftp ({goal})"
                ratios[name] = medians[f"sftp {verb}"] / medians[f"{verb} by {transport}"]
    if "tree by rsync -a" in medians:
        for transport in ("paramiko", "ssh"):
            name = f"time of the tree by {transport} against rsync -a (at most 1)"
            ratios[name] = medians[f"tree by {transport}"] / medians["tree by rsync -a"]
    return {name: round(ratio, 3) for name, ratio in ratios.items()}


def _make_files(folder: Path, size: int) -> None:
    piece = os.urandom(MEBI)
    with (folder / "big").open("wb") as file:
        for number in range(size):
            file.write(piece[number % 4096 :] + piece[: number % 4096])
    for number in range(FILES):
        path = folder / "tree" / f"{number // 100:02}" / f"{number:05}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(piece[number : number + FILE_BYTES])


def _target(host: LabHost) -> Target:
    return Target(
        host.name,
        host.address,
        host.port,
        host.user,
        host.key_file,
        (host.host_key,),
        run_directory=host.run_directory,
    )


def main(words: Sequence[str]) -> None:
    """The comparison, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--disk", action="store_true")
    given = parser.parse_args(words)
    print(json.dumps(measure(given.rounds, given.mebibytes, disk=given.disk), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
