"""Runs that wait in another work pool than their deployment's: nobody may look there any more."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.states import Cancelled

from deployments.engine.work_pool import WorkPool
from models.queries.notices import DEPLOYMENT as SEND_NOTICE
from models.queries.recovery import KILL_RUN

PAGE = 200


def carry_over(client: SyncPrefectClient, pool: WorkPool, deployments: Sequence[DeploymentResponse]) -> None:
    """Call off each waiting run of these deployments that is in another pool.

    The relay asks anew for a job's run that ended before it started. Of a kill or a notice nobody would notice: it is
    made anew in the pool first; where a worker of the old one is quicker, it bears being done twice.
    """
    names = {deployment.id: deployment.name for deployment in deployments}
    left = [run for run in waiting(client, list(names)) if run.work_pool_name != pool.name] if names else []
    for run in left:
        if run.deployment_id and names[run.deployment_id] in (KILL_RUN, SEND_NOTICE):
            client.create_flow_run_from_deployment(
                run.deployment_id,
                parameters=run.parameters,
                idempotency_key=f"{run.idempotency_key or run.id}/{pool.name}",
            )
        client.set_flow_run_state(run.id, Cancelled(message=f"its deployment moved to work pool {pool.name}"))


def waiting(client: SyncPrefectClient, deployments: list[UUID]) -> Iterator[FlowRun]:
    """The flow runs of these deployments that no worker has taken."""
    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=deployments),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
    )
    read = 0
    while page := client.read_flow_runs(flow_run_filter=wanted, limit=PAGE, offset=read):
        yield from page
        read += len(page)
