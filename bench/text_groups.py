"""Grouping texts that say the same, beside scikit-learn's MiniBatchKMeans in one run.

The texts are made from 400 templates of 5 to 9 words with hosts, numbers, addresses and paths between them; 2 % of the
words are dropped and 2 % misspelt; half of the texts come from few templates, as trouble does. The truth is known.
Each round is a process of its own that makes the texts and groups them. `seconds` are from before it imports its
engine, `inside` is the same without the import, as in a process that is warm. The `cpu` figures are seconds of the
processor, which other work on the machine changes less: `cpu` is a whole program with the start of Python, but without
the making of the texts, `cpu_inside` the grouping alone.
"""

import argparse
import json
import math
import random
import resource
import statistics
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

SEED, TEMPLATES, ROUNDS = 20261122, 400, 5
FEW, MANY = 100_000, 1_000_000
_SAID = (
    "abort account backup battery cache certificate channel checksum cluster connection consumer controller cpu "
    "database deadlock degraded delayed denied device dns drive driver error exceeded exhausted expired export failed "
    "fan firewall full gateway import index interface invoice journal kernel latency ledger lease license link lock "
    "login mail memory missing mount offline overload partition password payroll permission pool port printer process "
    "proxy queue quota refused replica reset retry router scanner schema script sensor server session slow snapshot "
    "storage switch tablespace temperature threshold timeout token transaction unreachable upload volume worker"
)
WORDS = _SAID.split()
DROPPED = MISSPELT = 0.02


def make_texts(count: int) -> tuple[list[str], list[int]]:
    """So many texts, and for each the number of its template."""
    draw = random.Random(SEED)
    templates = [_template(draw) for _ in range(TEMPLATES)]
    truth = [_chosen(draw) for _ in range(count)]
    return [_text(draw, templates[number]) for number in truth], truth


def v_measure(truth: Sequence[int], found: Sequence[int]) -> tuple[float, float, float]:
    """Homogeneity, completeness and their harmonic mean (Rosenberg and Hirschberg 2007); 1 is perfect."""
    true, own, both = (_entropy(Counter(one)) for one in (truth, found, zip(truth, found, strict=True)))
    homogeneity = 1 - (both - own) / true if true else 1.0
    completeness = 1 - (both - true) / own if own else 1.0
    return homogeneity, completeness, 2 * homogeneity * completeness / (homogeneity + completeness)


def measure() -> dict[str, object]:
    """The figures and their ratios."""
    with TemporaryDirectory(prefix="wb-") as scratch:
        peers = _peers(Path(scratch, "peers"))
        rounds: dict[str, list[dict[str, float]]] = {"ours": [], "ours, a million": [], "MiniBatchKMeans(400)": []}
        for _ in range(ROUNDS):
            rounds["ours"].append(_round(sys.executable, "ours", FEW))
            if peers:
                rounds["MiniBatchKMeans(400)"].append(_round(peers, "kmeans", FEW))
            rounds["ours, a million"].append(_round(sys.executable, "ours", MANY))
    medians = {
        name: {figure: round(statistics.median(one[figure] for one in entry), 4) for figure in entry[0]}
        for name, entry in rounds.items()
        if entry
    }
    return {
        "what": f"{FEW:,} texts of {TEMPLATES} templates, and {MANY:,} of them",
        "medians": medians,
        "ratios": _ratios(medians),
    }


def _ratios(medians: dict[str, dict[str, float]]) -> dict[str, float]:
    few, many = medians["ours"], medians["ours, a million"]
    ratios = {
        "V-measure (at least 0.98)": few["v"],
        "V-measure of a million (at least 0.98)": many["v"],
        "a million against 100,000 (at most 3)": many["cpu"] / few["cpu"],
        "a million against 100,000, from the import on": many["seconds"] / few["seconds"],
        "a million against 100,000, in a warm process": many["cpu_inside"] / few["cpu_inside"],
        "MiB of a million (at most 500)": many["MiB"],
    }
    if "MiniBatchKMeans(400)" in medians:
        kmeans = medians["MiniBatchKMeans(400)"]
        ratios["100,000, faster than MiniBatchKMeans (at least 4)"] = kmeans["seconds"] / few["seconds"]
        ratios["100,000, without the import of either, faster than MiniBatchKMeans"] = kmeans["inside"] / few["inside"]
        ratios["a million, faster than MiniBatchKMeans with 100,000"] = kmeans["seconds"] / many["seconds"]
    return {name: round(ratio, 3) for name, ratio in ratios.items()}


def _template(draw: random.Random) -> list[tuple[str, str]]:
    kinds = ("host", "number", "address", "path", "")
    return [(draw.choice(WORDS), draw.choice(kinds) if draw.random() < 0.35 else "") for _ in range(draw.randint(5, 9))]


def _chosen(draw: random.Random) -> int:
    """Half of the texts from all templates alike, half by a power law."""
    if draw.random() < 0.5:
        return draw.randrange(TEMPLATES)
    return min(int(draw.paretovariate(0.7)) - 1, TEMPLATES - 1)


def _text(draw: random.Random, template: Sequence[tuple[str, str]]) -> str:
    said = []
    for word, kind in template:
        chance = draw.random()
        if chance < DROPPED:
            continue
        slips = chance < DROPPED + MISSPELT and len(word) > 4
        said.append(_misspelt(draw, word) if slips else word)
        if kind:
            said.append(_thing(draw, kind))
    return " ".join(said)


def _misspelt(draw: random.Random, word: str) -> str:
    place = draw.randrange(1, len(word) - 1)
    return word[:place] + word[place + 1 :]


def _thing(draw: random.Random, kind: str) -> str:
    if kind == "host":
        return f"srv-{draw.randrange(2_000):04d}"
    if kind == "number":
        return str(draw.randrange(100_000))
    if kind == "address":
        return ".".join(["10", *(str(draw.randrange(256)) for _ in range(3))])
    return f"/srv/data{draw.randrange(1_000)}/part"


def _entropy(counts: Counter[object]) -> float:
    total = counts.total()
    return -sum(count / total * math.log(count / total) for count in counts.values())


def _peers(folder: Path) -> str | None:
    """A Python of its own that has scikit-learn, or None where it cannot be installed."""
    venv.create(folder, with_pip=True)
    install = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "scikit-learn"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        sys.stderr.write(f"scikit-learn cannot be installed, so it is left out: {done.stderr[-300:]}\n")
        return None
    return str(folder / "bin/python")


def _round(python: str, engine: str, count: int) -> dict[str, float]:
    call = [python, "-m", "bench.text_groups", engine, str(count)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=900, check=False, cwd=Path(__file__).parents[1])
    if done.returncode:
        raise RuntimeError(f"{engine} failed with {done.returncode}: {done.stderr[-800:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _ours() -> Callable[[Sequence[str]], Sequence[int]]:
    from models.rules.text_groups import group_texts

    return lambda texts: group_texts(texts).of


def _kmeans() -> Callable[[Sequence[str]], Sequence[int]]:
    import re

    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import HashingVectorizer

    varies = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|/\S+|\b[\w.-]*\d[\w.-]*\b")
    vectors = HashingVectorizer(
        n_features=2**14,
        alternate_sign=False,
        preprocessor=lambda text: varies.sub("*", text),
        token_pattern=r"[a-z]+",
    )
    means = MiniBatchKMeans(TEMPLATES, batch_size=4096, n_init=1, max_iter=20, random_state=0)
    return lambda texts: means.fit_predict(vectors.transform(texts)).tolist()


def main() -> None:
    """One round in this process: which engine, and how many texts; without them, all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", nargs="?", choices=["ours", "kmeans"])
    parser.add_argument("count", nargs="?", type=int, default=FEW)
    asked = parser.parse_args()
    if asked.engine is None:
        json.dump(measure(), sys.stdout, indent=2)
        return
    started = time.process_time()
    texts, truth = make_texts(asked.count)
    made = time.process_time()
    began = time.perf_counter()
    engine = {"ours": _ours, "kmeans": _kmeans}[asked.engine]()
    imported, cpu_imported = time.perf_counter(), time.process_time()
    found = engine(texts)
    ended, cpu_ended = time.perf_counter(), time.process_time()
    figures: dict[str, float] = {
        "seconds": ended - began,
        "inside": ended - imported,
        "cpu": started + cpu_ended - made,
        "cpu_inside": cpu_ended - cpu_imported,
        "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    figures["homogeneity"], figures["completeness"], figures["v"] = v_measure(truth, found)
    figures["groups"] = len(set(found))
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
