"""One address as a bare ASGI application: prove, read, keep, and only then say yes.

FastAPI's own way to a function would cost more than all the rest of a single event.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.types import Receive, Scope, Send

from desk.ingest.addresses import Address, Read, Request, split_token
from desk.ingest.answers import Answer, not_now, problem
from desk.ingest.bookkeeper import Bookkeeper
from desk.ingest.credentials import Credentials, token_of
from desk.ingest.errors import BadInput, NotNow
from desk.ingest.intake import Intake
from desk.ingest.limits import Body, Gate, expected_bytes, is_packed, unpacked
from models import clock
from models.queries.inbox import Delivery
from models.rules.incoming_bytes import to_bytes

SMALL_BYTES = 65_536
"""What is larger is read in a thread: it takes milliseconds in which nobody else would be answered."""
LONGEST_KEY = 255
NOBODY = ""


@dataclass(slots=True)
class Shared:
    """What all addresses of a service share."""

    intake: Intake
    bookkeeper: Bookkeeper
    credentials: Credentials
    gate: Gate
    readers: Executor


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that is served."""

    address: Address
    shared: Shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in self.address.methods:
            allowed = ", ".join(sorted(self.address.methods))
            answer = problem(405, f"use {allowed} here", more=((b"allow", allowed.encode()),))
        else:
            answer = await self._answer(scope, receive)
        body = b"" if scope["method"] == "HEAD" else answer.body
        length = str(len(answer.body)).encode()
        headers = [(b"content-type", answer.media_type), (b"content-length", length), *answer.more]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        gate, source = self.shared.gate, NOBODY
        coming = Body(receive, gate.bounds)
        try:
            token, path = split_token(scope["path_params"]["rest"]) if self.address.token_in_path else ("", "")
            source = self._source_by_token(headers, token)
            with gate.room_for(expected_bytes(headers, gate.bounds.limits)):
                body = await coming.whole()
                now, key = clock.now(), headers.get("idempotency-key", "")
                if not source and not self.address.token_in_body:
                    signed = self.shared.credentials.by_signature(headers, body, self.address.form, now)
                    source, key = signed.source, key or signed.signature
                read, kept = await self._read(Request(path, headers, body), now)
                if not source:
                    source = self.shared.credentials.by_token(read.token, "/routing_key", self.address.form)
                await self._keep(Delivery(source, self.address.form, len(read.events), kept, now, _digest(key)))
                return self.address.accepted(read)
        except BadInput as error:
            self.shared.bookkeeper.refused(source, str(error))
            await coming.drain()
            return self.address.refused(error)
        except NotNow as error:
            await coming.drain()
            return not_now(error)

    def _source_by_token(self, headers: Mapping[str, str], token: str) -> str:
        """Who has the token; empty when it is yet to be found out, from the body. Raises BadInput (401, 403)."""
        if self.address.token_in_body:
            return NOBODY
        if self.address.token_in_path:
            return self.shared.credentials.by_token(token, "path", self.address.form)
        if token := token_of(headers):
            return self.shared.credentials.by_token(token, "header Authorization", self.address.form)
        if self.shared.credentials.has_signers(headers):
            return NOBODY
        raise BadInput(
            401, "header Authorization", "is missing", "send `Authorization: Bearer TOKEN` with a source's token"
        )

    async def _read(self, request: Request, now: datetime) -> tuple[Read, bytes]:
        if len(request.body) <= SMALL_BYTES and not is_packed(request.headers):
            return self._understand(request, now)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.shared.readers, self._understand, request, now)

    def _understand(self, request: Request, now: datetime) -> tuple[Read, bytes]:
        """The events of a request, and the bytes that are kept of them. Raises BadInput."""
        limits = self.shared.gate.bounds.limits
        if is_packed(request.headers):
            plain = {name: value for name, value in request.headers.items() if name != "content-encoding"}
            request = Request(request.path, plain, unpacked(request.body, limits))
        read = self.address.read(request, now, limits)
        return read, to_bytes(read.events)

    async def _keep(self, delivery: Delivery) -> None:
        """Have it kept; a batch without events is nothing to keep. Raises BadInput (409) and NotNow."""
        if delivery.key:
            delivery = replace(delivery, sent=hashlib.sha256(delivery.body).hexdigest())
        if delivery.count and not await self.shared.intake.put(delivery):
            raise BadInput(
                409, "header Idempotency-Key", "came with another body before", "send a new key with a new body"
            )


def _digest(key: str) -> str:
    if len(key) > LONGEST_KEY:
        raise BadInput(400, "header Idempotency-Key", "is too long", f"send at most {LONGEST_KEY} characters")
    return hashlib.sha256(key.encode()).hexdigest() if key else ""
