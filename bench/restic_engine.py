"""One tree of files: restic alone against restic through our engine, the first time and with 1 % changed.

Ours does more: a hash of every file beside restic, a manifest, and a look whether the repository lists the point. The
goal is at most 1.05 times restic alone and 2 s (`python -m bench.restic_engine --mebibytes 2048 --files 60000`).
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from models import clock
from tasks.tools.backup.restic import Repository, ResticEngine, find_program
from tasks.tools.backup.shapes import Label, Tree

FILES_PER_FOLDER = 60
SEED = 3
Figures = dict[str, dict[str, list[float]]]


def measure(mebibytes: int = 256, files: int = 7500, rounds: int = 3) -> dict[str, object]:
    """Seconds of each, alternating; medians and what ours takes more."""
    if not shutil.which("restic"):
        return {"what": "restic is not installed"}
    found: Figures = {who: {"first": [], "incremental": []} for who in ("restic", "watchbill")}
    with TemporaryDirectory(prefix="wb-") as scratch:
        tree = Path(scratch, "tree")
        make_tree(tree, mebibytes << 20, files)
        _read_all(tree)
        for number in range(rounds):
            runners = [_alone(Path(scratch, f"alone{number}"), tree), _ours(Path(scratch, f"ours{number}"), tree)]
            for act in ("first", "incremental"):
                for who, take in sorted(runners, reverse=bool(number % 2)):
                    found[who][act].append(take())
                change(tree, number)
    median = {who: {act: statistics.median(times) for act, times in acts.items()} for who, acts in found.items()}
    return {
        "what": f"{mebibytes} MiB in {files} files, {find_program()}, local repository, {rounds} rounds",
        "seconds": {who: {act: round(s, 2) for act, s in acts.items()} for who, acts in median.items()},
        "all": {who: {act: [round(s, 2) for s in times] for act, times in acts.items()} for who, acts in found.items()},
        "ratios": {
            f"{act}: ours against 1.05 x restic + 2 s (1 or less is the goal)": round(
                median["watchbill"][act] / (1.05 * median["restic"][act] + 2), 2
            )
            for act in ("first", "incremental")
        },
        "more seconds": {
            act: round(median["watchbill"][act] - median["restic"][act], 2) for act in ("first", "incremental")
        },
    }


def make_tree(tree: Path, size: int, files: int) -> None:
    """Files of very different sizes, half of each compressible; the same ones every time."""
    chance = random.Random(SEED)
    weights = [chance.lognormvariate(0, 1.6) for _ in range(files)]
    share = size / sum(weights)
    for number, weight in enumerate(weights):
        folder = tree / f"{number // FILES_PER_FOLDER // 50:03}" / f"{number // FILES_PER_FOLDER:05}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file-{number}").write_bytes(_content(chance, max(1, int(weight * share))))


def change(tree: Path, number: int) -> None:
    """Give every hundredth file other content of the same size."""
    chance = random.Random(f"{SEED}-{number}")
    for path in sorted(tree.rglob("file-*00")):
        path.write_bytes(_content(chance, path.stat().st_size))
    time.sleep(0.2)


def _content(chance: random.Random, size: int) -> bytes:
    noise = chance.randbytes((size + 1) // 2)
    text = (b"%d the quick brown fox " % chance.randrange(1000)) * (size // 40 + 1)
    return (noise + text)[:size].ljust(size, b".")


def _read_all(tree: Path) -> None:
    for path in tree.rglob("*"):
        if path.is_file():
            path.read_bytes()
    os.sync()


def _alone(folder: Path, tree: Path) -> tuple[str, Callable[[], float]]:
    environment = {
        "PATH": os.environ["PATH"],
        "RESTIC_REPOSITORY": str(folder / "repository"),
        "RESTIC_PASSWORD": "bench",
        "RESTIC_CACHE_DIR": str(folder / "cache"),
    }
    subprocess.run(["restic", "init", "--quiet"], env=environment, check=True, stdout=subprocess.DEVNULL)

    def take() -> float:
        os.sync()
        started = time.perf_counter()
        command = ["restic", "backup", "--json", str(tree)]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    return "restic", take


def _ours(folder: Path, tree: Path) -> tuple[str, Callable[[], float]]:
    engine = ResticEngine(Repository("bench", str(folder / "repository"), "bench", folder / "state", create=True))
    engine.prepare()
    previous: list[Path] = []

    def take() -> float:
        os.sync()
        started = time.perf_counter()
        label = Label("bench", f"RUN{len(previous)}", "local", clock.now())
        taken = engine.take(Tree((tree,)), label, previous[-1] if previous else None, lambda _advance: None)
        seconds = time.perf_counter() - started
        previous.append(taken.manifest)
        return seconds

    return "watchbill", take


def main() -> None:
    """Measure at the size that the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--files", type=int, default=7500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    json.dump(measure(arguments.mebibytes, arguments.files, arguments.rounds), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
