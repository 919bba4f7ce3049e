"""Our own form: one event as a JSON object, or an array of them.

    {"name": "DiskFull", "source": "db1", "key": "db1:/var", "status": "firing", "severity": "critical",
     "text": "/var has 1 % left", "labels": {"host": "db1"}, "facts": {"free_percent": 1},
     "links": [{"text": "graph", "url": "https://graphs.example.org/db1"}],
     "started_at": "2026-11-21T20:43:35Z", "ended_at": null}

Only the name is needed. An event without a status is `firing` when it has a severity above `info`, and
`informational` when it has none: it says that something happened, which a job may wait for. A member that is not known
is refused, for it may be a known one misspelt.
"""

from collections.abc import Mapping
from typing import Any

from desk.ingest.errors import BadInput, pointer, shown
from desk.ingest.members import each, instant, kept, needed, part, record, text, texts, word
from desk.ingest.reading import LIMITS, Limits, read_json
from desk.ingest.severities import OWN
from models.rules.incoming import Incoming, Link, leads_somewhere
from models.vocabulary import EventStatus, Severity

_STATUSES = {status.value: status for status in EventStatus}
_MEMBERS = frozenset(
    ("name", "source", "key", "status", "severity", "text", "labels", "facts", "links", "started_at", "ended_at")
)
_ENDED = frozenset((EventStatus.RESOLVED, EventStatus.INFORMATIONAL))
_PLACES = {"name": "/name", "labels": "/labels"}


def parse(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> list[Incoming]:
    """The event, or the events of the array in their order. Raises BadInput."""
    document = read_json(body, headers, limits)
    if type(document) is list:
        return each(document, "", limits.events, _event)
    return [_event(document)]


def _event(value: object) -> Incoming:
    found = record(value)
    if not found.keys() <= _MEMBERS:
        name = next(name for name in found if name not in _MEMBERS)
        raise BadInput(
            422, pointer(name), "is no member of an event", f"send {', '.join(sorted(_MEMBERS))}; the rest as facts"
        )
    severity = word(said, OWN, "/severity") if (said := text(found, "severity")) else None
    status = _status(found, severity)
    ended_at = instant(found, "ended_at")
    if ended_at is not None and status not in _ENDED:
        raise BadInput(422, "/ended_at", f"is there, and the event is {status}", "send it when it is resolved")
    event = Incoming(
        format="watchbill",
        name=needed(found, "name"),
        status=status,
        severity=severity or (Severity.WARNING if status not in _ENDED else Severity.INFO),
        source=text(found, "source"),
        key=text(found, "key"),
        text=text(found, "text"),
        labels=texts(found, "labels"),
        facts=part(found, "facts"),
        links=_links(found.get("links")),
        started_at=instant(found, "started_at"),
        ended_at=ended_at,
    )
    return kept(event, _PLACES)


def _status(found: Mapping[str, Any], severity: Severity | None) -> EventStatus:
    if said := text(found, "status"):
        return word(said, _STATUSES, "/status")
    return EventStatus.INFORMATIONAL if severity in (None, Severity.INFO) else EventStatus.FIRING


def _links(value: object) -> tuple[Link, ...]:
    if value is None:
        return ()
    if type(value) is not list:
        raise BadInput(422, "/links", f"is {shown(value)}", "send an array of objects with a text and a url")
    links = []
    for number, link in enumerate(value):
        try:
            links.append(_link(record(link)))
        except BadInput as error:
            raise error.under(pointer("links", number)) from None
    return tuple(links)


def _link(found: Mapping[str, Any]) -> Link:
    url = needed(found, "url")
    if not leads_somewhere(url):
        raise BadInput(422, "/url", f"is {shown(url)}", "send an address that begins with http:// or https://")
    return Link(text(found, "text") or url, url)
