"""A closed loop of keep-alive connections in one thread: each sends its next request when its answer is whole."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle

SECONDS_TO_ANSWER = 30.0


@dataclass(frozen=True)
class Load:
    """What a load came to."""

    requests: int
    seconds: float
    latencies: Sequence[float]
    """Seconds, in order of size."""
    refused: int
    """Answers other than 2xx."""

    @property
    def per_second(self) -> float:
        """Requests that were answered with 2xx, a second."""
        return (self.requests - self.refused) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that this share of the requests did not exceed, in milliseconds."""
        return 1000 * self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


@dataclass
class _Connection:
    socket: socket.socket
    since: float = 0.0
    answer: bytes = b""

    def send(self, request: bytes) -> None:
        self.answer, self.since = b"", time.perf_counter()
        self.socket.sendall(request)


@dataclass
class _Tally:
    latencies: list[float] = field(default_factory=list)
    refused: int = 0


def request(path: str, body: bytes, *headers: str) -> bytes:
    """A POST of JSON, ready to be sent."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def load(port: int, requests: Sequence[bytes], *, clients: int, seconds: float) -> Load:
    """Send these requests in turn, from as many connections at once, for so long."""
    todo, tally = cycle(requests), _Tally()
    with ExitStack() as open_ones, selectors.DefaultSelector() as selector:
        for _ in range(clients):
            connection = _Connection(open_ones.enter_context(socket.create_connection(("127.0.0.1", port))))
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next(todo))
        started = time.perf_counter()
        end = started + seconds
        while time.perf_counter() < end:
            for connection in _answered(selector, tally):
                connection.send(next(todo))
        took = time.perf_counter() - started
        _finish(selector, tally, clients)
    latencies = sorted(tally.latencies)
    return Load(len(latencies) - clients, took, latencies, tally.refused)


def _answered(selector: selectors.BaseSelector, tally: _Tally) -> Iterator[_Connection]:
    """The connections whose answer is whole."""
    ready = selector.select(SECONDS_TO_ANSWER)
    if not ready:
        raise SystemExit(f"no answer within {SECONDS_TO_ANSWER:.0f} s")
    for key, _ in ready:
        connection: _Connection = key.data
        part = connection.socket.recv(65_536)
        if not part:
            raise SystemExit(f"the server hung up after {connection.answer[:200]!r}")
        connection.answer += part
        if is_whole(connection.answer):
            tally.latencies.append(time.perf_counter() - connection.since)
            tally.refused += not connection.answer.startswith(b"HTTP/1.1 2")
            yield connection


def _finish(selector: selectors.BaseSelector, tally: _Tally, clients: int) -> None:
    """Wait for the answers that are still owed: what was sent is to be counted where it arrived."""
    owed = clients
    while owed:
        owed -= sum(1 for _ in _answered(selector, tally))


def is_whole(answer: bytes) -> bool:
    """Whether an HTTP answer with a Content-Length has come in full."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= int(lengths[0]) if lengths else True
