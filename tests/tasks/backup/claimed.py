"""A run of a backup plan on this machine, as the tasks get it."""

from pathlib import Path

from models import clock
from models.database import Database
from models.orders.plan import RunPlan
from models.queries import dispatching, runs
from models.queries.dispatching import Wish
from models.queries.runs import ClaimedRun
from tests.sites import apply_site, write_site

SITE = """repositories:
  main: {{title: Main, owner: ops, runbook: Call ops., engine: archive, where: /srv/backups}}
backups:
  shop:
    title: The shop
    owner: ops
    runbook: Call ops.
    to: main
    deadline: 1m
    source: {{on: {on}, {source}}}
"""


def claimed_run(database: Database, home: Path, source: str, web1: str | None = None) -> ClaimedRun:
    """A run of the plan shop with this source (YAML between braces), of this machine or of the host web1."""
    folder = write_site(home / "site", "{}", hosts=f"  web1: {{{web1}}}\n" if web1 else "  {}\n")
    (folder / "jobs.yaml").unlink()
    (folder / "backups.yaml").write_text(SITE.format(source=source, on="web1" if web1 else "local"))
    book = apply_site(database, folder)
    with database.write() as session:
        run_id = dispatching.run_now(session, book, "backup-shop", Wish("ann"), clock.now()).id
    with database.read() as session:
        run = runs.get(session, run_id)
        return ClaimedRun(
            run_id=run.id,
            attempt=1,
            fence=1,
            job=run.job,
            plan=RunPlan.model_validate(run.plan),
            day=f"{run.queued_at:%Y%m%d}",
            public_id=run.public_id,
        )
