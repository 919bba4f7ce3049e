"""An ingest service in this process, with a few sources, and what waits in its inbox."""

import asyncio
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from desk.ingest.app import make_app
from desk.ingest.limits import Bounds
from desk.ingest.spool import is_all_carried
from models.database import Database
from models.queries import inbox
from models.records import InboxRow, InboxSource
from models.rules.event_sources import EventSource, Signature
from models.rules.incoming import Incoming
from models.secrets import SecretMissing
from models.vocabulary import EventFormat

SECRETS = {
    "secret://probe": "probe-token",
    "secret://nagios": "nagios-token",
    "secret://signer": "signing-key",
    "secret://empty": " ",
}
SOURCES = (
    EventSource("probe", token="secret://probe"),
    EventSource("nagios-1", (EventFormat.NAGIOS,), token="secret://nagios"),
    EventSource("signer", signature=Signature("secret://signer", window=timedelta(minutes=5))),
    EventSource("gone", token="secret://gone"),
    EventSource("empty", token="secret://empty"),
    EventSource("twin", token="secret://probe"),
)
PROBE = {"Authorization": "Bearer probe-token"}


def resolve(reference: str) -> str:
    """The value of a secret."""
    if reference not in SECRETS:
        raise SecretMissing(f"{reference}: no such file")
    return SECRETS[reference]


@dataclass(frozen=True)
class Client:
    """Sends requests to an application whose loop runs in another thread; many may be sent at once."""

    app: FastAPI
    loop: asyncio.AbstractEventLoop

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send one."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
                return await client.request(method, path, **given)

        return asyncio.run_coroutine_threadsafe(send(), self.loop).result(30)

    def get(self, path: str) -> httpx.Response:
        """Ask."""
        return self.request("GET", path)

    def post(self, path: str, **given: Any) -> httpx.Response:
        """Send."""
        return self.request("POST", path, **given)


@dataclass(frozen=True)
class Served:
    """A running service."""

    client: Client
    database: Database

    def send(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Send as the source `probe`; a body that is no bytes as JSON."""
        headers = {**PROBE, **more.pop("headers", {})}
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.request(more.pop("method", "POST"), path, headers=headers, **given, **more)

    def rows(self) -> list[InboxRow]:
        """What waits, oldest first, when all that was acknowledged is in the inbox."""
        while not is_all_carried(self.database):
            time.sleep(0.002)
        with self.database.read() as session:
            found = list(session.scalars(select(InboxRow).order_by(InboxRow.id)))
            session.expunge_all()
            return found

    def events(self) -> list[Incoming]:
        """All events that wait."""
        return [event for row in self.rows() for event in row.events()]

    def count(self, source: str) -> InboxSource:
        """What came from a source, as soon as something refused was counted."""
        while True:
            with self.database.read() as session:
                found = inbox.sources(session).get(source)
                session.expunge_all()
            if found is not None and found.refused:
                return found
            time.sleep(0.002)


@contextmanager
def serving(
    database: Database,
    bounds: Bounds | None = None,
    sources: Sequence[EventSource] | Callable[[], Sequence[EventSource]] = SOURCES,
) -> Iterator[Served]:
    """A service as long as the block lasts; `sources` is asked each time when it can be called."""
    read = sources if callable(sources) else lambda: sources
    app, loop = make_app(database, read, resolve, bounds), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    quick = patch("desk.ingest.bookkeeper.PAUSE_SECONDS", 0.005)
    quick.start()
    lifespan = app.router.lifespan_context(app)
    asyncio.run_coroutine_threadsafe(lifespan.__aenter__(), loop).result(30)
    try:
        yield Served(Client(app, loop), database)
    finally:
        asyncio.run_coroutine_threadsafe(lifespan.__aexit__(None, None, None), loop).result(30)
        quick.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def signed(body: bytes, at: int, secret: str = "signing-key") -> dict[str, str]:
    """The headers of the source `signer` for a body."""
    digest = hmac.new(secret.encode(), f"{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Watchbill-Timestamp": str(at), "X-Watchbill-Signature": f"sha256={digest}"}
