"""Runs that Prefect believes to be under way although nobody makes them any more: a worker was killed, or a machine."""

import contextlib
import logging
import signal
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed

from models.clock import now

LOG = logging.getLogger(__name__)
UNFINISHED = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
START_TIME = timedelta(seconds=60)
"""A run that is claimed has a process after a second; without one after this, its worker died in between."""


@dataclass(frozen=True)
class Claim:
    """How a worker marks the runs that are its own."""

    pool: str
    host: str

    @property
    def worker(self) -> str:
        return f"watchbill@{self.host}"

    @property
    def message(self) -> str:
        return f"taken by {self.worker}"

    def identifier(self, pid: int) -> str:
        return f"{self.host}:{pid}"


async def unfinished(
    client: PrefectClient, pool: str, states: list[StateType] | None, ids: list[UUID] | None = None
) -> list[FlowRun]:
    """The pool's runs in the given states (default: pending, running, cancelling), all or of those named."""
    return await client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
        flow_run_filter=FlowRunFilter(
            id=FlowRunFilterId(any_=ids) if ids is not None else None,
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states or UNFINISHED)),
        ),
    )


async def end_lost_runs(client: PrefectClient, claims: Claim, mine: set[UUID]) -> None:
    """Report as crashed what this machine had taken and has no process for; what is ours and known goes on."""
    for flow_run in await unfinished(client, claims.pool, None):
        if flow_run.id in mine or not is_lost(flow_run, claims):
            continue
        LOG.warning("flow run %s (%s) has no process any more: reported as crashed", flow_run.id, flow_run.name)
        cancelling = flow_run.state is not None and flow_run.state.is_cancelling()
        state: State[Any] = Cancelled() if cancelling else Crashed(message="its worker ended, and its process with it")
        with contextlib.suppress(httpx.HTTPError, ObjectNotFound):
            await client.set_flow_run_state(flow_run.id, state)


def is_lost(flow_run: FlowRun, claims: Claim) -> bool:
    """Whether this machine should be making the run, and is not."""
    host, _, pid = (flow_run.infrastructure_pid or "").rpartition(":")
    if host:
        return host == claims.host and not is_warm_process(int(pid))
    state = flow_run.state
    if state is None or state.message != claims.message:
        return False
    return now() - state.timestamp > START_TIME


def is_warm_process(pid: int) -> bool:
    """Whether a run may still be alive in this process: a worker that was killed leaves its runs a moment."""
    try:
        return b"deployments.engine.warm_runner" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    if status < 0:
        return f"its process was ended by signal {-status} ({signal.Signals(-status).name})"
    return f"its process ended with status {status}; the worker's log says why"
