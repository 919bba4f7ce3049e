"""What the desk shows of hosts: how the last command on each ended."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.records import Run, Step
from models.records.work import run_number
from models.vocabulary import HostFault, Outcome, StepState


@dataclass(frozen=True)
class LastStep:
    """The newest ended step on one host."""

    run: str
    job: str
    outcome: Outcome
    fault: HostFault | None
    message: str | None
    ended_at: datetime


def last_steps(session: Session) -> dict[str, LastStep]:
    """The newest ended step of each host."""
    newest = select(func.max(Step.id).label("id")).where(Step.state == StepState.ENDED).group_by(Step.host).subquery()
    query = select(Step, Run.job).join(newest, Step.id == newest.c.id).join(Run, Run.id == Step.run_id)
    return {
        step.host: LastStep(run_number(step.run_id), job, step.outcome, step.fault, step.message, step.ended_at)
        for step, job in session.execute(query)
        if step.outcome is not None and step.ended_at is not None
    }
