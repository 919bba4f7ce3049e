"""Which Prefect deployments a register asks for: one a job, and the few that the engine itself needs."""

from deployments.engine.prefect_register import WantedDeployment
from models.queries.book import Book
from models.queries.notices import DEPLOYMENT as SEND_NOTICE
from models.queries.problem_escalation import DEPLOYMENT as ESCALATE_INCIDENT
from models.queries.recovery import KILL_RUN, deployment_of
from models.site.jobs import Job

RUN_JOB = "run_job"


def wanted_deployments(book: Book) -> list[WantedDeployment]:
    """One deployment for each job, named after it, and those that no job asks for: `kill-run`, `send-notice` ..."""
    return [
        *(_of_job(name, job, book.sha256[name]) for name, job in book.jobs.items()),
        _of_engine(KILL_RUN, "End what a run started, with proof."),
        _of_engine(SEND_NOTICE, "Tell somebody something."),
        _of_engine(ESCALATE_INCIDENT, "Have the cause of an incident looked for."),
    ]


def _of_job(name: str, job: Job, sha256: str) -> WantedDeployment:
    tags = [f"owner:{job.owner}", *([f"service:{job.service}"] if job.service else [])]
    return WantedDeployment(
        name=deployment_of(name),
        entrypoint=entrypoint(job.flow or RUN_JOB),
        tags=tuple(tags),
        description=f"{job.title}\n\nRun-book: {job.runbook}",
        version=sha256[:16],
    )


def _of_engine(name: str, description: str) -> WantedDeployment:
    flow = name.replace("-", "_")
    return WantedDeployment(name=name, entrypoint=entrypoint(flow), description=description, version="1")


def entrypoint(flow: str) -> str:
    """The module entrypoint of a flow: file and function share its name."""
    return f"flows.{flow}.{flow}"
