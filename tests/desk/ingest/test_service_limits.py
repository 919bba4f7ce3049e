"""What strangers may make the service hold: sizes, packing, slowness, depth; each ends as a 4xx that names it."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from desk.ingest.errors import BadInput
from desk.ingest.limits import Body, Bounds, Gate, unpacked
from desk.ingest.reading import LIMITS, Limits
from models.database import Database
from tests.desk.ingest.serving import Served, serving

EVENT = json.dumps({"name": "load-done"}).encode()
MIB = 1_048_576


@pytest.fixture
def served(sqlite: Database) -> Iterator[Served]:
    with serving(sqlite) as service:
        yield service


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b'"' + b"x" * (10 * MIB) + b'"', 413, id="10 MB JSON"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, 400, id="depth 10,000"),
        pytest.param(b"[" * 900_000, 413, id="a mebibyte of brackets"),
        pytest.param(rb'{"name": "a\u0000b"}', 400, id="NUL, escaped"),
        pytest.param(b'{"name": "a\0b"}', 400, id="NUL, bare"),
        pytest.param(rb'{"name": "\ud800"}', 400, id="half a surrogate pair"),
        pytest.param(b'{"name": "\xed\xa0\x80"}', 400, id="half a surrogate pair in UTF-8"),
        pytest.param(b'{"name": NaN}', 400, id="NaN"),
        pytest.param(b'{"name": "a", "facts": {"n": 1e999}}', 400, id="infinity"),
        pytest.param(b'{"name": "a", "facts": {"n": 123456789012345678901234567890}}', 400, id="huge integer"),
        pytest.param(b'{"name": "a", "started_at": "0000-01-01T00:00:00Z"}', 422, id="year 0"),
        pytest.param(b'{"name": "a", "started_at": "9999-12-31T23:59:59Z"}', 422, id="year 9999"),
        pytest.param(b'{"name": "a", "started_at": "2026-11-21T20:43:35 Mars/Phobos"}', 422, id="unknown time zone"),
        pytest.param(b'{"name": "a", "started_at": "2099-11-21T20:43:35Z"}', 422, id="clock ahead"),
        pytest.param(b'{"name": "a", "name": "b"}', 400, id="a member twice"),
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"[" + b",".join([EVENT] * 5_001) + b"]", 413, id="too many events"),
        pytest.param(b'{"name": "=cmd()"}', 202, id="a formula is a name like another"),
    ],
)
def test_poison_is_refused_where_it_is_sent(served: Served, body: bytes, status: int) -> None:
    answer = served.send("/events", body)
    assert answer.status_code == status, answer.text
    if status != 202:
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 1_000
        assert served.rows() == []
    assert served.send("/events", EVENT).status_code == 202


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(gzip.compress(EVENT), id="one member"),
        pytest.param(gzip.compress(EVENT[:5]) + gzip.compress(EVENT[5:]), id="two members"),
    ],
)
def test_a_packed_body_is_unpacked(served: Served, packed: bytes) -> None:
    answer = served.send("/events", packed, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 202, answer.text
    assert [event.name for event in served.events()] == ["load-done"]


@pytest.mark.parametrize(
    ("packed", "encoding", "status"),
    [
        pytest.param(gzip.compress(b" " * (200 * MIB), 1), "gzip", 413, id="a bomb"),
        pytest.param(gzip.compress(gzip.compress(EVENT)), "gzip", 400, id="packed twice"),
        pytest.param(b"\x1f\x8b nonsense", "gzip", 400, id="no gzip"),
        pytest.param(gzip.compress(EVENT)[:-9], "gzip", 400, id="cut"),
        pytest.param(zlib.compress(EVENT), "deflate", 415, id="another packing"),
        pytest.param(EVENT, "br", 415, id="one that we do not know"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(served: Served, packed: bytes, encoding: str, status: int) -> None:
    answer = served.send("/events", packed, headers={"Content-Encoding": encoding})
    assert answer.status_code == status, answer.text
    assert served.rows() == []


def test_no_more_of_a_bomb_is_unpacked_than_may_be() -> None:
    with pytest.raises(BadInput, match="unpacks to more than 1,000 bytes"):
        unpacked(gzip.compress(b" " * 100_000), Limits(size_bytes=1_000))
    assert unpacked(gzip.compress(b" " * 1_000), Limits(size_bytes=1_000)) == b" " * 1_000


def receiving(*messages: dict[str, Any]) -> Any:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    receive.left = left  # type: ignore[attr-defined]
    return receive


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        pytest.param([part(b"a" * 80, more=True), part(b"a" * 80, more=False)], 413, id="more than may be, in parts"),
        pytest.param([part(b"a", more=True), {"type": "http.disconnect"}], 408, id="gone in the middle"),
        pytest.param([part(b"a", more=True)], 408, id="silent in the middle"),
        pytest.param([], 408, id="silent from the beginning"),
    ],
)
def test_a_body_that_does_not_come_is_not_waited_for(messages: list[dict[str, Any]], status: int) -> None:
    bounds = Bounds(body_seconds=0.01, limits=Limits(size_bytes=100))
    with pytest.raises(BadInput) as error:
        asyncio.run(Body(receiving(*messages), bounds).whole())
    assert error.value.status == status


def test_a_body_in_parts_is_put_together() -> None:
    receive = receiving(part(b"ab", more=True), part(b"", more=True), part(b"c", more=False))
    assert asyncio.run(Body(receive, Bounds()).whole()) == b"abc"


@pytest.mark.parametrize(
    ("messages", "left"),
    [
        pytest.param([part(b"a", more=True), part(b"a", more=False), part(b"b", more=True)], 1, id="to its end"),
        pytest.param([part(b"a" * 1_048_576, more=True)] * 50, 18, id="as far as we care"),
        pytest.param([part(b"a", more=True), {"type": "http.disconnect"}], 0, id="gone"),
        pytest.param([part(b"a", more=True)], 0, id="silent"),
    ],
)
def test_who_is_refused_may_finish_what_it_says(messages: list[dict[str, Any]], left: int) -> None:
    receive = receiving(*messages)
    asyncio.run(Body(receive, Bounds(body_seconds=0.05)).drain())
    assert len(receive.left) == left


@pytest.mark.parametrize("length", ["1048577", "99999999999999999999"])
def test_a_body_that_says_it_is_too_large_is_not_read(served: Served, length: str) -> None:
    answer = served.send("/events", EVENT, headers={"Content-Length": length})
    assert answer.status_code == 413


def test_room_is_given_back_when_a_request_is_over(served: Served) -> None:
    gate = Gate(Bounds(requests=1))
    for _ in range(3):
        with gate.room_for(5):
            assert (gate.requests, gate.size_bytes) == (1, 5)
    assert (gate.requests, gate.size_bytes) == (0, 0)


def test_a_large_body_is_read_beside_the_loop(served: Served) -> None:
    events = [{"name": f"e{number}", "text": "x" * 500} for number in range(1_000)]
    body = json.dumps(events).encode()
    assert 65_536 < len(body) < LIMITS.size_bytes
    assert served.send("/events", body).json() == {"accepted": 1_000}
    assert len(served.events()) == 1_000
