"""From the trigger to the first task: the warm worker and Prefect's process worker, alternating on one server.

The trigger is what the relay does: create the flow run, and wake the worker. CPU "of a run" is what the run's own
processes used; "with its worker" adds what the worker (and the warm runner) used meanwhile.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployments.engine.prefect_orders import PrefectOrders
from deployments.engine.prefect_register import WantedDeployment, register_deployments
from deployments.engine.prefect_server import PrefectServer, running_server
from deployments.engine.prefect_settings import talking_to
from deployments.engine.wake import is_listening, wake
from deployments.engine.work_pool import WorkPool
from models.settings import CHECKOUT

FLOW = "bench.trigger_flow"
ENTRYPOINT = f"{FLOW}.trigger_flow"
GOALS = {"sooner": 8.0, "less_cpu_a_run": 8.0, "p50_seconds": 0.7}
BOUND_SECONDS = 120.0
ENDING_SECONDS = 30.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
WARM = """
import sys
from pathlib import Path
from deployments.engine.run_worker import run_worker
from deployments.engine.warm_worker import WarmSettings
run_worker(WarmSettings(home=Path(sys.argv[1]), pool="warm", preload=(sys.argv[2],)))
"""


@dataclass(frozen=True)
class Cpu:
    """Processor seconds."""

    runs: float
    with_worker: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.runs - other.runs, self.with_worker - other.with_worker)


@dataclass(frozen=True)
class Sample:
    """One run."""

    seconds: float
    """From the trigger to the first task."""
    cpu: Cpu


@dataclass(frozen=True)
class Contestant:
    """A worker on a pool of its own."""

    pool: WorkPool
    deployment: str
    process: subprocess.Popen[bytes]

    def cpu(self) -> Cpu:
        """What the worker, and the runs that ended, have used so far."""
        tree = [self.process.pid, *children(self.process.pid)]
        own = sum(used(pid)[0] for pid in tree)
        runs = sum(used(pid)[1] for pid in tree)
        return Cpu(runs, own + runs)


def used(pid: int) -> tuple[float, float]:
    """Processor seconds of a process, and of those of its children that it has buried (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, buried = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
    return own / TICKS_A_SECOND, buried / TICKS_A_SECOND


def children(pid: int) -> list[int]:
    """The warm runner of a warm worker; a process worker has none between runs."""
    return [
        int(child)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if b"warm_runner" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def measure(repeats: int = 20) -> dict[str, object]:
    """Trigger one and then the other, so many times; medians, 95th percentiles and ratios."""
    with (
        tempfile.TemporaryDirectory(prefix="wb-") as folder,
        running_server(Path(folder) / "home") as server,
        talking_to(server.environment),
        contextlib.closing(PrefectOrders()) as orders,
        contestants(server) as (warm, stock),
    ):

        def order(deployment: str, note: Path) -> None:
            """What the relay does, on its kept connection."""
            orders.create_run(deployment, {"folder": folder, "name": note.name}, note.name)
            wake(server.home)

        samples: dict[str, list[Sample]] = {"warm": [], "stock": []}
        for number in range(repeats + 1):
            for name, contestant in (("warm", warm), ("stock", stock)):
                sample = one_run(contestant, order, Path(folder) / f"{name}-{number}")
                if number:  # the first round warms caches and counts for nobody
                    samples[name].append(sample)
    return summary(samples["warm"], samples["stock"])


@contextlib.contextmanager
def contestants(server: PrefectServer) -> Iterator[tuple[Contestant, Contestant]]:
    """The warm worker, and Prefect's process worker looking for work every second instead of every ten."""
    warm_pool, stock_pool = WorkPool("warm"), WorkPool("stock", "process")
    for pool in (warm_pool, stock_pool):
        register_deployments([WantedDeployment(f"trigger-{pool.name}", ENTRYPOINT, "1")], pool)
    quick = {**server.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"}
    start = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "stock", "--type", "process"]
    with (
        worker([sys.executable, "-c", WARM, str(server.home), FLOW], server.environment) as warm,
        worker(start, quick) as stock,
    ):
        until(lambda: is_listening(server.home))
        yield Contestant(warm_pool, "trigger-warm", warm), Contestant(stock_pool, "trigger-stock", stock)


@contextlib.contextmanager
def worker(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=environment, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:  # Prefect's process worker at times stays after SIGTERM
            process.kill()
            process.wait()


def one_run(contestant: Contestant, order: Callable[[str, Path], object], note: Path) -> Sample:
    """Trigger a run, and measure it when it is over."""
    before = contestant.cpu()
    triggered = time.time()
    order(contestant.deployment, note)
    until(lambda: note.exists() and note.read_text().endswith("\n"))
    began, pid = note.read_text().split()
    until(lambda: not Path(f"/proc/{pid}").exists())
    settled = before
    while (now := contestant.cpu()).runs != settled.runs:
        # Whatever the worker still does about the run that ended counts for the run.
        settled = now
        time.sleep(1.5)
    return Sample(float(began) - triggered, now - before)


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + BOUND_SECONDS
    while not what():
        if time.monotonic() > end:
            raise SystemExit(f"it took more than {BOUND_SECONDS:.0f} s")
        time.sleep(0.01)


def summary(warm: Sequence[Sample], stock: Sequence[Sample]) -> dict[str, object]:
    """Figures of both, and how they compare to the goals."""
    ours, theirs = figures(warm), figures(stock)
    reached = {
        "sooner": theirs["p50_seconds"] / ours["p50_seconds"],
        "less_cpu_a_run": theirs["cpu_seconds_a_run"] / ours["cpu_seconds_a_run"],
        "less_cpu_with_worker": theirs["cpu_seconds_with_worker"] / ours["cpu_seconds_with_worker"],
        "p50_seconds": ours["p50_seconds"],
    }
    return {
        "runs": len(warm),
        "watchbill warm worker": ours,
        "prefect process worker": theirs,
        "reached": {name: round(value, 3) for name, value in reached.items()},
        "goals": GOALS,
    }


def figures(samples: Sequence[Sample]) -> dict[str, float]:
    """Median and 95th percentile of the latency, and the median CPU."""
    seconds = sorted(sample.seconds for sample in samples)
    return {
        "p50_seconds": round(statistics.median(seconds), 3),
        "p95_seconds": round(seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))], 3),
        "cpu_seconds_a_run": round(statistics.median(sample.cpu.runs for sample in samples), 3),
        "cpu_seconds_with_worker": round(statistics.median(sample.cpu.with_worker for sample in samples), 3),
    }


def main() -> None:
    """Print the figures, and write them to a file when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    text = json.dumps(measure(arguments.repeats), indent=2)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
