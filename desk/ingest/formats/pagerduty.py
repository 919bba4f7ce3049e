"""PagerDuty's Events API, version 2 (`/v2/enqueue`): trigger, acknowledge and resolve, one event a request.

The routing key is a secret, by which a sender proves that it may speak: it is given beside the event and is nowhere
in it. Within one routing key the dedup key names a condition; an acknowledgement and a resolution may bring nothing
else, so the source of the event is the routing key's digest, and the payload's source is a label.

Clients expect 202 with `accepted`, take 400 with `refused` as final, and repeat after 429 and 5xx.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from desk.ingest.errors import BadInput, shown
from desk.ingest.members import instant, kept, needed, part, record, text, word
from desk.ingest.reading import LIMITS, Limits, read_json
from models.rules.incoming import Incoming, Link
from models.vocabulary import EventStatus, Severity

_ACTIONS = {
    "trigger": EventStatus.FIRING,
    "acknowledge": EventStatus.ACKNOWLEDGED,
    "resolve": EventStatus.RESOLVED,
}
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "error": Severity.HIGH,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
}
_LABELS = ("source", "component", "group", "class")
_LONGEST_KEY = 255
_PLACES = {"name": "/payload/summary"}


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What one request asks for."""

    routing_key: str = field(repr=False)
    dedup_key: str
    """The sender's; for a trigger without one, made of what it is about, and told to the sender."""
    event: Incoming


def parse(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> list[Incoming]:
    """The event of a request. Raises BadInput."""
    return [enqueued(body, headers, limits).event]


def enqueued(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> Enqueued:
    """The event of a request, with the keys that it came with. Raises BadInput."""
    found = record(read_json(body, headers, limits))
    routing_key = needed(found, "routing_key")
    status = word(needed(found, "event_action"), _ACTIONS, "/event_action")
    payload = part(found, "payload")
    try:
        if status is EventStatus.FIRING:
            for name in ("summary", "source", "severity"):
                needed(payload, name)
        summary, labels = text(payload, "summary"), _labels(payload)
        severity, started_at = _severity(payload, status), instant(payload, "timestamp")
        details = payload.get("custom_details")
    except BadInput as error:
        raise error.under("/payload") from None
    dedup_key = _dedup_key(found, status, (summary, *labels.values()))
    event = Incoming(
        format="pagerduty",
        name=summary or dedup_key,
        status=status,
        severity=severity,
        source=f"pagerduty/{hashlib.sha256(routing_key.encode()).hexdigest()[:8]}",
        key=dedup_key,
        text=summary,
        labels=labels,
        facts=_facts(found, details),
        links=_links(found),
        started_at=started_at if status is EventStatus.FIRING else None,
        ended_at=started_at if status is EventStatus.RESOLVED else None,
    )
    return Enqueued(routing_key, dedup_key, kept(event, _PLACES))


def accepted(dedup_key: str) -> dict[str, str]:
    """What a client expects with 202: the key by which it acknowledges and resolves."""
    return {"status": "success", "message": "Event processed", "dedup_key": dedup_key}


def refused(error: BadInput) -> dict[str, object]:
    """What a client expects with 400."""
    return {"status": "invalid event", "message": "Event object is invalid", "errors": [str(error)]}


def _severity(payload: Mapping[str, Any], status: EventStatus) -> Severity:
    if said := text(payload, "severity"):
        return word(said, _SEVERITIES, "/severity")
    return Severity.INFO if status is EventStatus.RESOLVED else Severity.WARNING


def _labels(payload: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name in _LABELS if (value := text(payload, name))}


def _dedup_key(found: Mapping[str, Any], status: EventStatus, about: tuple[str, ...]) -> str:
    key = text(found, "dedup_key")
    if not key and status is not EventStatus.FIRING:
        raise BadInput(422, "/dedup_key", "is missing", f"send the key of the event that you {found['event_action']}")
    if len(key) > _LONGEST_KEY:
        raise BadInput(422, "/dedup_key", f"is {shown(key)}", f"send at most {_LONGEST_KEY} characters")
    return key or hashlib.sha256("\0".join(about).encode()).hexdigest()[:32]


def _facts(found: Mapping[str, Any], details: object) -> dict[str, object]:
    client = text(found, "client")
    facts: dict[str, object] = {"client": client} if client else {}
    return facts if details in (None, "", {}, []) else {**facts, "custom_details": details}


def _links(found: Mapping[str, Any]) -> tuple[Link, ...]:
    """The addresses that are texts; what else stands among links and images is not worth a refusal."""
    listed = [link for name in ("links", "images") for link in _listed(found.get(name))]
    pairs = [(link.get("text") or link.get("alt"), link.get("href") or link.get("src")) for link in listed]
    pairs.append((text(found, "client"), text(found, "client_url")))
    return tuple(Link(str(said or url), url) for said, url in pairs if isinstance(url, str) and url)


def _listed(value: object) -> list[dict[str, Any]]:
    return [link for link in value if isinstance(link, dict)] if isinstance(value, list) else []
