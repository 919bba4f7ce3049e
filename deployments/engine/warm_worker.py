"""The warm worker: a Prefect worker type whose runs are forks of one process that has everything loaded.

Prefect's base class keeps the worker known (heartbeats, work pool, "online"). Taking a run is ours, by Prefect's
public client: a claim (Pending, which the server gives only once), the order to the fork, and the end of it.
That is one request before the flow's engine starts, where the base class makes six one after the other.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio.abc
import httpx
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse, OrchestrationResult, SetStateStatus
from prefect.exceptions import InfrastructureNotAvailable, InfrastructureNotFound, ObjectNotFound
from prefect.states import Cancelled, Crashed, Pending
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from deployments.engine.lost_runs import Claim, end_lost_runs, how_it_ended, unfinished
from deployments.engine.wake import wake_socket
from deployments.engine.warm_link import Fork, WarmLink
from deployments.engine.warm_run import Order, scratch_folder
from models.clock import now
from models.settings import CHECKOUT, DEFAULT_POOL, WARM

LOG = logging.getLogger(__name__)
CANCELLATION_POLL_SECONDS = 2.0
GRACE_SECONDS = 15.0
"""How long a run may take to end once it is asked to."""
STAY = "prefect.deployments.steps.set_working_directory"
HERE = [{STAY: {"directory": str(CHECKOUT)}}]
"""The code is here already: without this step, Prefect's own worker copies the whole checkout for each run."""
AWAY = (httpx.HTTPError, ObjectNotFound)


@dataclass(frozen=True)
class WarmSettings:
    """How one warm worker works."""

    home: Path
    pool: str = DEFAULT_POOL
    limit: int = 16
    """Runs at a time on this worker."""
    preload: tuple[str, ...] = ("flows", "tasks")
    """Packages that are loaded before the first run; when they change, restart the worker."""
    drain_seconds: float = 10.0
    """How long running flows may go on once the worker is asked to end. What they started on a host goes on."""


class WarmResult(BaseWorkerResult):
    """How a forked run ended."""


@dataclass
class Run:
    """A flow run that this worker has taken."""

    fork: Fork | None = None
    cancelled: bool = False


class WarmWorker(BaseWorker[BaseJobConfiguration, BaseVariables, WarmResult]):
    """Takes flow runs from a work pool and has each made by a fork of the warm runner."""

    type = WARM
    _description = "Runs flows as forks of one warm process."

    def __init__(self, settings: WarmSettings) -> None:
        self.claims = Claim(settings.pool, socket.gethostname())
        super().__init__(work_pool_name=settings.pool, name=self.claims.worker, limit=settings.limit)
        self.settings = settings
        self.link = WarmLink()
        self.runs: dict[UUID, Run] = {}
        self.deployments: dict[UUID, DeploymentResponse] = {}
        self.draining = False
        self.polling = asyncio.Lock()
        self.tasks: set[asyncio.Task[None]] = set()

    async def setup(self) -> None:
        """Start the runner while Prefect's own set-up goes on, then listen."""
        starting = asyncio.create_task(self.link.start(self.settings.preload))
        await super().setup()
        await starting
        self.spawn(self.heed_wake_ups())
        self.spawn(self.heed_cancellations())

    async def teardown(self, *exc_info: Any) -> None:
        """End the runner, and with it every run that is left."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.link.stop()
        await super().teardown(*exc_info)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def heed_wake_ups(self) -> None:
        """Look for work when somebody says that there is some."""
        loop = asyncio.get_running_loop()
        with wake_socket(self.settings.home) as woken:
            while True:
                await loop.sock_recv(woken, 16)
                try:
                    await self.get_and_submit_flow_runs()
                except Exception:
                    # The next look, at most two seconds away, may do better; this listener must live on.
                    LOG.exception("a wake-up found no work")

    async def heed_cancellations(self) -> None:
        """End the process of every run that somebody cancels."""
        while True:
            await asyncio.sleep(CANCELLATION_POLL_SECONDS)
            started = {key: run for key, run in self.runs.items() if run.fork and not run.cancelled}
            if not started:
                continue
            with contextlib.suppress(httpx.HTTPError):
                wanted = await unfinished(
                    self.client, self.claims.pool, [StateType.CANCELLING, StateType.CANCELLED], list(started)
                )
                for flow_run in wanted:
                    run = started[flow_run.id]
                    run.cancelled = True
                    if run.fork:
                        self.spawn(run.fork.end(GRACE_SECONDS))

    async def sync_with_backend(self) -> None:
        """Say that we are here (every 30 s), and end on Prefect's side what nobody makes any more."""
        await super().sync_with_backend()
        # What an administrator changed in Prefect itself has no new version: it is seen from here on.
        self.deployments.clear()
        await end_lost_runs(self.client, self.claims, mine=set(self.runs))

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Take what is due, as far as there is room."""
        async with self.polling:
            room = 0 if self.draining else self.settings.limit - len(self.runs)
            due = [flow_run for flow_run in await self.due() if flow_run.id not in self.runs] if room > 0 else []
            for flow_run in due[:room]:
                self.runs[flow_run.id] = Run()
                self.spawn(self.see_through(flow_run))
        return due[:room]

    async def due(self) -> list[FlowRun]:
        try:
            found = await self.client.get_scheduled_flow_runs_for_work_pool(
                work_pool_name=self.claims.pool, scheduled_before=now()
            )
        except ObjectNotFound:
            # The pool is made with the next heartbeat.
            return []
        return [entry.flow_run for entry in found]

    async def see_through(self, flow_run: FlowRun) -> None:
        """One flow run, from the claim to its last state."""
        run = self.runs[flow_run.id]
        try:
            if await self.claim(flow_run):
                result = await self.run(flow_run, await self.configured(flow_run))
                await self.conclude(flow_run.id, run, result)
        except Exception as error:
            LOG.exception("flow run %s (%s) was not seen through", flow_run.id, flow_run.name)
            with contextlib.suppress(*AWAY):
                await self.client.set_flow_run_state(flow_run.id, Crashed(message=f"not started: {error}"))
        finally:
            shutil.rmtree(scratch_folder(str(flow_run.id)), ignore_errors=True)
            was_full = len(self.runs) >= self.settings.limit
            del self.runs[flow_run.id]
        if was_full:
            with contextlib.suppress(httpx.HTTPError):
                await self.get_and_submit_flow_runs()

    async def claim(self, flow_run: FlowRun) -> bool:
        """Whether the run is ours to make: of all workers, the server answers one with Pending."""
        answer: OrchestrationResult[Any] = await self.client.set_flow_run_state(
            flow_run.id, Pending(message=self.claims.message)
        )
        granted = answer.state.type is StateType.PENDING if answer.state else False
        return granted and answer.status is SetStateStatus.ACCEPT

    async def configured(self, flow_run: FlowRun) -> BaseJobConfiguration:
        """The job configuration; most runs have no variables of their own and need no more questions."""
        deployment = await self.deployment_of(flow_run)
        if deployment and not deployment.job_variables and not flow_run.job_variables:
            return BaseJobConfiguration()
        return await BaseJobConfiguration.resolve_for_flow_run(
            flow_run,
            client=self.client,
            work_pool=self.work_pool,
            worker_name=self.name,
            deployment=deployment.model_copy(deep=True) if deployment else None,
        )

    async def deployment_of(self, flow_run: FlowRun) -> DeploymentResponse | None:
        """The run's deployment, read once per version: the register writes a new version with every change."""
        if not flow_run.deployment_id:
            return None
        known = self.deployments.get(flow_run.deployment_id)
        if known and known.version and known.version == flow_run.deployment_version:
            return known
        read = await self.client.read_deployment(flow_run.deployment_id)
        self.deployments[flow_run.deployment_id] = read
        return read

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmResult:
        """Have the run made by a fork, and wait for its end."""
        deployment = await self.deployment_of(flow_run)
        environment = {key: value for key, value in configuration.env.items() if value is not None}
        order = Order(
            flow_run_id=str(flow_run.id),
            flow_run=flow_run.model_dump_json(),
            entrypoint=module_entrypoint(deployment),
            environment={key: value for key, value in environment.items() if os.environ.get(key) != value},
        )
        fork = await self.link.order(order)
        self.runs.setdefault(flow_run.id, Run()).fork = fork
        identifier = self.claims.identifier(fork.pid.result())
        if task_status:
            task_status.started(fork.pid.result())
        with contextlib.suppress(*AWAY):
            await self.client.update_flow_run(flow_run.id, infrastructure_pid=identifier)
        return WarmResult(identifier=identifier, status_code=await fork.status)

    async def conclude(self, flow_run_id: UUID, run: Run, result: WarmResult) -> None:
        """Give the run its last state where its own engine could not."""
        if run.cancelled:
            await self.client.set_flow_run_state(
                flow_run_id, Cancelled(message="cancelled: its process was ended"), force=True
            )
        elif result.status_code and await unfinished(self.client, self.claims.pool, None, [flow_run_id]):
            await self.client.set_flow_run_state(flow_run_id, Crashed(message=how_it_ended(result.status_code)))

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: BaseJobConfiguration,  # noqa: ARG002 - Prefect's own signature
        grace_seconds: int = 30,
    ) -> None:
        """End the process of a run of this worker. Raises Prefect's own errors when it is not ours, or gone."""
        if not infrastructure_pid.startswith(f"{self.claims.host}:"):
            raise InfrastructureNotAvailable(f"{infrastructure_pid} is on another machine")
        for run in self.runs.values():
            if run.fork and self.claims.identifier(run.fork.pid.result()) == infrastructure_pid:
                await run.fork.end(grace_seconds)
                return
        raise InfrastructureNotFound(f"no run of this worker has the process {infrastructure_pid}")

    async def drain(self, hurry: asyncio.Event) -> None:
        """Take nothing more, let the runs finish in their time, then end them; none stays "running"."""
        self.draining = True
        end = time.monotonic() + self.settings.drain_seconds
        while self.runs and time.monotonic() < end and not hurry.is_set():
            await asyncio.sleep(0.1)
        await asyncio.gather(*(run.fork.end(GRACE_SECONDS) for run in self.runs.values() if run.fork))
        end = time.monotonic() + GRACE_SECONDS
        while self.runs and time.monotonic() < end:
            await asyncio.sleep(0.05)


def module_entrypoint(deployment: DeploymentResponse | None) -> str | None:
    """Where the flow is, when nothing has to be fetched first: a module path means the same on every machine."""
    if deployment is None or ":" in (deployment.entrypoint or ":"):
        return None
    fetching = [step for step in deployment.pull_steps or [] if list(step) != [STAY]]
    return None if fetching else deployment.entrypoint
