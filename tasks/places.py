"""What a backup run works by: its plan and its repositories, as the site said when the run was made."""

from typing import Any

from models.errors import StaleClaim
from models.queries.runs import ClaimedRun
from models.site.backups import BackupPlan, Repository
from models.site.site import from_spec


def plan_of(run: ClaimedRun) -> BackupPlan:
    """The plan that a run carries out. Raises StaleClaim for a run of something else."""
    plan: BackupPlan = from_spec("backup", _spec(run, f"backup/{run.plan.order.get('plan')}"))
    return plan


def repository_of(run: ClaimedRun, name: str) -> Repository:
    """One of the repositories that the run works with. Raises StaleClaim for one that it does not know."""
    repository: Repository = from_spec("repository", _spec(run, f"repository/{name}"))
    return repository


def _spec(run: ClaimedRun, key: str) -> dict[str, Any]:
    if key not in run.plan.specs:
        raise StaleClaim(f"{run.number} knows no {key}: its job {run.job} is not one of a backup")
    return run.plan.specs[key]
