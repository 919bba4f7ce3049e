"""The worker's end of the warm runner: starts it, hands it orders, and knows when runs start and end."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from deployments.engine.warm_run import Order
from models.errors import EngineError

START_SECONDS = 60.0
LOST = 255
"""The exit status of a run whose end nobody saw, because the runner itself ended."""


def future() -> "asyncio.Future[int]":
    """An answer that is still to come."""
    return asyncio.get_running_loop().create_future()


@dataclass
class Fork:
    """One run's process: its id when it started, its exit status when it ended (negative: the signal)."""

    pid: "asyncio.Future[int]" = field(default_factory=future)
    status: "asyncio.Future[int]" = field(default_factory=future)

    def signal(self, number: int) -> None:
        """Send a signal to the run and everything that it started."""
        if self.pid.done() and not self.status.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid.result(), number)

    async def end(self, grace_seconds: float) -> None:
        """Ask the run to end; kill it when it has not in time."""
        await self.pid
        self.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.status), grace_seconds)
        self.signal(signal.SIGKILL)
        await self.status


class WarmLink:
    """A running warm runner."""

    def __init__(self) -> None:
        self.forks: dict[str, Fork] = {}
        self.ended = asyncio.Event()
        """Set when the runner ended by itself."""
        self.stopping = False

    async def start(self, preload: Sequence[str]) -> None:
        """Start the runner and wait until it has loaded everything. Raises EngineError when it does not."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "deployments.engine.warm_runner", str(theirs.fileno()), *preload]
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        self.reader, self.writer = await asyncio.open_connection(sock=ours)
        try:
            said = await asyncio.wait_for(self.reader.readline(), START_SECONDS)
        except TimeoutError:
            said = b""
        if not said:
            await self.stop()
            raise EngineError(f"the warm runner could not load {', '.join(preload)}: the worker's log says why")
        self.listening = asyncio.create_task(self.listen())

    async def order(self, order: Order) -> Fork:
        """Have a run made; returns once its process exists."""
        fork = self.forks[order.flow_run_id] = Fork()
        self.writer.write(order.line())
        await fork.pid
        return fork

    async def listen(self) -> None:
        """Note what the runner says, until it ends."""
        while line := await self.reader.readline():
            said = json.loads(line)
            if "started" in said:
                self.forks[said["started"]].pid.set_result(said["pid"])
            if "ended" in said:
                self.forks.pop(said["ended"]).status.set_result(said["status"])
        for fork in self.forks.values():
            if not fork.pid.done():
                fork.pid.set_exception(EngineError("the warm runner ended before it could start the run"))
            fork.status.set_result(LOST)
        if not self.stopping:
            self.ended.set()

    async def stop(self) -> None:
        """Let the runner end its runs and itself."""
        self.stopping = True
        self.writer.close()
        await asyncio.to_thread(self.process.wait)
