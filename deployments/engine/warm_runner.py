"""The warm process that runs are forked from: Python, Prefect and the flows are loaded once, a run is a fork.

    worker --(order)--> warm runner --(order)--> spare, which becomes the run

The runner stays single-threaded and opens nothing, so a fork inherits no lock, no socket and no database engine.
A *spare* is forked before its order comes: it has its own session and a connection to Prefect, and waits.
One process per run, as with Prefect's process worker. When code changes, restart the worker.

One JSON object a line. To the runner: orders. From it: `{"ready": true}`, `{"started": id, "pid": n}` and
`{"ended": id, "status": n}`. When the worker's end closes, every run is asked to end, and the runner with them.
"""

import contextlib
import gc
import importlib
import json
import logging
import os
import pkgutil
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployments.engine.warm_run import become_run
from models.errors import EngineError

LOG = logging.getLogger(__name__)

ENGINE_MODULES = (
    "prefect.main",
    "prefect.engine",
    "prefect.flow_engine",
    "prefect.task_engine",
    "prefect.client.orchestration",
    "prefect.events.clients",
    "prefect.events.worker",
    "prefect.runtime",
    "sqlalchemy.orm",
)
SPARE_AFTER_SECONDS = 1.0
"""A new spare gets ready when the last order has had its start: on two cores they would slow each other down."""
FAREWELL_SECONDS = 15.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Spare:
    """A forked process that waits for its order at the end of a pipe."""

    pid: int
    orders: int


class WarmRunner:
    """Forks runs on order, and says when they end."""

    def __init__(self, worker: socket.socket) -> None:
        self.worker = worker
        self.spare: Spare | None = None
        self.running: dict[int, str] = {}
        self.received = b""

    def serve(self) -> None:
        """Work until the worker goes."""
        woken = child_signals()
        self.spare = self.fork_spare()
        self.say({"ready": True})
        with selectors.DefaultSelector() as selector:
            selector.register(self.worker, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _events in selector.select(None if self.spare else SPARE_AFTER_SECONDS)}
                if woken in ready:
                    os.read(woken, 4096)
                    self.bury()
                if self.worker.fileno() in ready and not self.listen():
                    return
                if not ready:
                    self.spare = self.fork_spare()

    def listen(self) -> bool:
        """Obey what the worker sent; False when it is gone."""
        try:
            data = self.worker.recv(65536)
        except ConnectionResetError:
            return False
        *lines, self.received = (self.received + data).split(b"\n")
        for line in lines:
            self.obey(line)
        return bool(data)

    def obey(self, order: bytes) -> None:
        """Hand one order to the spare."""
        spare = self.spare or self.fork_spare()
        self.spare = None
        flow_run_id = json.loads(order)["flow_run_id"]
        self.running[spare.pid] = flow_run_id
        # A spare that was killed is buried, and said to have ended, like a run that was.
        with contextlib.suppress(BrokenPipeError), os.fdopen(spare.orders, "wb") as pipe:
            pipe.write(order)
        self.say({"started": flow_run_id, "pid": spare.pid})

    def bury(self) -> None:
        """Say of every process that ended how it ended."""
        for pid, status in ended_children():
            if self.spare and self.spare.pid == pid:
                os.close(self.spare.orders)
                self.spare = None
            if flow_run_id := self.running.pop(pid, None):
                self.say({"ended": flow_run_id, "status": os.waitstatus_to_exitcode(status)})

    def say(self, message: dict[str, object]) -> None:
        # A worker that is gone is noticed where its orders are read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.worker.sendall(json.dumps(message).encode() + b"\n")

    def fork_spare(self) -> Spare:
        """A process that waits for an order, and becomes its run."""
        orders, pipe = os.pipe()
        runner = os.getpid()
        pid = os.fork()
        if pid:
            os.close(orders)
            return Spare(pid, pipe)
        os.close(pipe)
        signal.set_wakeup_fd(-1)
        self.worker.close()
        os._exit(become_run(orders, runner))

    def farewell(self) -> None:
        """Ask every run to end, wait, and kill what is left."""
        if self.spare:
            os.close(self.spare.orders)
        end = time.monotonic() + FAREWELL_SECONDS
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, number)
            while self.running and time.monotonic() < end:
                self.bury()
                time.sleep(POLL_SECONDS)


def child_signals() -> int:
    """A descriptor that becomes readable when a child ended."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return woken


def ended_children() -> Iterator[tuple[int, int]]:
    """Process id and wait status of every child that ended since the last look."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            yield pid, status


def preload(names: Sequence[str]) -> None:
    """Load what a run needs. Raises EngineError when something in it starts a thread, which a fork would lose."""
    for name in ENGINE_MODULES:
        importlib.import_module(name)
    for name in names:
        load_whole(name)
    if threading.active_count() > 1:
        others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        raise EngineError(f"importing {', '.join(names)} started threads ({others}): start them inside a task")
    gc.collect()
    # The collector leaves frozen objects alone, so their pages stay shared with every fork.
    gc.freeze()


def load_whole(name: str) -> None:
    """Import a module and all that is in it. What cannot be imported fails in its own run, not in every other."""
    try:
        module = importlib.import_module(name)
    except Exception:
        LOG.exception("%s cannot be imported: its runs will fail with this", name)
        return
    for found in pkgutil.iter_modules(getattr(module, "__path__", []), f"{name}."):
        load_whole(found.name)


def main() -> None:
    """Serve the worker at the other end of the inherited socket: `warm_runner DESCRIPTOR PACKAGE...`."""
    # The worker decides when runs end; a signal to the whole group must not decide for it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    preload(sys.argv[2:])
    with socket.socket(fileno=int(sys.argv[1])) as worker:
        runner = WarmRunner(worker)
        runner.serve()
        runner.farewell()


if __name__ == "__main__":
    main()
