"""One tree of files: `tar` through `zstd -3 -T2` against our archive engine, which packs at 2.

Ours does more: a SHA-256 of every file and of the archive, and a manifest. Both work in memory where there is room, so
that the engines are measured and not the disk: on a disk (`--disk`) ours also waits until all of it is there, and tar
does not. The goal is at most 1.3 times tar (`python -m bench.archive_engine --mebibytes 2048 --files 60000`).
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.restic_engine import make_tree
from bench.transfer import MEMORY
from models import clock
from tasks.tools.backup.archive import ArchiveEngine, Repository
from tasks.tools.backup.archive.packing import LEVEL
from tasks.tools.backup.shapes import Label, Limits, Tree

Pair = tuple[float, float]
"""Seconds by the wall, and of processors."""


def measure(mebibytes: int = 1024, files: int = 30_000, rounds: int = 3, *, disk: bool = False) -> dict[str, object]:
    """Seconds of each, alternating; medians and ratios."""
    found: dict[str, list[Pair]] = {"tar": [], "watchbill": [], "unpack tar": [], "restore": []}
    sizes: dict[str, int] = {}
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 * (mebibytes << 20)
    where = str(MEMORY) if roomy and not disk else None
    with TemporaryDirectory(prefix="wb-", dir=where) as scratch:
        tree = Path(scratch, "tree")
        make_tree(tree, mebibytes << 20, files)
        subprocess.run(["tar", "-C", scratch, "-cf", "-", "tree"], check=True, stdout=subprocess.DEVNULL)
        for number in range(rounds):
            names = ("tar", "watchbill") if number % 2 == 0 else ("watchbill", "tar")
            for name in names:
                os.sync()
                act = _tar if name == "tar" else _ours
                for what, pair in act(Path(scratch, f"{name}{number}"), tree).items():
                    found[what].append(pair)
                sizes[name] = max(each.stat().st_size for each in Path(scratch, f"{name}{number}").rglob("*.tar.zst"))
                subprocess.run(["rm", "-rf", Path(scratch, f"{name}{number}")], check=True)
    wall, processors = (
        {name: statistics.median(pair[which] for pair in pairs) for name, pairs in found.items()} for which in (0, 1)
    )
    return {
        "what": f"{mebibytes} MiB in {files} files, two threads; tar with zstd 3, ours with {LEVEL}; {rounds} rounds",
        "folder": "in memory" if where else "on the disk; ours is flushed, tar's is not",
        "seconds": {name: round(value, 2) for name, value in wall.items()},
        "packed MiB": {name: round(size / (1 << 20), 1) for name, size in sizes.items()},
        "processor seconds": {name: round(value, 2) for name, value in processors.items()},
        "all": {name: [round(pair[0], 2) for pair in pairs] for name, pairs in found.items()},
        "ratios": {
            "take: ours against tar (1.3 or less is the goal)": round(wall["watchbill"] / wall["tar"], 2),
            "take: ours against tar, by processors": round(processors["watchbill"] / processors["tar"], 2),
            "restore behind walls: against tar's": round(wall["restore"] / wall["unpack tar"], 2),
        },
    }


def _tar(folder: Path, tree: Path) -> dict[str, Pair]:
    to = folder / "to"
    to.mkdir(parents=True)
    archive = folder / "archive.tar.zst"
    packing = _timed(["tar", "-I", "zstd -3 -T2", "-C", "/", "-cf", archive, os.fspath(tree)[1:]])
    return {"tar": packing, "unpack tar": _timed(["tar", "--zstd", "-C", to, "-xpf", archive])}


def _timed(command: list[str | Path]) -> Pair:
    before, started = _processors(), time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started, _processors() - before


def _ours(folder: Path, tree: Path) -> dict[str, Pair]:
    folder.mkdir()
    engine = ArchiveEngine(Repository("bench", folder / "vault", folder / "state", create=True))
    engine.prepare()
    before, started = _processors(), time.perf_counter()
    label = Label("bench", "RUN", "local", clock.now())
    taken = engine.take(Tree((tree,)), label, None, lambda _advance: None)
    taking = (time.perf_counter() - started, _processors() - before)
    to = folder / "to"
    to.mkdir()
    before, started = _processors(), time.perf_counter()
    engine.restore(taken.point_id, to, Limits(1 << 40, 1 << 30, 3600), lambda _advance: None)
    return {"watchbill": taking, "restore": (time.perf_counter() - started, _processors() - before)}


def _processors() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Measure at the size that the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--files", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--disk", action="store_true")
    given = parser.parse_args()
    json.dump(measure(given.mebibytes, given.files, given.rounds, disk=given.disk), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
