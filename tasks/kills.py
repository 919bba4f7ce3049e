"""End a run's commands on their hosts, with proof."""

from concurrent.futures import ThreadPoolExecutor

from models import clock
from models.orders import KillRun
from models.orders.plan import RunPlan
from models.queries import runs
from models.queries.states import Because, advance
from models.vocabulary import StepState
from tasks.commands import target_of
from tasks.ledger import task
from tasks.tools.ssh import KillProof
from tasks.workplace import database, host_pool

THREADS = 32


@task(retries=1, retry_delay_seconds=2)
def kill_on_hosts(order: KillRun) -> list[KillProof]:
    """Send TERM, then KILL, to what the run started on each host that has not answered yet; look again after."""
    with database().read() as session:
        plan = RunPlan.model_validate(runs.get(session, order.run_id).plan)
        still_open = [step for step in runs.latest_steps(session, order.run_id) if step.state is StepState.INTENDED]
        keys = [(step.host, step.key) for step in still_open]
    with ThreadPoolExecutor(max_workers=THREADS) as threads:
        return list(threads.map(lambda pair: host_pool().kill(target_of(plan, pair[0]), pair[1]), keys))


@task(retries=3, retry_delay_seconds=[1, 5, 20])
def record_proofs(order: KillRun, proofs: list[KillProof]) -> None:
    """Write each host's proof; where the run itself was faster, its word stands."""
    by_host = {proof.host: proof for proof in proofs}
    now = clock.now()
    with database().write() as session:
        for step in runs.latest_steps(session, order.run_id):
            proof = by_host.get(step.host)
            if proof is not None and step.state is StepState.INTENDED:
                changes = {"outcome": proof.outcome, "message": proof.message, "ended_at": now}
                advance(session, step, "end", Because(order.requested_by, proof.message), **changes)
