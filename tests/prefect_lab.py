"""A Prefect server, and flows that talk to it.

The tests in `tests/engine` share one: `prefect_lab` is the server; with `prefect_here`, flows that are called in the
test's own process run against it.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.objects import FlowRun

from deployments.engine.prefect_orders import PrefectOrders
from deployments.engine.prefect_register import MARK, WantedDeployment, register_deployments
from deployments.engine.prefect_server import PrefectServer
from deployments.engine.prefect_settings import talking_to
from deployments.engine.wake import wake
from deployments.engine.work_pool import WorkPool
from models.settings import WARM

BOUND_SECONDS = 60.0
WORKER = """
import logging, sys
from pathlib import Path
from deployments.engine.run_worker import run_worker
from deployments.engine.warm_worker import WarmSettings
logging.basicConfig()
run_worker(WarmSettings(home=Path(sys.argv[1]), pool=sys.argv[2], limit=int(sys.argv[3]),
                        drain_seconds=float(sys.argv[4]), preload=tuple(sys.argv[5:])))
"""


def until(what: Callable[[], Any], seconds: float = BOUND_SECONDS) -> Any:
    """What it answers as soon as it answers something; fails after the bound."""
    end = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.02)
    return answer


@dataclass
class PrefectLab:
    """A running Prefect server with an empty database."""

    home: Path
    server: PrefectServer
    orders: PrefectOrders = field(default_factory=PrefectOrders)
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @contextlib.contextmanager
    def settings(self) -> Iterator[None]:
        """Prefect in this process means the lab's server."""
        # Without heartbeats: their thread costs a second at the end of every flow.
        with talking_to(self.server.environment, PREFECT_FLOWS_HEARTBEAT_FREQUENCY=None):
            yield

    @cached_property
    def client(self) -> SyncPrefectClient:
        """A client with the lab's password."""
        with self.settings():
            return self._open.enter_context(get_client(sync_client=True))

    def close(self) -> None:
        """Let go of the connections."""
        self.orders.close()
        self._open.close()

    @contextlib.contextmanager
    def worker(
        self, preload: str, *, pool: str = "watchbill", limit: int = 16, drain_seconds: float = 20.0
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A warm worker process, online."""
        log = self.home / "logs" / f"worker-{pool}.log"
        arguments = [str(self.home), pool, str(limit), str(drain_seconds), preload]
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", WORKER, *arguments],
                env=self.server.environment,
                stdout=output,
                stderr=output,
            )
        try:
            own = self.home / "wake" / f"{process.pid}.sock"
            until(lambda: own.exists() or process.poll() is not None)
            assert own.exists(), f"the worker did not start:\n{log.read_text()[-3000:]}"
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(BOUND_SECONDS + drain_seconds)

    def register(self, *flows: str, pool: WorkPool | None = None) -> None:
        """Deploy flows by their module paths, each under its function's name."""
        wanted = [WantedDeployment(flow.rpartition(".")[2], flow, version="1") for flow in flows]
        with self.settings():
            register_deployments(wanted, pool)

    def trigger(self, deployment: str, parameters: Mapping[str, object] | None = None, key: str = "") -> UUID:
        """Have a run made, as the relay does: create it and wake the worker."""
        with self.settings():
            made = self.orders.create_run(deployment, parameters or {}, key or os.urandom(8).hex())
        wake(self.home)
        return UUID(made)

    def run(self, flow_run_id: UUID) -> FlowRun:
        return self.client.read_flow_run(flow_run_id)

    def state(self, flow_run_id: UUID) -> str:
        """The name of the run's state."""
        state = self.run(flow_run_id).state
        return state.name or "" if state else ""

    def until_state(self, flow_run_id: UUID, *names: str, seconds: float = BOUND_SECONDS) -> FlowRun:
        """The run, once it is in one of these states."""
        end = time.monotonic() + seconds
        while (name := self.state(flow_run_id)) not in names:
            assert time.monotonic() < end, f"still {name}, not {' or '.join(names)}"
            time.sleep(0.05)
        return self.run(flow_run_id)

    @contextlib.contextmanager
    def pool(self, name: str, *flows: str, kind: str = WARM) -> Iterator[None]:
        """The flows deployed to a work pool of their own, instead of where they were."""
        self.forget_deployments()
        self.register(*flows, pool=WorkPool(name, kind))
        try:
            yield
        finally:
            self.forget_deployments()

    def cancel(self, flow_run_id: UUID) -> None:
        """Ask for the end of a run, as the relay does."""
        with self.settings():
            self.orders.cancel_run(str(flow_run_id))

    def set_job_variables(self, deployment: str, variables: dict[str, Any]) -> None:
        """Give a deployment variables of its own, as an administrator does in Prefect."""
        found = next(each for each in self.client.read_deployments() if each.name == deployment)
        self.client.update_deployment(found.id, DeploymentUpdate(job_variables=variables, tags=found.tags))

    def forget_deployments(self) -> None:
        """An empty register again."""
        for deployment in self.client.read_deployments():
            if MARK in deployment.tags:
                self.client.delete_deployment(deployment.id)
