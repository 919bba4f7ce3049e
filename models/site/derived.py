"""The routine jobs that backups need: one entry of backups.yaml is carried out by several jobs of the engine."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from models.rules.alarms import Alarms
from models.rules.overlap import OverlapPolicy
from models.rules.parameters import Parameter, ParameterType
from models.site.backups import BackupPlan, Copying, Drill, Repository, Which
from models.site.jobs import Job, Routine
from models.vocabulary import Overlap

RESTORE_DEADLINE = timedelta(days=1)
LONGEST_TITLE = 120
ACCEPT_SMALLER = "accept_smaller"


def derived_jobs(plans: Mapping[str, BackupPlan], repositories: Mapping[str, Repository]) -> dict[str, Job]:
    """The jobs of all plans and repositories, by name."""
    made = [job for plan in plans.values() for job in _of_plan(plan)]
    made += [job for repository in repositories.values() for job in _of_repository(repository)]
    return {job.name: job for job in made}


def names_of(plan: str) -> dict[str, str]:
    """What the jobs of a plan are called, by what they do."""
    return {verb: f"{verb}-{plan}" for verb in ("backup", "drill", "copy", "restore")}


def check_job(repository: str) -> str:
    """What the job that checks a repository is called."""
    return f"check-{repository}"


def _of_plan(plan: BackupPlan) -> Iterator[Job]:
    names = names_of(plan.name)
    yield _backup(plan, names["backup"])
    if plan.drill is not None:
        yield _drill(plan, plan.drill, names["drill"])
    if plan.copy_to is not None:
        yield _copy(plan, plan.copy_to, names["copy"])
    yield _restore(plan, names["restore"])


def _backup(plan: BackupPlan, name: str) -> Job:
    accept = Parameter(
        type=ParameterType.BOOLEAN, default=False, description="The source is rightly smaller than its tolerance."
    )
    return Job(
        **_by_its_time(plan) | _common(plan),
        name=name,
        title=_title("Back up", plan.title),
        schedule=plan.schedule,
        flow="back_up",
        parameters={ACCEPT_SMALLER: accept},
    )


def _copy(plan: BackupPlan, copy_to: Copying, name: str) -> Job:
    title = _title("Copy off", plan.title)
    return Job(
        **_by_its_time(plan) | _common(plan), name=name, title=title, schedule=copy_to.schedule, flow="copy_backup"
    )


def _drill(plan: BackupPlan, drill: Drill, name: str) -> Job:
    choices = " or ".join(which.value for which in Which)
    return Job(
        **_common(plan),
        name=name,
        title=_title("Restore drill", plan.title),
        calendars=plan.calendars,
        catch_up=plan.catch_up,
        late_after=plan.late_after,
        overlap=plan.overlap,
        notify=plan.notify,
        schedule=drill.schedule,
        flow="drill_restore",
        deadline=drill.deadline,
        alarms=Alarms(no_success_for=drill.at_least_every),
        parameters={"point": Parameter(default=drill.point.value, description=f"A restore point, or {choices}.")},
    )


def _restore(plan: BackupPlan, name: str) -> Job:
    return Job(
        **_common(plan),
        name=name,
        title=_title("Restore", plan.title),
        flow="restore_backup",
        deadline=RESTORE_DEADLINE,
        overlap=OverlapPolicy(Overlap.QUEUE),
        parameters={
            "point": Parameter(default=Which.LATEST.value, description="A restore point, or latest."),
            "to": Parameter(
                required=True, pattern="/.+", description="An empty or new folder on the worker's machine."
            ),
        },
    )


def _of_repository(repository: Repository) -> Iterator[Job]:
    if repository.check is None:
        return
    yield Job(
        name=check_job(repository.name),
        title=_title("Check the repository", repository.title),
        owner=repository.owner,
        runbook=repository.runbook,
        schedule=repository.check.schedule,
        flow="check_repository",
        order={"repository": repository.name},
    )


def _common(plan: BackupPlan) -> dict[str, Any]:
    return {"owner": plan.owner, "service": plan.service, "runbook": plan.runbook, "order": {"plan": plan.name}}


def _by_its_time(plan: BackupPlan) -> dict[str, Any]:
    """The plan's own keys of a routine. Silence is red (DESIGN law 15): without a limit, its RPO is the limit."""
    keys: dict[str, Any] = {key: getattr(plan, key) for key in Routine.model_fields}
    if plan.alarms.no_success_for is None:
        keys["alarms"] = replace(plan.alarms, no_success_for=plan.rpo)
    return keys


def _title(what: str, title: str) -> str:
    return f"{what}: {title}"[:LONGEST_TITLE]
