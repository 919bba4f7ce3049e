"""End a run's commands on their hosts, with proof."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models import clock
from models.orders import KillRun
from models.queries import closing, journal, recovery, runs
from models.queries.runs import ClaimedRun
from models.queries.states import Because, advance
from models.records import Run, Step
from models.vocabulary import Outcome, RunState, StepState
from tasks.commands import target_of
from tasks.hooks import Hook, hook_key
from tasks.ledger import task
from tasks.places import plan_of
from tasks.sources import source_keys
from tasks.tools.ssh import KillProof
from tasks.workplace import database, host_pool

THREADS = 32
BACK_UP = "back_up"


@task(retries=1, retry_delay_seconds=2)
def kill_on_hosts(order: KillRun) -> list[KillProof]:
    """Send TERM, then KILL, to what the run started on each host that has not said how it ended; look again after."""
    with database().read() as session:
        run = runs.as_claimed(runs.get(session, order.run_id))
        keys = [(step.host, step.key) for step in runs.latest_steps(session, order.run_id) if runs.may_live(step)]
    keys += _keys_of_backup(run)
    with ThreadPoolExecutor(max_workers=THREADS) as threads:
        return list(threads.map(lambda pair: host_pool().kill(target_of(run.plan, pair[0]), pair[1]), keys))


def _keys_of_backup(run: ClaimedRun) -> list[tuple[str, str]]:
    """What a run of a backup has on its source's host.

    What is asked for afterwards puts the host in order again: only one that has begun is ended, none is forbidden.
    """
    if run.plan.flow != BACK_UP:
        return []
    source = plan_of(run).source
    keys = [hook_key(run, source.on, Hook("before", number, argv)) for number, argv in enumerate(source.before, 1)]
    keys += source_keys(run, source.on)
    for number, argv in enumerate(source.afterwards, 1):
        key = hook_key(run, source.on, Hook("afterwards", number, argv))
        begun = host_pool().collect(target_of(run.plan, source.on), key, wait=False)
        if begun is not None and begun.fault is None and begun.outcome is Outcome.UNKNOWN:
            keys.append(key)
    return [(source.on, key) for key in keys]


@task(retries=3, retry_delay_seconds=[1, 5, 20])
def record_proofs(order: KillRun, proofs: list[KillProof]) -> None:
    """Write each host's proof; where the run itself was faster, its word stands, unless it was a doubt.

    A run that had ended in doubt is settled by it.
    """
    by_host = {proof.host: proof for proof in proofs}
    with database().write() as session:
        steps = runs.latest_steps(session, order.run_id, for_update=True)
        run = runs.get(session, order.run_id)
        # It answers what was asked, so it is newer, whatever the clocks of two machines say.
        at = max(clock.now(), (run.kill_requested_at or run.queued_at) + timedelta(microseconds=1))
        for step in steps:
            proof = by_host.get(step.host)
            if proof:
                _record(session, step, (proof, at), order)
        if not steps:
            _record_of_flow(session, run, proofs, order)
        closing.settle(session, run, Because(order.requested_by, "its hosts were asked again"))


def _record(session: Session, step: Step, proven: tuple[KillProof, datetime], order: KillRun) -> None:
    proof, at = proven
    journal.append(session, _proven(f"step/{step.id}", proof, order))
    action = runs.move_to_prove(step)
    if action:
        fault = step.fault if proof.outcome in runs.IN_DOUBT else None
        changes = {"outcome": proof.outcome, "fault": fault, "message": proof.message, "ended_at": at}
        advance(session, step, action, Because(order.requested_by, proof.message), **changes)


def _record_of_flow(session: Session, run: Run, proofs: list[KillProof], order: KillRun) -> None:
    """What became of a flow's commands on its host. When none was ended there, the flow itself is told to end."""
    for proof in proofs:
        journal.append(session, _proven(f"run/{run.id}", proof, order))
    if run.state is RunState.RUNNING and not any(proof.signals for proof in proofs):
        now = clock.now()
        recovery.cancel_flow(session, run, f"run/{run.id}/cancel/{now:%Y%m%dT%H%M%S.%f}", now)


def _proven(subject: str, proof: KillProof, order: KillRun) -> journal.Fact:
    """The proof as the journal keeps it, whoever's word about the step stands."""
    facts = {
        "host": proof.host,
        "run": order.run_id,
        "outcome": proof.outcome.value,
        "signals": list(proof.signals),
        "gone": proof.gone,
        "survivors": list(proof.survivors),
    }
    tag = f"operations:{subject.partition('/')[0]}:prove-end"
    return journal.Fact(tag, subject, order.requested_by, reason=proof.message, facts=facts)


def end_what_is_open(run: ClaimedRun) -> None:
    """Where a kill was asked for and a step is still open, end it: the flow that was to do it may have died."""
    with database().read() as session:
        asked = runs.get(session, run.run_id)
        steps = runs.latest_steps(session, run.run_id)
        is_open = any(step.state is StepState.INTENDED for step in steps)
        person = asked.kill_requested_by if asked.kill_requested_at else None
    if person and is_open:
        order = KillRun(run=run.number, requested_by=person)
        record_proofs(order, kill_on_hosts(order))
