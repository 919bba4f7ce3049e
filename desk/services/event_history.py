"""A file of events as they came: JSON lines, packed with gzip or not.

A line is one event in our own form, or an array of them, as `POST /events` takes it; or the events of one request as
the inbox keeps them. Beside the members of our form, a line may say `received_at`, `received_from` (the source that let
it in) and `format`.
"""

import gzip
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any

import orjson

from desk.ingest.errors import BadInput
from desk.ingest.formats import own
from desk.ingest.members import instant, record, text
from desk.ingest.reading import LIMITS, parse_json
from desk.services.errors import Misuse
from models.rules.event_replay import Arrival
from models.rules.incoming import Incoming
from models.rules.incoming_bytes import from_bytes
from models.vocabulary import EventStatus

Stream = gzip.GzipFile | BufferedReader
_GZIP = b"\x1f\x8b"
_MOST_BYTES = 16 * LIMITS.size_bytes
"""The longest line: a request as it is kept may be longer than it was sent."""


def read_arrivals(file: Path) -> list[Arrival]:
    """The events of a file with the time of each. Raises Misuse, with the line, for what is none."""
    found: list[Arrival] = []
    try:
        with _opened(file) as stream:
            for number, line in enumerate(_lines(stream), start=1):
                try:
                    found += _arrivals(line, found[-1].at if found else None)
                except (BadInput, ValueError) as error:
                    raise Misuse(f"{file}:{number}: {error}") from None
    except (OSError, EOFError, ValueError) as error:
        raise Misuse(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return found


def _opened(file: Path) -> Stream:
    with file.open("rb") as stream:
        is_packed = stream.read(len(_GZIP)) == _GZIP
    return gzip.open(file, "rb") if is_packed else file.open("rb")


def _lines(stream: Stream) -> Iterator[bytes]:
    while line := stream.readline(_MOST_BYTES + 1):
        if len(line) > _MOST_BYTES:
            raise ValueError(f"a line has more than {_MOST_BYTES:,} bytes")
        yield line.strip()


def _arrivals(line: bytes, before: datetime | None) -> Iterator[Arrival]:
    if not line:
        return
    document = parse_json(line)
    if isinstance(document, list) and document and isinstance(document[0], list):
        for event in from_bytes(line, ""):
            before = _time_of(event, before)
            yield Arrival(before, event.source, event)
        return
    for value in document if isinstance(document, list) else [document]:
        arrival = _arrival(record(value), before)
        before = arrival.at
        yield arrival


def _arrival(said: dict[str, Any], before: datetime | None) -> Arrival:
    at, source, form = instant(said, "received_at"), text(said, "received_from"), text(said, "format")
    rest = {name: value for name, value in said.items() if name not in ("received_at", "received_from", "format")}
    (event,) = own.parse(orjson.dumps(rest), {})
    event = event._replace(format=form) if form else event
    return Arrival(at or _time_of(event, before), source or event.source, event)


def _time_of(event: Incoming, before: datetime | None) -> datetime:
    """When an event came that does not say so: at the time it speaks of, else right after the one before it."""
    at = (event.ended_at if event.status is EventStatus.RESOLVED else event.started_at) or before
    if at is None:
        raise ValueError("says no time: give received_at, as 2026-11-21T20:43:35Z")
    return at
