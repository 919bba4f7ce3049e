"""How many senders may be connected: as many as there are files for; one too many is told so, and the others go on."""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import uvicorn

from deployments.engine.prefect_server import free_port
from desk.ingest import connections
from desk.ingest.connections import Door, most_connections, raise_limit

REQUEST = b"GET /health HTTP/1.1\r\nHost: desk\r\n\r\n"


@pytest.fixture
def files() -> Iterator[Callable[[int], None]]:
    """Sets how many files this process may open, until the test is over."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda soft: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_process_takes_as_many_files_as_it_may(files: Callable[[int], None]) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = connections.MOST_FILES if hard == resource.RLIM_INFINITY else min(connections.MOST_FILES, hard)
    files(most // 2)
    assert most_connections() == most // 2 - connections.SPARE_FILES
    raise_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, hard)
    raise_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, hard), "it is never lowered"


async def answered(scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


class Sender:
    """One connection that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self) -> bytes:
        """Send a request; what comes back first."""
        self.writer.write(REQUEST)
        return await self.reader.read(4_096)

    async def rest(self) -> bytes:
        """What comes until the other side closes."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""
        finally:
            self.writer.close()


def test_a_connection_too_many_is_refused_with_503_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "most_connections", lambda: 2)
    monkeypatch.setattr(connections, "SPARE_FILES", 4)
    monkeypatch.setattr(connections, "REFUSE_SECONDS", 0.01)
    monkeypatch.setattr(Door, "silent_until", 0.0)
    with caplog.at_level(logging.WARNING):
        asyncio.run(_crowd())
    assert [record.getMessage() for record in caplog.records] == [
        "2 connections are open: more are refused until some are closed"
    ], "said once, and without a trace"


async def _crowd() -> None:
    port = free_port()
    config = uvicorn.Config(answered, http=Door, port=port, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)

    async def connect() -> Sender:
        return Sender(*await asyncio.open_connection("127.0.0.1", port))

    first, second = await connect(), await connect()
    assert [(await one.ask())[:12] for one in (first, second)] == [b"HTTP/1.1 200"] * 2
    third = await connect()
    refused = await third.ask()
    assert refused.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 5" in refused
    assert b"too many connections are open: send it again in 5 s" in refused
    assert await third.rest() == b"", "closed"
    silent = [await connect() for _ in range(4)]
    assert [await one.rest() for one in silent] == [b""] * 4, "nobody waits there for ever"
    assert (await first.ask())[:12] == b"HTTP/1.1 200"
    second.writer.close()
    while len(server.server_state.connections) > 1:
        await asyncio.sleep(0)
    again = await connect()
    assert (await again.ask())[:12] == b"HTTP/1.1 200"
    for one in (first, again):
        one.writer.close()
    server.should_exit = True
    await serving
