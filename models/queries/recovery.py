"""Runs whose worker died, and runs that Prefect lost: taken up again, or given up in words."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.orders.plan import RunPlan
from models.queries import closing, journal, outbox, runs, task_log
from models.queries.outbox import Wanted
from models.queries.states import Because, advance
from models.records import OutboxRow, Run, Step
from models.vocabulary import Outcome, RunState, StepState

MOST_RECOVERIES = 5
KILL_RUN = "kill-run"


def take_up_lost_runs(session: Session, now: datetime, actor: str) -> list[str]:
    """Send each run whose lease is over to a worker again; it reads from the hosts what became of its commands.

    A run that was lost more than five times ends as unknown: something kills its workers, and a person must look.
    """
    at = runs.now_by_database(session)
    query = select(Run).where(Run.state == RunState.RUNNING, Run.lease_until < at).order_by(Run.id)
    return [_take_up(session, run, now, actor) for run in session.scalars(query)]


def _take_up(session: Session, run: Run, now: datetime, actor: str) -> str:
    silent = f"its worker {run.worker} gave no more sign of life"
    task_log.close_orphans(session, run.id, now)
    plan = RunPlan.model_validate(run.plan)
    if run.kill_requested_at is not None and not plan.command:
        closing.end(session, run, Outcome.KILLED, f"killed; {silent}", Because(actor, silent), action="give up")
        return f"{run.number} ended: {silent}"
    if run.recoveries >= MOST_RECOVERIES:
        _give_up(session, run, f"lost {run.recoveries + 1} times; {silent}", actor)
        return f"{run.number} given up: {silent}"
    advance(session, run, "lose", Because(actor, silent), lease_until=None, recoveries=run.recoveries + 1)
    send(session, run, plan, now)
    return f"{run.number} is taken up again: {silent}"


def _give_up(session: Session, run: Run, why: str, actor: str) -> None:
    for step in session.scalars(select(Step).where(Step.run_id == run.id, Step.state == StepState.INTENDED)):
        at = runs.now_by_database(session)
        advance(session, step, "end", Because(actor, why), outcome=Outcome.UNKNOWN, ended_at=at, message=why)
    closing.end(session, run, Outcome.UNKNOWN, why, Because(actor, why), action="give up")


def end_undeliverable(session: Session, row: OutboxRow, why: str, actor: str) -> None:
    """Prefect refuses to carry out a run, now and for ever: it ends as failed, and its people hear of it."""
    run = session.get(Run, row.run_id) if row.run_id is not None else None
    if run is not None and run.state is RunState.DISPATCHED:
        closing.end(session, run, Outcome.FAILED, f"Prefect refused it: {why}", Because(actor, why), action="give up")


def unclaimed(session: Session, since: datetime) -> list[tuple[int, str]]:
    """Runs that Prefect took long ago and that no worker has claimed: the run's key and its flow run's id."""
    query = (
        select(Run.id, OutboxRow.result)
        .join(OutboxRow, OutboxRow.run_id == Run.id)
        .where(Run.state == RunState.DISPATCHED, OutboxRow.result == Run.flow_run_id, OutboxRow.sent_at < since)
    )
    return [(run_id, flow_run_id) for run_id, flow_run_id in session.execute(query)]


def send_again(session: Session, run_id: int, now: datetime, why: str) -> None:
    """Ask Prefect anew for a run that it lost before a worker claimed it."""
    run = runs.get(session, run_id)
    if run.state is not RunState.DISPATCHED:
        return
    task_log.close_orphans(session, run.id, now)
    advance(session, run, "dispatch again", Because("relay", why), recoveries=run.recoveries + 1, flow_run_id=None)
    send(session, run, RunPlan.model_validate(run.plan), now)


def send(session: Session, run: Run, plan: RunPlan, now: datetime) -> None:
    """Put the outbox row that asks Prefect for the run; its key holds what makes this asking the only one."""
    order = {"run": run.number, "attempt": run.attempt, **(plan.order if plan.flow else {})}
    key = f"run/{run.id}/{run.attempt}/{run.recoveries}"
    outbox.put(session, Wanted(key, "run", {"order": order}, deployment_of(run.job), run.id), now)


def send_kill(session: Session, run: Run, now: datetime, person: str, why: str) -> None:
    """Put the outbox row that ends a running run: on its hosts with proof, or its flow run when it has no hosts."""
    journal.append(session, journal.Fact("operations:run:request-kill", f"run/{run.id}", person, reason=why))
    # Asked for again, it is done again: a host that could not be reached may be back.
    key = f"run/{run.id}/kill/{now:%Y%m%dT%H%M%S.%f}"
    if RunPlan.model_validate(run.plan).hosts:
        order = {"run": run.number, "requested_by": person}
        outbox.put(session, Wanted(key, "run", {"order": order}, KILL_RUN), now)
    else:
        cancel_flow(session, run, key, now)


def cancel_flow(session: Session, run: Run, key: str, now: datetime) -> None:
    """Put the outbox row that ends the process of a run's flow, if it has one."""
    if run.flow_run_id is not None:
        outbox.put(session, Wanted(key, "cancel", {"flow_run_id": run.flow_run_id}), now)


def deployment_of(job: str) -> str:
    """The name of a job's Prefect deployment; unique, since module entrypoints are chosen by name alone."""
    return f"job-{job}"
