"""The process that is a warm worker: from its start to the end of its last run."""

import asyncio
import contextlib
import logging
import signal

from deployments.engine.warm_worker import WarmSettings, WarmWorker
from deployments.engine.work_pool import WorkPool, worker_class
from models.errors import EngineError

LOG = logging.getLogger(__name__)


def run_worker(settings: WarmSettings) -> None:
    """Be a worker until told to end. Raises EngineError when it cannot go on."""
    asyncio.run(serve(settings))


async def serve(settings: WarmSettings) -> None:
    """Work until asked to end (SIGTERM or Ctrl-C; a second time: without waiting for the runs)."""
    worker = WarmWorker(settings)
    asked, hurry = asyncio.Event(), asyncio.Event()

    def ask() -> None:
        (hurry if asked.is_set() else asked).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    working = asyncio.create_task(worker.start(printer=LOG.info))
    reasons = [working, asyncio.create_task(asked.wait()), asyncio.create_task(worker.link.ended.wait())]
    await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
    if asked.is_set():
        await worker.drain(hurry)
    for task in reasons:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    if not asked.is_set():
        raise EngineError("the warm runner ended by itself; the worker's log says why. Start the worker again")


def run_stock_worker(pool: WorkPool) -> None:
    """Be a worker of Prefect's own kind until told to end, as `prefect worker start` is. Raises EngineError."""
    asyncio.run(_serve_stock(pool))


async def _serve_stock(pool: WorkPool) -> None:
    worker = worker_class(pool)(work_pool_name=pool.name)
    working = asyncio.create_task(worker.start(printer=LOG.info))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await working
