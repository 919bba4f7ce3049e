"""What a forked process does: get ready, wait for its order, make that one flow run, and end."""

import asyncio
import contextlib
import ctypes
import inspect
import json
import logging
import os
import random
import signal
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.context import SyncClientContext
from prefect.engine import handle_engine_signals
from prefect.flow_engine import load_flow, run_flow
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.logging.loggers import flow_run_logger
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_LOCAL_STORAGE_PATH, temporary_settings

LOG = logging.getLogger(__name__)
PR_SET_PDEATHSIG = 1
"""Linux: which signal this process gets when the one that forked it ends (prctl(2))."""
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Order:
    """One run to make: the flow run, where its flow is, and what its environment has beyond the worker's."""

    flow_run_id: str
    flow_run: str
    """The flow run as Prefect gave it, JSON: the run need not ask again."""
    entrypoint: str | None = None
    """Module path of the flow; None lets Prefect find it (pull steps, file paths)."""
    environment: dict[str, str] = field(default_factory=dict)

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def become_run(orders: int, runner: int) -> int:
    """Wait for the order at the end of the pipe and make it; the exit status of this process."""
    leave(runner)
    status = 1
    try:
        # A heartbeat thread would cost a second at the end of every run: the runner already knows who lives.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            wait_and_run(orders)
            status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except Exception:
        LOG.exception("a run ended before its flow could")
    finally:
        # Prefect sends its last events from hooks of this; the forks of multiprocessing end with it, too.
        threading._shutdown()  # type: ignore[attr-defined]
        sys.stdout.flush()
        sys.stderr.flush()
    return status


def leave(runner: int) -> None:
    """Be a process of its own: own session, own signals, own random numbers, and not outliving the runner."""
    os.setsid()
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != runner:
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    random.seed()
    # What the run starts is the host's own and may outlive us: the supervisor must not take it for ours.
    os.environ.pop("WATCHBILL_SUPERVISOR", None)
    # Prefect warns at the end of every run that events are still on their way; they are waited for.
    logging.getLogger("EventsWorker").setLevel(logging.ERROR)


def wait_and_run(orders: int) -> None:
    """Connect, wait for the order, make it; without an order there is nothing to do."""
    with SyncClientContext.get_or_create() as context:
        # The first request that changes something fetches a CSRF token. Without a server: later.
        with contextlib.suppress(httpx.HTTPError):
            context.client.read_flows(limit=1)
        with os.fdopen(orders, "rb") as pipe:
            received = pipe.read()
        if received:
            make(Order(**json.loads(received)))


def make(order: Order) -> None:
    """Run the ordered flow run in this process; ends it by SystemExit where Prefect's own engine does."""
    os.environ.update(order.environment)
    flow_run = FlowRun.model_validate_json(order.flow_run)
    logger = cast("logging.Logger", flow_run_logger(flow_run))
    with handle_engine_signals(flow_run.id):
        try:
            flow = flow_of(order.entrypoint, flow_run)
        except Exception:
            logger.exception("the flow cannot be loaded")
            raise
        # Only a run that has a deployment is watched for suspension, by a thread and a second connection:
        # approvals wait in our own database instead. The engine reads the whole flow run again when it starts.
        unwatched = flow_run.model_copy(update={"deployment_id": None})
        # Asked for the state, a flow that failed is not also a process that failed.
        outcome = run_flow(flow, flow_run=unwatched, return_type="state", error_logger=logger)
        if inspect.iscoroutine(outcome):
            asyncio.run(outcome)


def flow_of(entrypoint: str | None, flow_run: FlowRun) -> "Flow[..., Any]":
    """The flow to run. One that says nothing about results keeps none, and is not asked where."""
    flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False) if entrypoint else load_flow(flow_run)
    if flow.persist_result is None and flow.result_storage is None:
        return flow.with_options(persist_result=False, result_storage=scratch_folder(str(flow_run.id)))
    return flow


def scratch_folder(flow_run_id: str) -> Path:
    """Where Prefect's engine pickles the exception of a failed run, whatever one tells it; removed after the run."""
    return Path(PREFECT_LOCAL_STORAGE_PATH.value()) / flow_run_id
