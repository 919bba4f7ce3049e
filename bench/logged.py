"""The fan-out as a run does it: intents committed before, every result, output and journal row committed after.

A process of its own for `bench.fan_out`; the figure leaves the start of Python and Prefect's import out, as a warm
worker does.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.fan_out import COMMAND, HOSTS, targets
from models import clock, migrations
from models.database import Database
from models.queries import closing, dispatching, journal, register, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.site.loading import load_site
from models.vocabulary import Outcome

SITE = {
    "site.yaml": "name: bench\ntitle: Bench\ntimezone: UTC\n",
    "people.yaml": "teams:\n  ops: {title: Operations}\n",
    "jobs.yaml": "jobs:\n  uname:\n    title: uname\n    owner: ops\n    runbook: none\n    on: all\n"
    f"    command: [{', '.join(COMMAND)}]\n    deadline: 1m\n",
}


def logged(folder: Path, rounds: int) -> dict[str, object]:
    """Seconds and CPU seconds of each round: a whole wave of a run over all hosts, everything logged."""
    with TemporaryDirectory(dir=folder) as scratch:
        home = Path(scratch)
        os.environ |= {"WATCHBILL_HOME": str(home), "WATCHBILL_SITE": str(home / "site")}
        from tasks.commands import run_on_hosts
        from tasks.workplace import database

        write_site(home / "site", folder)
        migrations.upgrade(database())
        with database().write() as session:
            register.apply(session, load_site(home / "site").entries(), "bench", clock.now())
        seconds, cpu = [], []
        # As deployments.engine.warm_runner does once before its runs: the collector leaves what was loaded alone.
        gc.collect()
        gc.freeze()
        for _ in range(rounds):
            claimed = claim(database())
            started, spent = time.perf_counter(), time.process_time()
            outcomes = run_on_hosts.fn(claimed, claimed.plan.waves[0])
            seconds.append(time.perf_counter() - started)
            cpu.append(time.process_time() - spent)
            if outcomes != [Outcome.OK] * HOSTS:
                raise SystemExit(f"{HOSTS - outcomes.count(Outcome.OK)} hosts failed")
            with database().write() as session:
                closing.close(session, claimed, "bench:1", failed_with=None)
        with database().read() as session:
            journal.verify(session)
    return {"rounds": seconds, "cpu": cpu}


def write_site(site: Path, folder: Path) -> None:
    """A site of all the lab's hosts, with one job on all of them."""
    site.mkdir()
    for name, text in SITE.items():
        (site / name).write_text(text)
    hosts = targets(folder)
    (site / "key").write_bytes((hosts[0].key_file or Path()).read_bytes())
    (site / "key").chmod(0o600)
    lines = [
        f"  {host.name}: {{address: {host.address}, port: {host.port}, user: {host.user}, key: key, "
        f"run_directory: {host.run_directory}, host_keys: ['{host.host_keys[0]}']}}\n"
        for host in hosts
    ]
    (site / "services.yaml").write_text("hosts:\n" + "".join(lines))


def claim(database: Database) -> runs.ClaimedRun:
    """Queue a run by hand and take it, as a worker does."""
    with database.write() as session:
        run = dispatching.run_now(session, read_book(session), "uname", Wish("bench"), clock.now())
    with database.write() as session:
        return runs.claim(session, run.id, 1, "bench:1")


if __name__ == "__main__":
    print(json.dumps(logged(Path(sys.argv[1]), int(sys.argv[2]))))
