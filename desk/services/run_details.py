"""Everything that is known of one run: its timeline, its hosts, its tasks and what was said."""

from dataclasses import dataclass
from datetime import datetime

from desk.services.runs import REQUEST, HostLine, RunLine, line_of, run_key
from models.database import Database
from models.errors import NotFound
from models.orders.plan import RunPlan
from models.queries import desk_runs, runs, task_log
from models.queries.desk_runs import HostOutput, Moment
from models.records import TaskLog
from models.vocabulary import HostFault, Outcome


@dataclass(frozen=True)
class TaskLine:
    """One task run of the log."""

    task: str
    host: str | None
    attempt: int
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    fault: HostFault | None
    exit_code: int | None
    message: str | None
    worker: str


@dataclass(frozen=True)
class RunDetail:
    """Everything about one run."""

    line: RunLine
    due_at: datetime | None
    timezone: str
    plan: RunPlan
    timeline: tuple[Moment, ...]
    tasks: tuple[TaskLine, ...]
    outputs: tuple[HostOutput, ...]
    delivery_troubles: tuple[str, ...]
    """Why Prefect was not asked yet."""


def show_run(database: Database, run: str) -> RunDetail:
    """Everything about one run. Raises NotFound."""
    key = run_key(run)
    with database.read() as session:
        row = runs.get(session, key)
        slot = desk_runs.slot_of(session, row)
        subjects = [f"run/{key}", *([f"slot/{slot.id}"] if slot else [])]
        return RunDetail(
            line=line_of(session, row),
            due_at=slot.due_at if slot else None,
            timezone=desk_runs.site_zone(session),
            plan=RunPlan.model_validate(row.plan),
            timeline=_asked_first(desk_runs.timeline(session, subjects)),
            tasks=tuple(_task_line(task) for task in task_log.of_run(session, key)),
            outputs=tuple(desk_runs.outputs(session, key)),
            delivery_troubles=tuple(desk_runs.delivery_troubles(session, key)),
        )


def output_of(detail: RunDetail, host: str) -> HostOutput:
    """What one host said. Raises NotFound when it said nothing, or has no part in the run."""
    found = next((output for output in detail.outputs if output.host == host), None)
    if found is not None:
        return found
    lines: dict[str, HostLine] = {line.host: line for line in detail.line.hosts}
    if host in lines:
        raise NotFound(
            f"{detail.line.run}: nothing that {host} said was kept ({lines[host].message or 'no result yet'})"
        )
    raise NotFound(f"{detail.line.run} does not run on {host!r}; its hosts: {', '.join(lines) or 'none'}")


def _asked_first(moments: list[Moment]) -> tuple[Moment, ...]:
    """A run is asked for before it is sent, though both are one transaction."""
    return tuple(sorted(moments, key=lambda moment: moment.tag != REQUEST))


def _task_line(row: TaskLog) -> TaskLine:
    return TaskLine(
        task=row.task,
        host=row.host,
        attempt=row.attempt,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        fault=row.fault,
        exit_code=row.exit_code,
        message=row.message,
        worker=row.worker,
    )
