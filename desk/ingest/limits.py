"""How much is taken at once, and how a request's body is read within that: none makes the service slow or large."""

import asyncio
import contextlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import Receive

from desk.ingest.errors import BadInput, NotNow, shown
from desk.ingest.reading import LIMITS, Limits, header

_GZIP = 31
"""The window that tells zlib to expect gzip (RFC 1952) and nothing else."""
_IN_PARTS = "send it in several parts"
_MOST_DRAINED_BYTES = 32 * 1_048_576
_PACKED = frozenset(("gzip", "x-gzip"))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the service holds of senders at any time."""

    requests: int = 2_000
    size_bytes: int = 64 * 1_048_576
    """Of all bodies that are read, understood or written just now."""
    body_seconds: float = 10.0
    """How long a sender may take to send a body."""
    answer_seconds: float = 5.0
    """How long a sender waits for the database before it is asked to come again."""
    limits: Limits = LIMITS
    """Of one request."""


@dataclass(slots=True)
class Gate:
    """Lets requests in as long as there is room for them."""

    bounds: Bounds
    requests: int = field(default=0, init=False)
    size_bytes: int = field(default=0, init=False)

    @contextmanager
    def room_for(self, size_bytes: int) -> Iterator[None]:
        """Room for one request, as long as the block lasts. Raises NotNow (429) when there is none."""
        if self.requests >= self.bounds.requests or self.size_bytes + size_bytes > self.bounds.size_bytes:
            raise NotNow(429, f"{self.requests} requests wait to be written", 1)
        self.requests += 1
        self.size_bytes += size_bytes
        try:
            yield
        finally:
            self.requests -= 1
            self.size_bytes -= size_bytes


def expected_bytes(headers: Mapping[str, str], limits: Limits) -> int:
    """How much room a body will take. Raises BadInput (413) when its length is said and is too much."""
    said = headers.get("content-length", "")
    if said.isascii() and said.isdigit():
        # So many digits are too large without being counted.
        if len(said) > 15 or int(said) > limits.size_bytes:
            raise BadInput(413, "", f"has {shown(said[:20])} bytes, at most {limits.size_bytes:,} are read", _IN_PARTS)
        size = int(said)
    else:
        size = limits.size_bytes if "transfer-encoding" in headers else 0
    return limits.size_bytes if is_packed(headers) else size


def is_packed(headers: Mapping[str, str]) -> bool:
    """Whether the body is said to be packed with gzip."""
    return header(headers, "content-encoding").lower() in _PACKED


@dataclass(slots=True)
class Body:
    """The body of a request, as it comes in."""

    receive: Receive
    bounds: Bounds
    is_over: bool = field(default=False, init=False)

    async def whole(self) -> bytes:
        """All of it. Raises BadInput: 413 for more than may be, 408 for one that does not come."""
        most, parts, size = self.bounds.limits.size_bytes, list[bytes](), 0
        try:
            async with asyncio.timeout(self.bounds.body_seconds):
                while not self.is_over:
                    parts.append(await self._part())
                    size += len(parts[-1])
                    if size > most:
                        raise BadInput(413, "", f"has more than {most:,} bytes", _IN_PARTS)
        except TimeoutError:
            mend = f"send all of it within {self.bounds.body_seconds:.0f} s"
            raise BadInput(408, "", "did not come whole", mend) from None
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def drain(self) -> None:
        """Let the sender finish, within bounds: one that is cut off while it sends may never look for the answer."""
        size = 0
        with contextlib.suppress(TimeoutError, BadInput):
            async with asyncio.timeout(self.bounds.body_seconds):
                while not self.is_over and size < _MOST_DRAINED_BYTES:
                    size += len(await self._part())

    async def _part(self) -> bytes:
        message = await self.receive()
        self.is_over = not message.get("more_body", False)
        if message["type"] != "http.request":
            raise BadInput(408, "", "did not come whole", "send all of it")
        part: bytes = message.get("body", b"")
        return part


def unpacked(body: bytes, limits: Limits) -> bytes:
    """What a gzip body holds; no more of it is unpacked than may be. Raises BadInput: 400 for no gzip, 413 for more."""
    parts, room = [], limits.size_bytes
    while body:
        unpacker = zlib.decompressobj(_GZIP)
        try:
            part = unpacker.decompress(body, room + 1)
        except zlib.error:
            raise BadInput(400, "", "is no gzip", "send what Content-Encoding says, or leave that header out") from None
        room -= len(part)
        if room < 0:
            raise BadInput(413, "", f"unpacks to more than {limits.size_bytes:,} bytes", _IN_PARTS)
        if not unpacker.eof:
            raise BadInput(400, "", "ends within its gzip", "send all of it")
        parts.append(part)
        body = unpacker.unused_data  # a gzip file may have several members
    return b"".join(parts)
