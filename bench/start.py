"""How long a person waits for `watchbill job list`, against the libraries that it cannot do without."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deployments.engine.up import apply_site
from models import clock
from models.settings import CHECKOUT, Settings

GOAL_SECONDS = 0.8
COMMANDS = {
    "floor: import sqlalchemy, pydantic": ("import sqlalchemy, pydantic",),
    "watchbill job list": ("from desk.cli import main; main()", "job", "list"),
}


def measure(turns: int = 10) -> dict[str, object]:
    """Seconds from the start of the process to its end, the two alternating, with the shipped site in force."""
    with TemporaryDirectory() as scratch:
        settings = Settings(home=Path(scratch) / "home", site=CHECKOUT / "deployments" / "sites" / "night")
        apply_site(settings, "bench", clock.now())
        environment = {**os.environ, "WATCHBILL_HOME": str(settings.home), "WATCHBILL_SITE": str(settings.site)}
        taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(turns):
            for name, words in COMMANDS.items():
                taken[name].append(seconds(words, environment))
    floor, ours = (statistics.median(each) for each in taken.values())
    return {
        "what": f"a new process each time, {turns} turns; SQLite, the 14 jobs of the shipped site",
        "seconds": {
            name: {"p50": round(statistics.median(each), 3), "least": round(min(each), 3)}
            for name, each in taken.items()
        },
        "ratios": {"to the floor": round(ours / floor, 2)},
        "goal": {"p50_seconds": GOAL_SECONDS, "reached": ours < GOAL_SECONDS},
    }


def seconds(words: Sequence[str], environment: Mapping[str, str]) -> float:
    """From start to end of one Python process."""
    before = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", *words], check=True, capture_output=True, cwd=CHECKOUT, env=environment, timeout=60
    )
    return time.perf_counter() - before


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
