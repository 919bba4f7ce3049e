"""CloudEvents 1.0 over HTTP in its three modes: structured (one JSON object), binary (attributes are headers), batch.

The specification knows neither severity nor status. Senders say them as extensions, in words of their own: a known
word counts, any other `severity` is a warning, and any other `status` is an extension like the rest. Without a
status an event with a severity above info is a condition that fires, and one without says that something happened.

Extensions are labels, but for those that differ with each event, which would make each a condition of its own.
The id is kept as a fact: the same source and id are the same event, sent again.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from desk.ingest.errors import BadInput, pointer, shown
from desk.ingest.members import each, instant, kept, needed, record, text
from desk.ingest.reading import LIMITS, Limits, check_body, check_text, media_type, parse_json, read_json
from desk.ingest.severities import severity_of
from models.rules.incoming import Incoming
from models.vocabulary import EventStatus, Severity

_CONTEXT = frozenset(
    ("specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "data", "data_base64")
)
_PER_EVENT = frozenset(
    ("traceparent", "tracestate", "sequence", "sequencetype", "sampledrate", "recordedtime", "expirytime", "dataref")
)
_STATUSES = {status.value: status for status in EventStatus}
_PREFIX = "ce-"
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_PLACES = {"name": "/type"}


def parse(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> list[Incoming]:
    """The event of a request, or those of a batch in their order. Raises BadInput.

    The media type tells the mode; when it is none of CloudEvents', headers that begin with `ce-` do.
    """
    check_body(body, headers, limits)
    kind = media_type(headers)
    if kind.startswith("application/cloudevents") and not kind.endswith("+json"):
        raise BadInput(415, "header Content-Type", f"is {shown(kind)}", "send CloudEvents as JSON")
    attributes = {name.lower().removeprefix(_PREFIX): value for name, value in headers.items() if _is_ours(name)}
    if attributes and not kind.startswith("application/cloudevents"):
        return [_binary(body, kind, attributes, limits)]
    document = read_json(body, headers, limits)
    if type(document) is list:
        return each(document, "", limits.events, lambda value: _event(record(value)))
    return [_event(record(document))]


def _is_ours(name: str) -> bool:
    return name.lower().startswith(_PREFIX)


def _binary(body: bytes, kind: str, attributes: Mapping[str, str], limits: Limits) -> Incoming:
    found: dict[str, Any] = {name: _decoded(value, _header(name)) for name, value in attributes.items()}
    if body:
        found |= _data(body, kind, limits)
    try:
        return _event(found)
    except BadInput as error:
        name = error.place.removeprefix("/")
        raise BadInput(error.status, _header(name) if name else "the headers", error.problem, error.mend) from None


def _header(name: str) -> str:
    return f"header {_PREFIX}{name}"


def _decoded(value: str, place: str) -> str:
    """The value of a header, in which what is not plain ASCII is percent-encoded UTF-8. Raises BadInput (400)."""
    try:
        return check_text(unquote(value, errors="strict") if _PERCENT.search(value) else value, place)
    except UnicodeDecodeError:
        raise BadInput(400, place, "is not UTF-8, percent-encoded", "encode its bytes as UTF-8") from None


def _data(body: bytes, kind: str, limits: Limits) -> dict[str, object]:
    """The body as an attribute. A body that nobody says the kind of is JSON, when it can be read as such."""
    if kind == "application/json" or kind.endswith("+json"):
        return {"data": parse_json(body, limits)}
    if kind == "":
        try:
            return {"data": parse_json(body, limits)}
        except BadInput:
            kind = "text/plain"
    if kind.startswith("text/") and b"\0" not in body:
        return {"data": body.decode(errors="replace")}
    return {"data_base64": base64.b64encode(body).decode()}


def _event(found: dict[str, Any]) -> Incoming:
    if (version := needed(found, "specversion")) != "1.0":
        raise BadInput(422, "/specversion", f"is {shown(version)}", "send CloudEvents 1.0")
    extensions = _extensions(found)
    severity = severity_of(extensions["severity"]) if extensions.get("severity") else Severity.INFO
    status = _STATUSES.get(extensions.get("status", "").lower())
    if status is None:
        status = EventStatus.INFORMATIONAL if severity is Severity.INFO else EventStatus.FIRING
    at, data, subject = instant(found, "time"), found.get("data"), text(found, "subject")
    event = Incoming(
        format="cloudevents",
        name=needed(found, "type"),
        status=status,
        severity=severity,
        source=needed(found, "source"),
        text=data if type(data) is str else "",
        labels={"type": found["type"], **({"subject": subject} if subject else {}), **_labels(extensions)},
        facts=_facts(found, extensions),
        started_at=at if status is not EventStatus.RESOLVED else None,
        ended_at=at if status is EventStatus.RESOLVED else None,
    )
    return kept(event, _PLACES)


def _extensions(found: Mapping[str, Any]) -> dict[str, str]:
    """The extensions as the texts that they are in a header, too."""
    extensions = {}
    for name, value in found.items():
        if name in _CONTEXT or value is None:
            continue
        if type(value) in (dict, list, float):
            raise BadInput(422, pointer(name), f"is {shown(value)}", "send a text, a whole number, true or false")
        extensions[name] = value if type(value) is str else str(value).lower()
    return extensions


def _labels(extensions: Mapping[str, str]) -> dict[str, str]:
    """Without what is said of the state: the event that ends a condition has to have the labels of its beginning."""
    known = extensions.get("status", "").lower() in _STATUSES
    said = {"severity", "status"} if known else {"severity"}
    return {name: value for name, value in extensions.items() if name not in _PER_EVENT and name not in said}


def _facts(found: Mapping[str, Any], extensions: Mapping[str, str]) -> dict[str, object]:
    facts: dict[str, object] = {"id": needed(found, "id")}
    facts |= {name: found[name] for name in ("dataschema", "data", "data_base64") if found.get(name) is not None}
    facts |= {name: value for name, value in extensions.items() if name in _PER_EVENT}
    if type(facts.get("data")) is str:
        del facts["data"]  # it is the text
    return facts
