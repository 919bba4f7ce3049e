"""End a run on its hosts."""

from prefect import flow

from models.orders import KillRun
from tasks.kills import kill_on_hosts, record_proofs


@flow(name="kill-run", persist_result=False)
def kill_run(order: KillRun) -> None:
    """End what a run started, on every host where it is still open, and prove it.

    An operator asks for it. Done means: for each host the process group was seen gone, or the host is named as
    `kill unconfirmed` with what is left on it.
    """
    proofs = kill_on_hosts(order)
    record_proofs(order, proofs)
