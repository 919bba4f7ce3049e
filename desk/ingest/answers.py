"""What senders hear: each in the form that it expects; whoever has none of its own hears problem details (RFC 9457)."""

from dataclasses import dataclass
from http import HTTPStatus

import orjson

from desk.ingest.errors import BadInput, NotNow

JSON, PROBLEM, TEXT = b"application/json", b"application/problem+json", b"text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: bytes
    media_type: bytes = JSON
    more: tuple[tuple[bytes, bytes], ...] = ()
    """Headers besides those of the body."""


def as_json(status: int, document: object) -> Answer:
    """A JSON document."""
    return Answer(status, orjson.dumps(document))


def problem(status: int, detail: str, place: str = "", more: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    """Problem details; `place` says where in the request."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Answer(status, orjson.dumps({**document, **({"pointer": place} if place else {})}), PROBLEM, more)


def refusal(error: BadInput) -> Answer:
    """What is wrong with a request."""
    more = ((b"www-authenticate", b"Bearer"),) if error.status == HTTPStatus.UNAUTHORIZED else ()
    return problem(error.status, str(error), error.place, more)


def not_now(error: NotNow) -> Answer:
    """When to send it again."""
    return problem(error.status, str(error), more=((b"retry-after", str(error.retry_after_seconds).encode()),))
