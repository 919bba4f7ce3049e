"""The lab's hosts inside one process, served by asyncssh: `python -m deployments.lab.asyncssh_hosts PLAN.json`.

It obeys lines on its standard input (`start NAME`, `stop NAME`, `freeze NAME`, `thaw NAME`), answers each with
`ok`, and ends when that input does.
"""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import asyncssh

PIECE_BYTES = 65536


class _Door(asyncssh.SSHServer):
    """Remembers who is in, so that a stopped host can cut them off."""

    def __init__(self, connections: set[Any]) -> None:
        self._connections = connections
        self._own: Any = None

    def connection_made(self, conn: Any) -> None:
        self._own = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncssh names it
        self._connections.discard(self._own)


class _Host:
    """One host inside the serving process."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._plan = plan
        self._listener: Any = None
        self._connections: set[Any] = set()
        self._frozen: asyncio.Server | None = None

    async def start(self) -> None:
        await self.stop()
        self._listener = await asyncssh.listen(
            self._plan["address"],
            self._plan["port"],
            server_host_keys=[self._plan["host_key"]],
            authorized_client_keys=self._plan["authorized_keys"],
            server_factory=lambda: _Door(self._connections),
            process_factory=self._execute,
            encoding=None,
            reuse_address=True,
        )

    thaw = start

    async def stop(self) -> None:
        if self._listener:
            self._listener.close()
            for connection in list(self._connections):
                connection.abort()
            await self._listener.wait_closed()
        if self._frozen:
            self._frozen.close()
        self._listener = self._frozen = None

    async def freeze(self) -> None:
        await self.stop()
        self._frozen = await asyncio.start_server(
            self._say_nothing, self._plan["address"], self._plan["port"], reuse_address=True
        )

    async def _say_nothing(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        writer.close()

    async def _execute(self, process: Any) -> None:
        child = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            process.command or "",
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=self._plan["environment"]["HOME"],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", **self._plan["environment"]},
            start_new_session=True,
        )
        if not (child.stdin and child.stdout and child.stderr):
            raise RuntimeError("the command has no pipes")
        feeding = asyncio.create_task(_pump(process.stdin.read, child.stdin, close=True))
        await asyncio.gather(
            _pump(child.stdout.read, process.stdout, close=False),
            _pump(child.stderr.read, process.stderr, close=False),
        )
        feeding.cancel()
        process.exit(await child.wait())


async def _pump(read: Callable[[int], Awaitable[bytes]], writer: Any, *, close: bool) -> None:
    """Carry bytes until there are none, or nobody takes them: a line that died ends no command."""
    with contextlib.suppress(OSError, asyncssh.Error):
        while piece := await read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    if close:
        writer.close()


async def _serve(plan: Mapping[str, Mapping[str, Any]]) -> None:
    hosts = {name: _Host(part) for name, part in plan.items()}
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order, name = line.split()
        await getattr(hosts[name], order)()
        sys.stdout.write("ok\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text())))
