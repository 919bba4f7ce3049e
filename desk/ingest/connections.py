"""How many senders may be connected at once: as many as there are files for, with some spare for what we keep."""

import asyncio
import logging
import resource
from typing import ClassVar

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from desk.ingest.answers import not_now
from desk.ingest.errors import NotNow

MOST_FILES = 16_384
"""Asked for where the machine allows it; a connection that rests takes some 20 KB."""
SPARE_FILES = 128
"""For the database, the spool and the journal, and for connections that are just being refused."""
REFUSE_SECONDS = 2.0
"""How long a connection too many may take to ask, so that it can be told why it is refused."""
SAY_EVERY_SECONDS = 60.0
log = logging.getLogger("watchbill.desk")


def raise_limit() -> None:
    """Let this process have more open files than the usual 1,024, as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def most_connections() -> int:
    """How many connections may be open at once."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MOST_FILES if soft == resource.RLIM_INFINITY else min(MOST_FILES, soft)
    return max(1, files - SPARE_FILES)


class Door(H11Protocol):
    """A connection. One too many is told so with 503, and closed; those that are open go on."""

    silent_until: ClassVar[float] = 0.0
    """By the loop's clock: until then the log need not hear again that some are refused."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        super().connection_made(transport)
        most = most_connections()
        if len(self.connections) <= most:
            return
        if self.loop.time() >= Door.silent_until:
            Door.silent_until = self.loop.time() + SAY_EVERY_SECONDS
            log.warning("%d connections are open: more are refused until some are closed", most)
        self.app = _refuse
        if len(self.connections) > most + SPARE_FILES // 2:
            transport.abort()
        else:
            self.loop.call_later(REFUSE_SECONDS, transport.close)


async def _refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
    answer = not_now(NotNow(503, "too many connections are open", 5))
    headers = [(b"content-type", answer.media_type), (b"connection", b"close"), *answer.more]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
