"""The manifest that a restored copy is compared with: the recorded one, on whichever machine the comparing is done."""

import logging
import tempfile
from pathlib import Path

from models.errors import BackupError
from models.queries import restore_points
from models.queries.runs import ClaimedRun
from models.rules.restore_points import short_key
from models.vocabulary import BackupFault
from tasks.ledger import task
from tasks.places import plan_of
from tasks.repositories import engine_of
from tasks.tools.backup.manifests import lines_sha256
from tasks.workplace import database, settings

log = logging.getLogger("watchbill.backups")


@task(retries=2, retry_delay_seconds=[5, 60])
def store_manifest(run: ClaimedRun, point_id: int) -> None:
    """Keep a copy of a point's manifest in its repository: a machine that did not take the point can prove it, too."""
    with database().read() as session:
        point = restore_points.get(session, point_id)
        key, manifest, sha256 = point.key, settings().home / point.manifest, point.manifest_sha256
    settle_manifest(run, key, manifest, sha256)  # another worker may have taken the point, and died
    engine_of(run, plan_of(run).to).keep_manifest(key, manifest)


def settle_manifest(run: ClaimedRun, key: str, manifest: Path, sha256: str) -> None:
    """See that this machine has a point's manifest with the recorded hash; else bring the repository's copy.

    Raises BackupError: damaged when ours is and the repository has no good one; refused by us when this machine has
    none at all, for another one may.
    """
    if lines_sha256(manifest) == sha256:
        return
    plan, was_there = plan_of(run), manifest.exists()
    manifest.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="manifest-", dir=manifest.parent) as folder:
        copy = Path(folder, "copy")
        found = engine_of(run, plan.to).fetch_manifest(key, copy)
        if found and lines_sha256(copy) == sha256:
            copy.replace(manifest)
            log.info("%s: the manifest of point %s comes from %s", run.number, short_key(key), plan.to)
            return
    here = "not the recorded one" if was_there else "not on this machine"
    there = f"and its copy in {plan.to} is not the recorded one" if found else f"and {plan.to} keeps no copy of it"
    problem = f"the manifest of point {short_key(key)} is {here}, {there}, so a restore cannot be compared"
    if was_there:
        raise BackupError(plan.name, BackupFault.DAMAGED, f"{problem}; take a new point")
    raise BackupError(plan.name, BackupFault.REFUSED_BY_US, f"{problem}; run it on the worker that took the point")
