"""The life of a run: queued, claimed under a lease, its steps, closed or put back for a retry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models import clock
from models.errors import MoveRefused, NotFound, StaleClaim
from models.orders.plan import RunPlan
from models.queries import notices, task_log
from models.queries.states import Because, Change, advance, advance_many
from models.records import Run, Step
from models.records.work import run_number
from models.rules.retries import Failure, may_retry
from models.vocabulary import HostFault, Outcome, Repeat, RunState, StepState

LEASE = timedelta(seconds=60)
IN_DOUBT = (Outcome.UNKNOWN, Outcome.KILL_UNCONFIRMED)
"""The host has not said how it ended: what it says later is the truth."""


@dataclass(frozen=True)
class ClaimedRun:
    """A run that this process may carry out, as long as its lease holds."""

    run_id: int
    attempt: int
    fence: int
    job: str
    plan: RunPlan
    """Only the hosts that still have to run."""
    day: str
    """The day it was queued, which names its folder on the hosts."""
    public_id: str

    @property
    def number(self) -> str:
        """RUN000123."""
        return run_number(self.run_id)

    def step_key(self, host: str) -> str:
        """The key of one host's step in this attempt, and the name of its run directory there."""
        return f"{self.day}/{self.number}-{self.public_id}-{host}-{self.attempt}"


def now_by_database(session: Session) -> datetime:
    """The database's clock, which all workers share; on SQLite this machine's."""
    if session.get_bind().dialect.name == "sqlite":
        return clock.now()
    now: datetime = session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]  # never null
    return now


def get(session: Session, run_id: int) -> Run:
    """One run. Raises NotFound."""
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"there is no run {run_number(run_id)}: see `watchbill job list`")
    return run


def claim(session: Session, run_id: int, attempt: int, worker: str) -> ClaimedRun:
    """Take a run, or take over one whose lease is over. Raises StaleClaim when it is not there to be taken."""
    run, now = get(session, run_id), now_by_database(session)
    if run.attempt != attempt:
        raise StaleClaim(f"{run.number} is at attempt {run.attempt}: attempt {attempt} does not start")
    taking_over = run.state is RunState.RUNNING and run.lease_until is not None and run.lease_until < now
    if run.state is not RunState.DISPATCHED and not taking_over:
        raise StaleClaim(f"{run.number} is {run.state.value}: this copy of it does not start")
    try:
        advance(
            session,
            run,
            "take over" if taking_over else "claim",
            Because(worker, fence=run.fence),
            fence=run.fence + 1,
            worker=worker,
            lease_until=now + LEASE,
            started_at=run.started_at or now,
        )
    except MoveRefused as refused:
        raise StaleClaim(f"{run.number} was claimed by somebody else a moment ago") from refused
    plan = RunPlan.model_validate(run.plan)
    if run.fence == 1:
        hosts = len(plan.host_names)
        notices.about_run(session, run, "started", f"on {hosts} hosts" if hosts else "", now)
    return as_claimed(run, plan.only(_left(session, run, plan)))


def as_claimed(run: Run, plan: RunPlan | None = None) -> ClaimedRun:
    """A run as its newest claim has it: what its keys on the hosts are made of."""
    return ClaimedRun(
        run_id=run.id,
        attempt=run.attempt,
        fence=run.fence,
        job=run.job,
        plan=plan or RunPlan.model_validate(run.plan),
        day=f"{run.queued_at:%Y%m%d}",
        public_id=run.public_id,
    )


def _left(session: Session, run: Run, plan: RunPlan) -> set[str]:
    """The hosts that this attempt still has to see to: not done, and not beyond the help of another try."""
    repeat = Repeat.SAFE if plan.command and plan.command.repeat else Repeat.NEVER
    left = set(plan.host_names)
    for step in latest_steps(session, run.id):
        failure = Failure(step.host, step.outcome or Outcome.UNKNOWN, step.fault)
        begun_now = step.attempt == run.attempt and step.state is StepState.INTENDED
        if not begun_now and (step.attempt == run.attempt or not may_retry(failure, repeat).allowed):
            left.discard(step.host)
    return left


def extend_lease(session: Session, claimed: ClaimedRun) -> bool:
    """Say that the run is still being worked on. False: the claim is no longer ours, stop."""
    result = session.execute(
        update(Run)
        .where(Run.id == claimed.run_id, Run.fence == claimed.fence, Run.state == RunState.RUNNING)
        .values(lease_until=now_by_database(session) + LEASE)
    )
    return result.rowcount == 1  # type: ignore[attr-defined,no-any-return]  # an UPDATE gives a CursorResult


def note_progress(session: Session, claimed: ClaimedRun, progress: dict[str, int | None]) -> None:
    """Say how far the run is, for those who follow it; a run in other hands is left alone."""
    held = (Run.id == claimed.run_id, Run.fence == claimed.fence, Run.state == RunState.RUNNING)
    session.execute(update(Run).where(*held).values(progress=progress))


def release_lease(session: Session, claimed: ClaimedRun) -> None:
    """Let go of a run that goes on without us: whoever takes it up need not wait for the lease."""
    held = (Run.id == claimed.run_id, Run.fence == claimed.fence, Run.state == RunState.RUNNING)
    session.execute(update(Run).where(*held).values(lease_until=now_by_database(session)))


def is_kill_requested(session: Session, run_id: int) -> bool:
    """Whether a person asked for the run's end."""
    return session.scalar(select(Run.kill_requested_at).where(Run.id == run_id)) is not None


def latest_steps(session: Session, run_id: int, *, for_update: bool = False) -> list[Step]:
    """The newest step of each host of a run."""
    query = select(Step).where(Step.run_id == run_id).order_by(Step.attempt, Step.id)
    steps = session.scalars(query.with_for_update() if for_update else query)
    return list({step.host: step for step in steps}.values())


def may_live(step: Step) -> bool:
    """Whether something of a step may be there on its host: it has not ended, or nobody can say that it has."""
    return step.state is StepState.INTENDED or step.outcome in IN_DOUBT


def awaits_proof(run: Run, steps: Iterable[Step]) -> bool:
    """Whether the end of an ended run was asked for once more, and a host in doubt has not answered since."""
    asked = run.kill_requested_at if run.state is RunState.ENDED else None
    return asked is not None and any(may_live(step) and (step.ended_at or asked) <= asked for step in steps)


def steps_of(session: Session, run_id: int, attempt: int) -> list[Step]:
    """The steps of one attempt of a run."""
    query = select(Step).where(Step.run_id == run_id, Step.attempt == attempt).order_by(Step.id)
    return list(session.scalars(query))


@dataclass(frozen=True)
class OpenStep:
    """One host's share that is about to be carried out."""

    step_id: int
    host: str
    key: str
    log_id: int


def open_steps(session: Session, claimed: ClaimedRun, shares: list[task_log.Started]) -> list[OpenStep]:
    """Commit the intent for each host, before anything is sent. Steps that ended already are left out.

    A step that an earlier claim opened is taken up under its own key: the host knows whether it was started.
    """
    by_key = {claimed.step_key(share.host or ""): share for share in shares}
    known = {step.key: step for step in steps_of(session, claimed.run_id, claimed.attempt)}
    new = [_intent(claimed, key, share) for key, share in by_key.items() if key not in known]
    ids = {key: step.id for key, step in known.items() if step.state is StepState.INTENDED}
    if new:
        ids |= dict(session.execute(insert(Step).returning(Step.key, Step.id), new).tuples().all())
    wanted = [(key, share) for key, share in by_key.items() if key in ids]
    logs = task_log.open_rows(session, [share for _, share in wanted])
    return [OpenStep(ids[key], share.host or "", key, log) for (key, share), log in zip(wanted, logs, strict=True)]


def _intent(claimed: ClaimedRun, key: str, share: task_log.Started) -> dict[str, object]:
    return {
        "key": key,
        "run_id": claimed.run_id,
        "host": share.host,
        "attempt": claimed.attempt,
        "state": StepState.INTENDED,
        "intended_at": share.started_at,
    }


@dataclass(frozen=True)
class StepResult:
    """How one host's share ended."""

    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    fault: HostFault | None
    exit_code: int | None
    message: str
    first_error_line: str | None
    attached: bool
    streams: tuple[task_log.Stream, ...]


def move_to_prove(step: Step) -> str | None:
    """The move that writes a host's proof: `end`, `resolve` of a doubt (also by a newer one), or none."""
    if step.state is StepState.INTENDED:
        return "end"
    return "resolve" if step.outcome in IN_DOUBT else None


def end_steps(session: Session, finished: Sequence[tuple[OpenStep, StepResult]], actor: str) -> None:
    """Record the outcomes of several hosts.

    A step that a kill or another claim ended first keeps what it says, unless that was a doubt and the host's own
    word settles it.
    """
    task_log.close_host_rows(session, [(opened.log_id, _of_host(result)) for opened, result in finished])
    ids = [opened.step_id for opened, _ in finished]
    found = {step.id: step for step in session.scalars(select(Step).where(Step.id.in_(ids)).with_for_update())}
    changes = [_ending(opened, result, actor) for opened, result in finished]
    first = [change for change in changes if found[change.record_id].state is StepState.INTENDED]
    if first:
        advance_many(session, Step, StepState.INTENDED, "end", first)
    for change in changes:
        step = found[change.record_id]
        if change not in first and step.outcome in IN_DOUBT and change.values["outcome"] not in IN_DOUBT:
            advance(session, step, "resolve", change.because, **change.values)


def _of_host(result: StepResult) -> task_log.HostResult:
    return task_log.HostResult(
        ended_at=result.ended_at,
        outcome=result.outcome,
        fault=result.fault,
        exit_code=result.exit_code,
        message=result.message,
        streams=result.streams,
    )


def _ending(opened: OpenStep, result: StepResult, actor: str) -> Change:
    values = {
        "outcome": result.outcome,
        "fault": result.fault,
        "exit_code": result.exit_code,
        "started_at": result.started_at,
        "ended_at": result.ended_at,
        "message": result.message,
        "first_error_line": result.first_error_line,
        "attached": result.attached,
    }
    return Change(opened.step_id, Because(actor, result.message), values)
