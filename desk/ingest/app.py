"""The ingest service: the addresses for events, and /health, as one FastAPI application without Prefect."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Lifespan, Receive, Scope, Send

from desk.ingest.addresses import ADDRESSES
from desk.ingest.answers import Answer, as_json, problem
from desk.ingest.bookkeeper import Bookkeeper
from desk.ingest.credentials import Credentials, Resolve
from desk.ingest.endpoint import Endpoint, Shared
from desk.ingest.intake import Intake
from desk.ingest.limits import Bounds, Gate
from desk.ingest.stores import store_for
from models.database import Database
from models.errors import WatchbillError
from models.rules.event_sources import EventSource

RELOAD_SECONDS = 5.0
READERS = 1
ReadSources = Callable[[], Iterable[EventSource]]
"""The sources of the site as it is now. Raises WatchbillError."""
log = logging.getLogger("watchbill.desk")


def make_app(database: Database, read_sources: ReadSources, resolve: Resolve, bounds: Bounds | None = None) -> FastAPI:
    """The application. It writes from its start-up to its shut-down, and looks for changed sources all the time."""
    bounds = bounds or Bounds()
    store = store_for(database)
    shared = Shared(
        Intake(store, bounds),
        Bookkeeper(store),
        Credentials((), resolve),
        Gate(bounds),
        ThreadPoolExecutor(READERS),
    )
    keeper = _Keeper(shared, read_sources, resolve)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(keeper.look)
        shared.intake.start(asyncio.get_running_loop())
        shared.bookkeeper.start()
        looking = asyncio.create_task(keeper.keep_looking())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.to_thread(shared.intake.close)
            await asyncio.to_thread(shared.bookkeeper.close)
            store.close()
            shared.readers.shutdown()

    endpoints = {one.path: Endpoint(one, shared) for one in ADDRESSES}
    app = IngestApp(endpoints, lifespan)
    app.add_exception_handler(HTTPException, _not_here)

    @app.get("/health")
    def health() -> Response:
        """Whether what comes in now will be kept."""
        why = shared.intake.problem or shared.bookkeeper.problem
        is_well = not shared.intake.problem and shared.bookkeeper.is_well
        document = {"status": "ok" if is_well else "failing", "sources": len(shared.credentials)}
        return _response(as_json(200 if is_well else 503, document | ({"problem": why} if why else {})))

    return app


class IngestApp(FastAPI):
    """An application that hands a request for an address straight to it.

    On FastAPI's own way (middleware, routes one by one) a single event would cost a third more.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint], lifespan: Lifespan[Any]) -> None:
        # No pages that describe it: they would load scripts from elsewhere.
        super().__init__(title="Watchbill", lifespan=lifespan, openapi_url=None)
        self._endpoints = endpoints
        self.router.routes.extend(Route(path, endpoint) for path, endpoint in endpoints.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        await (endpoint or super().__call__)(scope, receive, send)


class _Keeper:
    """Keeps the credentials those of the site and of the secrets' files."""

    def __init__(self, shared: Shared, read_sources: ReadSources, resolve: Resolve) -> None:
        self._shared, self._read_sources, self._resolve = shared, read_sources, resolve
        self._said: dict[str, str] = {}

    def look(self) -> None:
        """Take up the sources as they are now; when they cannot be read, those of before stay."""
        try:
            found = Credentials(self._read_sources(), self._resolve)
        except WatchbillError as error:
            self._say({"": f"the sources of events cannot be read: {error}"})
            return
        self._shared.credentials = found
        self._say(found.problems)

    async def keep_looking(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            await asyncio.to_thread(self.look)

    def _say(self, problems: dict[str, str]) -> None:
        """Say each problem once, and not every five seconds."""
        for source, words in problems.items():
            if self._said.get(source) != words:
                log.warning("%s%s", f"source {source}: " if source else "", words)
        self._said = problems


async def _not_here(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = "there is nothing here: see docs/how-to/send-events.md for the addresses" if status == 404 else str(error)
    return _response(problem(status, words))


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.media_type.decode())
