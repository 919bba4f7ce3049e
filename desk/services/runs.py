"""Runs as people see them: asked for, tried dry, followed, killed, tried again on the hosts that failed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from desk.services.choosing import checked_filter, known_job
from desk.services.errors import Misuse
from models.database import Database
from models.errors import Refused
from models.orders.plan import RunPlan
from models.orders.run_job import run_id_of
from models.queries import desk_runs, dispatching, heartbeats, journal, runs
from models.queries.book import Book, read_book
from models.queries.dispatching import Wish
from models.queries.run_plans import make_plan
from models.records import Run, Step, run_number
from models.rules.parameters import Parameter, ParametersRefused, ParameterType, Scalar
from models.vocabulary import HostFault, Outcome, RunState, Trigger

NEEDED = ("planner", "relay", "worker")
"""What must be alive for a run to start."""

REQUEST = "operations:run:request"


@dataclass(frozen=True)
class Ask:
    """What a person wants to be run: which job, with which parameters (as text), on which hosts."""

    job: str
    person: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    on: str | None = None


@dataclass(frozen=True)
class HostLine:
    """One host's share of a run, in its newest attempt."""

    host: str
    wave: int
    attempt: int
    outcome: Outcome | None
    """None: it has not ended, or (without `since`) has not begun."""
    fault: HostFault | None
    exit_code: int | None
    since: datetime | None
    ended_at: datetime | None
    message: str | None
    first_error_line: str | None
    attached: bool
    """Its result was collected after the controller that started it was gone."""


@dataclass(frozen=True)
class RunLine:
    """One run, and where each of its hosts stands."""

    run: str
    job: str
    trigger: Trigger
    state: RunState
    outcome: Outcome | None
    summary: str | None
    requested_by: str
    attempt: int
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    next_attempt_at: datetime | None
    waits_for: str | None
    retry_of: str | None
    kill_requested_by: str | None
    worker: str | None
    progress: Mapping[str, int | None] | None
    """How far a long act is: bytes, files, and of how many where that is known."""
    awaits_proof: bool
    """It ended in doubt, and its hosts are being asked again."""
    hosts: tuple[HostLine, ...]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state is RunState.ENDED and not self.awaits_proof

    @property
    def took(self) -> timedelta | None:
        """From its start to its end; None while it has not both."""
        return self.ended_at - self.started_at if self.started_at and self.ended_at else None


def parameters_of(database: Database, job: str) -> Mapping[str, Parameter]:
    """What a person may choose when the job is run by hand. Raises NotFound."""
    with database.read() as session:
        return known_job(read_book(session), job).parameters


def plan_run(database: Database, ask: Ask) -> RunPlan:
    """The plan that a run would carry out; nothing is changed. Raises NotFound, ParametersRefused, Refused."""
    with database.read() as session:
        book = read_book(session)
        known_job(book, ask.job)
        with _where_parameters_stand(ask.job):
            return make_plan(book, ask.job, dict(ask.parameters), checked_filter(book, ask.on))


def start_run(database: Database, ask: Ask, now: datetime) -> RunLine:
    """Queue a run by hand. Raises NotFound, ParametersRefused, and Refused by a pause or the overlap policy."""
    with database.write() as session:
        book = read_book(session)
        known_job(book, ask.job)
        wish = Wish(ask.person, dict(ask.parameters), checked_filter(book, ask.on))
        with _where_parameters_stand(ask.job):
            return _queue(session, book, ask.job, wish, now)


@contextmanager
def _where_parameters_stand(job: str) -> Iterator[None]:
    """A refused parameter says where the allowed ones are listed."""
    try:
        yield
    except ParametersRefused as error:
        raise ParametersRefused([*error.problems, f"see `watchbill job show {job}`"]) from None


def retry_run(database: Database, run: str, person: str, now: datetime) -> RunLine:
    """Queue a new run for the hosts on which a run did not go well. Raises Refused when there are none."""
    with database.write() as session:
        old, book = runs.get(session, run_key(run)), read_book(session)
        job = known_job(book, old.job)
        plan, failed = RunPlan.model_validate(old.plan), failed_hosts(session, old)
        wish = Wish(
            person=person,
            parameters=_given_again(plan, job.parameters),
            on=f"host in ({', '.join(failed)})" if failed and failed != ("local",) else None,
            retry_of=old.id,
            only_hosts=frozenset(failed) if failed else None,
        )
        return _queue(session, book, old.job, wish, now)


def _queue(session: Session, book: Book, job: str, wish: Wish, now: datetime) -> RunLine:
    run = dispatching.run_now(session, book, job, wish, now)
    facts = {"job": job, "hosts": len(RunPlan.model_validate(run.plan).host_names), "on": wish.on}
    reason = f"tries {run_number(wish.retry_of)} again" if wish.retry_of else None
    fact = journal.Fact(REQUEST, f"run/{run.id}", wish.person, reason=reason, facts=facts)
    journal.append(session, fact)
    return line_of(session, run)


def failed_hosts(session: Session, run: Run) -> tuple[str, ...]:
    """The hosts of an ended run that are not done, in the order of its waves; none for a run without hosts."""
    if run.state is not RunState.ENDED:
        raise Refused(f"{run.number} is {run.state.value}: retry it when it has ended, or kill it first")
    if run.outcome is Outcome.OK:
        raise Refused(f"{run.number} ended ok: there is nothing to retry; `watchbill job run {run.job}` runs it anew")
    done = {step.host for step in runs.latest_steps(session, run.id) if step.outcome is Outcome.OK}
    return tuple(host for host in RunPlan.model_validate(run.plan).host_names if host not in done)


def _given_again(plan: RunPlan, parameters: Mapping[str, Parameter]) -> dict[str, Scalar | None]:
    """The values of the first run; an optional value that was left out stays out."""
    return {
        name: value
        for name, value in plan.parameters.items()
        if name in parameters and (value or parameters[name].type is ParameterType.TEXT)
    }


def read_run(database: Database, run: str) -> RunLine:
    """Where a run stands now. Raises NotFound."""
    with database.read() as session:
        return line_of(session, runs.get(session, run_key(run)))


def kill_run(database: Database, run: str, person: str, reason: str, now: datetime) -> tuple[str, RunLine]:
    """Ask for the end of a run; says how it is brought about. Raises Refused when nothing of it can be left."""
    with database.write() as session:
        row = runs.get(session, run_key(run))
        how = dispatching.request_kill(session, row, now, person, reason)
        session.flush()
        return how, line_of(session, row)


def silent_parts(database: Database, now: datetime) -> list[str]:
    """The parts without which no run starts, and that gave no sign of life for too long."""
    with database.read() as session:
        return [part.name for part in heartbeats.judge(session, now) if part.name in NEEDED and part.is_silent]


def run_key(run: str) -> int:
    """The key of RUN000123. Raises Misuse for anything else."""
    try:
        return run_id_of(run.upper())
    except ValueError as error:
        raise Misuse(str(error)) from None


def line_of(session: Session, run: Run) -> RunLine:
    """The row and its steps as one plain value."""
    plan = RunPlan.model_validate(run.plan)
    latest = {step.host: step for step in desk_runs.steps(session, run.id)}
    return RunLine(
        run=run.number,
        job=run.job,
        trigger=run.trigger,
        state=run.state,
        outcome=run.outcome,
        summary=run.summary,
        requested_by=run.requested_by,
        attempt=run.attempt,
        queued_at=run.queued_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        next_attempt_at=run.next_attempt_at,
        waits_for=run.queue_reason,
        retry_of=run_number(run.retry_of) if run.retry_of else None,
        kill_requested_by=run.kill_requested_by,
        worker=run.worker,
        progress=run.progress,
        awaits_proof=runs.awaits_proof(run, latest.values()),
        hosts=tuple(
            _host_line(host, number, latest.get(host)) for number, wave in enumerate(plan.waves, 1) for host in wave
        ),
    )


def _host_line(host: str, wave: int, step: Step | None) -> HostLine:
    if step is None:
        return HostLine(host, wave, 1, None, None, None, None, None, None, None, attached=False)
    return HostLine(
        host=host,
        wave=wave,
        attempt=step.attempt,
        outcome=step.outcome,
        fault=step.fault,
        exit_code=step.exit_code,
        since=step.started_at or step.intended_at,
        ended_at=step.ended_at,
        message=step.message,
        first_error_line=step.first_error_line,
        attached=step.attached,
    )
